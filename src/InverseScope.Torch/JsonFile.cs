using System.Text.Json;

namespace InverseScope.Torch;

/// <summary>JSON of models: files that strangers wrote.</summary>
internal static class JsonFile
{
    // Some editors put it before a file.
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <exception cref="JsonException">It is no JSON, or holds a text that is no Unicode, which the parser lets through until somebody reads it.</exception>
    /// <exception cref="Core.BadInputException">It is a pointer to a file.</exception>
    public static JsonDocument Read(string path)
    {
        GitLfs.Refuse(path);
        return Parse(File.ReadAllBytes(path));
    }

    /// <exception cref="JsonException">As for <see cref="Read"/>.</exception>
    public static JsonDocument Parse(byte[] json)
    {
        var document = JsonDocument.Parse(json.AsSpan().StartsWith(ByteOrderMark) ? json.AsMemory(ByteOrderMark.Length) : json);
        try
        {
            CheckTexts(document.RootElement);
            return document;
        }
        catch (InvalidOperationException e)
        {
            document.Dispose();
            throw new JsonException("It holds a text that is not Unicode.", e);
        }
    }

    private static void CheckTexts(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    _ = property.Name;
                    CheckTexts(property.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    CheckTexts(item);
                break;
            case JsonValueKind.String:
                _ = element.GetString();
                break;
        }
    }
}
