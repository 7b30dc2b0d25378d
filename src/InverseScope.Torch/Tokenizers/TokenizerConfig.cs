using System.Text.Json;
using InverseScope.Core;

namespace InverseScope.Torch.Tokenizers;

/// <summary>What <c>tokenizer_config.json</c> says; everything is optional.</summary>
/// <param name="Class"><c>tokenizer_class</c>.</param>
/// <param name="Begin">Text of the token that begins a sequence.</param>
/// <param name="End">Text of the token that ends one.</param>
/// <param name="Padding">Text of the token that fills up batches.</param>
/// <param name="AddsBegin">Whether the target reads the begin token before every text.</param>
public sealed record TokenizerConfig(string? Class, string? Begin, string? End, string? Padding, bool AddsBegin)
{
    public const string FileName = "tokenizer_config.json";

    private static readonly TokenizerConfig Empty = new(null, null, null, null, false);

    /// <summary>Special tokens, which do not occur in texts.</summary>
    public IEnumerable<string> Special => new[] { Begin, End, Padding }.OfType<string>();

    /// <exception cref="BadInputException">The file is there, but malformed.</exception>
    public static TokenizerConfig Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            return Empty;
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = json.RootElement;
            return new TokenizerConfig(
                Text(root, "tokenizer_class"),
                Text(root, "bos_token"),
                Text(root, "eos_token"),
                Text(root, "pad_token"),
                root.TryGetProperty("add_bos_token", out var adds) && adds.ValueKind == JsonValueKind.True);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new BadInputException($"{path} is malformed: {e.Message}", inner: e);
        }
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
