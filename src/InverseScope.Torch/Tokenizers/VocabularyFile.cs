using System.Text.Json;
using InverseScope.Core;

namespace InverseScope.Torch.Tokenizers;

/// <summary>A JSON object of token → id: <c>vocab.json</c>, <c>encoder.json</c>.</summary>
public static class VocabularyFile
{
    /// <exception cref="BadInputException">The file is missing or malformed, or two tokens share an id.</exception>
    public static Dictionary<string, int> Read(string path)
    {
        if (!File.Exists(path))
            throw new BadInputException($"There is no vocabulary {path}.");
        try
        {
            using var json = JsonFile.Read(path);
            return Read(json.RootElement, path);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new BadInputException($"{path} is not a JSON object of tokens and ids: {e.Message}", inner: e);
        }
    }

    /// <param name="path">Of the file, for messages.</param>
    /// <exception cref="BadInputException">An entry has no id, or two tokens share one.</exception>
    /// <exception cref="InvalidOperationException">It is no JSON object.</exception>
    internal static Dictionary<string, int> Read(JsonElement entries, string path)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        var tokens = new Dictionary<int, string>();
        foreach (var entry in entries.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out var id) || id < 0)
                throw new BadInputException($"{path}: token '{entry.Name}' has no id, but {entry.Value.GetRawText()}.");
            if (!ids.TryAdd(entry.Name, id))
                throw new BadInputException($"{path}: token '{entry.Name}' is there twice.");
            if (!tokens.TryAdd(id, entry.Name))
                throw new BadInputException($"{path}: tokens '{tokens[id]}' and '{entry.Name}' share id {id}.");
        }

        return ids;
    }
}
