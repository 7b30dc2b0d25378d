using System.Text;
using System.Text.Json;

namespace InverseScope.Agent.Chat;

/// <summary>The JSON value in what a model wrote, which may stand in prose or in a fence.</summary>
internal static class JsonReply
{
    // Each attempt at a value may read to the end.
    private const int MostStarts = 64;

    private const string HalfCharacter = "an escape such as \\ud83d stands alone, which is half of a character; write the character itself, or both halves";

    private const string ThinkStart = "<think>";
    private const string ThinkEnd = "</think>";

    private static readonly JsonReaderOptions Reading = new() { AllowMultipleValues = true };

    private static readonly JsonDocumentOptions Parsing = new() { AllowDuplicateProperties = false };

    /// <returns>The one value that fits the schema, or what is wrong, as advice to the model.</returns>
    public static JsonReading Read(string text, ReplySchema schema)
    {
        var values = Values(WithoutThoughts(text), out var fault);
        if (fault is not null)
            return new JsonReading(null, [fault], true);
        if (values.Count == 0)
            return new JsonReading(null, ["there is no JSON value in the reply"], false);
        var fitting = values.Where(v => schema.Check(v).Count == 0).ToList();
        if (fitting.Count > 0 && fitting.All(v => JsonElement.DeepEquals(v, fitting[0])))
            return new JsonReading(fitting[0], [], true);
        return new JsonReading(
            null,
            fitting.Count > 0 ? [$"there are {fitting.Count} different JSON values in the reply; write one"] : schema.Check(values.MaxBy(v => v.GetRawText().Length)),
            true);
    }

    /// <summary>What is left after the thoughts that some servers put before the answer.</summary>
    public static string WithoutThoughts(string text)
    {
        if (!text.AsSpan().TrimStart().StartsWith(ThinkStart, StringComparison.Ordinal))
            return text;
        var end = text.IndexOf(ThinkEnd, StringComparison.Ordinal);
        return end < 0 ? "" : text[(end + ThinkEnd.Length)..];
    }

    /// <summary>Whether all its texts and keys can be read: JSON allows an escape such as \ud83d alone, which is half of a character.</summary>
    public static bool IsWhole(JsonElement value)
    {
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.Object => value.EnumerateObject().All(p => p.Name.Length >= 0 && IsWhole(p.Value)),
                JsonValueKind.Array => value.EnumerateArray().All(IsWhole),
                JsonValueKind.String => value.GetString() is not null,
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <param name="fault">What a value holds that readers would differ on, or could not read; null: nothing.</param>
    private static List<JsonElement> Values(string text, out string? fault)
    {
        fault = null;
        var values = new List<JsonElement>();
        var starts = 0;
        for (var i = text.AsSpan().IndexOfAny('{', '['); i >= 0 && starts < MostStarts; starts++)
        {
            var next = i + 1;
            var bytes = Encoding.UTF8.GetBytes(text[i..]);
            var reader = new Utf8JsonReader(bytes, Reading);
            try
            {
                reader.Read();
                reader.Skip();
            }
            catch (JsonException)
            {
                // A brace of prose.
            }

            if (reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray && reader.CurrentDepth == 0)
            {
                var value = bytes.AsMemory(0, (int)reader.BytesConsumed);
                next = i + Encoding.UTF8.GetCharCount(value.Span);
                try
                {
                    using var document = JsonDocument.Parse(value, Parsing);
                    if (IsWhole(document.RootElement))
                        values.Add(document.RootElement.Clone());
                    else
                        fault = HalfCharacter;
                }
                catch (JsonException)
                {
                    fault = "a key is twice in one object; write it once";
                }
                catch (InvalidOperationException)
                {
                    // Keys are compared, which takes reading them.
                    fault = HalfCharacter;
                }
            }

            var rest = text.AsSpan(next).IndexOfAny('{', '[');
            i = rest < 0 ? -1 : next + rest;
        }

        return values;
    }
}

/// <param name="Value">Null if there is none that fits.</param>
/// <param name="Errors">What is wrong; empty if there is a value.</param>
/// <param name="HasJson">Whether there is any JSON value.</param>
internal sealed record JsonReading(JsonElement? Value, IReadOnlyList<string> Errors, bool HasJson);
