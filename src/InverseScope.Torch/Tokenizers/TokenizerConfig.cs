using System.Globalization;
using System.Text.Json;
using InverseScope.Core;

namespace InverseScope.Torch.Tokenizers;

/// <summary>
/// What <c>tokenizer_config.json</c> says, and <c>special_tokens_map.json</c> where that names no token; everything is
/// optional.
/// </summary>
/// <param name="Class"><c>tokenizer_class</c>.</param>
/// <param name="Begin">Text of the token that begins a sequence.</param>
/// <param name="End">Text of the token that ends one.</param>
/// <param name="Padding">Text of the token that fills up batches.</param>
/// <param name="AddsBegin">Whether the target reads the begin token before every text; null: as its kind does.</param>
public sealed record TokenizerConfig(string? Class, string? Begin, string? End, string? Padding, bool? AddsBegin)
{
    public const string FileName = "tokenizer_config.json";

    internal const string MapFileName = "special_tokens_map.json";

    private static readonly TokenizerConfig Empty = new(null, null, null, null, null);

    /// <summary>Entries of <c>added_tokens_decoder</c>.</summary>
    public IReadOnlyList<AddedToken> Added { get; init; } = [];

    /// <summary><c>add_prefix_space</c>: a space is put before every text.</summary>
    public bool AddsPrefixSpace { get; init; }

    /// <summary>Special tokens, which do not occur in texts.</summary>
    public IEnumerable<string> Special => new[] { Begin, End, Padding }.OfType<string>();

    /// <exception cref="BadInputException">A file is there, but malformed.</exception>
    public static TokenizerConfig Read(string folder)
    {
        var config = Read(Path.Combine(folder, FileName), ReadConfig);
        var map = Read(Path.Combine(folder, MapFileName), (root, _) => new TokenizerConfig(
            null, Text(root, "bos_token"), Text(root, "eos_token"), Text(root, "pad_token"), null));
        return config with
        {
            Begin = config.Begin ?? map.Begin,
            End = config.End ?? map.End,
            Padding = config.Padding ?? map.Padding,
        };
    }

    private static TokenizerConfig Read(string path, Func<JsonElement, string, TokenizerConfig> parse)
    {
        if (!File.Exists(path))
            return Empty;
        try
        {
            using var json = JsonFile.Read(path);
            return parse(json.RootElement, path);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new BadInputException($"{path} is malformed: {e.Message}", inner: e);
        }
    }

    private static TokenizerConfig ReadConfig(JsonElement root, string path)
    {
        var added = new List<AddedToken>();
        if (root.TryGetProperty("added_tokens_decoder", out var entries))
        {
            foreach (var entry in entries.EnumerateObject())
            {
                if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                    throw new BadInputException($"{path}: '{entry.Name}' in added_tokens_decoder is no id.");
                added.Add(AddedToken.Read(entry.Value, id, path));
            }
        }

        return new TokenizerConfig(
            Text(root, "tokenizer_class"),
            Text(root, "bos_token"),
            Text(root, "eos_token"),
            Text(root, "pad_token"),
            root.TryGetProperty("add_bos_token", out var adds) && adds.ValueKind != JsonValueKind.Null ? adds.GetBoolean() : null)
        {
            Added = added,
            AddsPrefixSpace = root.TryGetProperty("add_prefix_space", out var space) && space.ValueKind == JsonValueKind.True,
        };
    }

    // A token is written as its text, or as an object with its text in "content".
    private static string? Text(JsonElement root, string name)
    {
        if (!root.TryGetProperty(name, out var field) || field.ValueKind == JsonValueKind.Null)
            return null;
        return field.ValueKind == JsonValueKind.Object && field.TryGetProperty("content", out var content)
            ? content.GetString()
            : field.GetString();
    }
}
