using System.Text.Json;
using InverseScope.Core;

namespace InverseScope.Torch.Tokenizers;

/// <summary>
/// <c>tokenizer.json</c>, the form of Hugging Face's tokenizers library, for byte-level byte-pair encoding: GPT-2's and
/// Llama-3's. Whatever else it asks for is refused by name, since to leave it out would give other ids.
/// </summary>
internal static class TokenizerJson
{
    public const string FileName = "tokenizer.json";

    private static readonly (string Begin, string End)[] Usual =
        [("<|begin_of_text|>", "<|end_of_text|>"), (MergesFile.EndOfText, MergesFile.EndOfText)];

    /// <exception cref="BadInputException">The file is malformed, or asks for what is not supported.</exception>
    public static BytePairTokenizer Read(string path, TokenizerConfig config)
    {
        try
        {
            using var json = JsonFile.Read(path);
            return Read(json.RootElement, path, config);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new BadInputException($"{path} is malformed: {e.Message}", inner: e);
        }
    }

    private static BytePairTokenizer Read(JsonElement root, string path, TokenizerConfig config)
    {
        var model = root.GetProperty("model");
        // Files of old versions leave the type out where there are merges.
        var type = Type(model) ?? (model.TryGetProperty("merges", out _) ? "BPE" : null);
        if (type != "BPE")
            throw Unsupported(path, $"the model {type}", "Only BPE is.");
        if (IsTrue(model, "byte_fallback"))
            throw Unsupported(path, "byte_fallback", "Tokenizers of SentencePiece are read from tokenizer.model.");
        foreach (var option in new[] { "dropout", "continuing_subword_prefix", "end_of_word_suffix" })
        {
            if (Present(model, option) is { } value && !(value.ValueKind == JsonValueKind.String && value.GetString()!.Length == 0))
                throw Unsupported(path, $"the model's {option} {value.GetRawText()}");
        }

        if (Present(root, "normalizer") is { } normalizer)
            throw Unsupported(path, $"the normalizer {Type(normalizer)}");

        var ids = VocabularyFile.Read(model.GetProperty("vocab"), path);
        var added = Present(root, "added_tokens") is { } entries
            ? entries.EnumerateArray().Select(entry => AddedToken.Read(entry, null, path)).ToList()
            : [];
        if (added.GroupBy(token => token.Text).FirstOrDefault(same => same.Select(token => token.Id).Distinct().Count() > 1) is { } several)
            throw new BadInputException($"{path} gives the added token '{several.Key}' the ids {string.Join(" and ", several.Select(token => token.Id).Distinct())}.");
        foreach (var token in added)
        {
            if (ids.TryGetValue(token.Text, out var id) && id != token.Id)
                throw new BadInputException($"{path} gives the token '{token.Text}' the ids {id} and {token.Id}.");
        }

        var known = added.Where(token => token.IsSpecial).DistinctBy(token => token.Text).ToDictionary(token => token.Text, token => token.Id, StringComparer.Ordinal);
        int? Find(string text) =>
            added.Find(token => token.Text == text)?.Id ?? (ids.TryGetValue(text, out var id) ? id : null);
        var begin = Begin(Present(root, "post_processor"), path);
        (string? Begin, string? End) usual = Array.Find(Usual, tokens => Find(tokens.Begin) is not null);
        var special = new SpecialTokens(known, config, Find, (begin ?? usual.Begin, usual.End, AddsBegin: begin is not null));
        var literals = added.Where(token => !special.Contains(token.Id)).Select(token => KeyValuePair.Create(token.Text, token.Id));
        return new BytePairTokenizer(
            ids.ToDictionary(i => i.Value, i => ByteAlphabet.Read(i.Key)),
            MergesFile.Merges(ids, model.GetProperty("merges").EnumerateArray().Select(merge => Pair(merge, path)), path),
            PreTokenizerOf(Present(root, "pre_tokenizer"), path),
            IsTrue(model, "ignore_merges"),
            [.. literals.Union(special.Literals)],
            special);
    }

    /// <summary>A pair is written as two tokens, or, in older files, as one text with a space between them.</summary>
    private static (string Left, string Right) Pair(JsonElement merge, string path)
    {
        string[] sides = merge.ValueKind == JsonValueKind.Array
            ? [.. merge.EnumerateArray().Select(side => side.GetString() ?? "")]
            : (merge.GetString() ?? "").Split(' ');
        return sides is [{ Length: > 0 } left, { Length: > 0 } right] ? (left, right) : throw MergesFile.NoPair(path, merge.GetRawText());
    }

    private static PreTokenizer PreTokenizerOf(JsonElement? described, string path)
    {
        // Either ByteLevel alone, which cuts as GPT-2 does, or a pattern before a ByteLevel that leaves cutting to it.
        JsonElement[] steps = described is not { } step ? []
            : Type(step) == "Sequence" ? [.. step.GetProperty("pretokenizers").EnumerateArray()] : [step];
        var isByteLevel = steps.Length > 0 && Type(steps[^1]) == "ByteLevel";
        if (isByteLevel && IsTrue(steps[^1], "add_prefix_space"))
            throw Unsupported(path, "add_prefix_space");
        var cuts = isByteLevel && !(steps[^1].TryGetProperty("use_regex", out var usesPattern) && usesPattern.ValueKind == JsonValueKind.False);
        if (steps.Length == 1 && cuts)
            return PreTokenizer.Gpt2;
        if (steps.Length != 2 || !isByteLevel || cuts || Type(steps[0]) != "Split")
            throw Unsupported(path, $"the pre_tokenizer {described?.GetRawText() ?? "null"}", "Byte-level ones of GPT-2 and Llama-3 are.");
        var split = steps[0];
        var pattern = split.GetProperty("pattern").TryGetProperty("Regex", out var regex) ? regex.GetString()! : null;
        if (split.GetProperty("behavior").GetString() != "Isolated" || IsTrue(split, "invert") || pattern is null
            || PreTokenizer.OfPattern(pattern) is not { } known)
        {
            throw Unsupported(path, $"the pre_tokenizer {split.GetRawText()}", "The patterns of GPT-2 and Llama-3 are.");
        }

        return known;
    }

    /// <summary>The token that is put before every text, if one is.</summary>
    private static string? Begin(JsonElement? processor, string path)
    {
        if (processor is not { } step)
            return null;
        switch (Type(step))
        {
            case "ByteLevel":
                return null;
            case "Sequence":
                return step.GetProperty("processors").EnumerateArray().Select(s => Begin(s, path)).OfType<string>().FirstOrDefault();
            case "TemplateProcessing":
                var parts = step.GetProperty("single").EnumerateArray()
                    .Select(part => part.TryGetProperty("SpecialToken", out var token) ? token.GetProperty("id").GetString() : null).ToList();
                return parts switch
                {
                    [null] => null,
                    [{ } begin, null] => begin,
                    _ => throw Unsupported(path, $"the post_processor's template {step.GetProperty("single").GetRawText()}"),
                };
            default:
                throw Unsupported(path, $"the post_processor {Type(step)}");
        }
    }

    private static string? Type(JsonElement element) => element.TryGetProperty("type", out var type) ? type.GetString() : null;

    private static bool IsTrue(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static JsonElement? Present(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static BadInputException Unsupported(string path, string what, string? fix = null) =>
        new($"{path} asks for {what}, which is not supported.", fix);
}
