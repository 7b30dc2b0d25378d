using System.Buffers.Text;
using System.Globalization;
using System.Text;
using InverseScope.Core;

namespace InverseScope.Torch.Tokenizers;

/// <summary>
/// Llama-3's first form, <c>tokenizer.model</c> as tiktoken reads it: a line for each token, its bytes in Base64 and its
/// rank, which is also its id; special tokens are not in the file and follow after the last.
/// </summary>
internal static class TiktokenFile
{
    // Larger files of this form are of models that cut texts in other ways (Llama-4, GPT-4o).
    private const int LargestVocabulary = 128_000;

    /// <summary>
    /// In the order of their ids (llama-models, <c>models/llama3/tokenizer.py</c>); later releases gave some of the
    /// reserved ones a use, which their tokenizer_config.json tells.
    /// </summary>
    private static readonly string[] Special =
    [
        "<|begin_of_text|>", "<|end_of_text|>",
        .. Enumerable.Range(0, 4).Select(Reserved), "<|start_header_id|>", "<|end_header_id|>", Reserved(4), "<|eot_id|>",
        .. Enumerable.Range(5, 246).Select(Reserved),
    ];

    /// <summary>Whether a tokenizer.model is in this form, rather than SentencePiece's binary one.</summary>
    public static bool IsOne(ReadOnlySpan<byte> start)
    {
        var end = start.IndexOf((byte)' ');
        // White space is valid to the decoder, but the first line has none before its rank.
        return end > 0 && Base64.IsValid(start[..end], out var length) && length > 0 && !start[..end].Contains((byte)'\n');
    }

    /// <exception cref="BadInputException">The file is malformed, or of another model than Llama-3.</exception>
    public static BytePairTokenizer Read(string path, TokenizerConfig config)
    {
        var tokens = new Dictionary<int, byte[]>();
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (line.Length == 0)
                continue;
            var bytes = new byte[line.Length];
            if (line.Split(' ') is not [var text, var rank] || !Convert.TryFromBase64String(text, bytes, out var length)
                || length == 0 || !int.TryParse(rank, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                throw new BadInputException($"{path} is malformed: line {number} is no token in Base64 with its rank.");
            }

            Array.Resize(ref bytes, length);
            if (!tokens.TryAdd(id, bytes) || !ids.TryAdd(Encoding.Latin1.GetString(bytes), id))
                throw new BadInputException($"{path} is malformed: line {number} gives a token or a rank a second time.");
        }

        if (tokens.Keys.Max() != tokens.Count - 1)
            throw new BadInputException($"{path} is malformed or cut off: its ranks leave numbers out.");
        if (Enumerable.Range(0, 1 + byte.MaxValue).Any(b => !ids.ContainsKey(((char)b).ToString())))
            throw new BadInputException($"{path} is malformed or cut off: not every byte is a token.");
        if (tokens.Count > LargestVocabulary)
        {
            throw new BadInputException(
                $"{path} has {tokens.Count} tokens, so that it is not of Llama-3; how its model cuts texts is not known.",
                "A tokenizer.json beside it would say so.");
        }

        var special = Special.Select((token, i) => KeyValuePair.Create(token, tokens.Count + i));
        if (config.Added.Any(token => token.IsSpecial))
            special = config.Added.Where(token => token.IsSpecial).Select(token => KeyValuePair.Create(token.Text, token.Id));
        var all = new SpecialTokens(special, config, _ => null, (Special[0], Special[1], AddsBegin: true));
        if (all.Ids.FirstOrDefault(token => tokens.ContainsKey(token.Value)) is { Key: { } taken })
            throw new BadInputException($"{TokenizerConfig.FileName} gives '{taken}' the id of another token of {path}.");
        return new BytePairTokenizer(
            tokens, BytePairMerges.OfTokens(ids, ids.Select(i => (i.Key, i.Value))), PreTokenizer.Llama3, takesWhole: true,
            all.Literals, all);
    }

    private static string Reserved(int number) => $"<|reserved_special_token_{number}|>";
}
