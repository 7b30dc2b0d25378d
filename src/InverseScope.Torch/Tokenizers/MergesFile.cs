using InverseScope.Core;

namespace InverseScope.Torch.Tokenizers;

/// <summary>
/// GPT-2's first form: a vocabulary of tokens and ids, and a list of merges (<c>vocab.json</c> with <c>merges.txt</c>, or
/// <c>encoder.json</c> with <c>vocab.bpe</c>).
/// </summary>
internal static class MergesFile
{
    public const string EndOfText = "<|endoftext|>";

    /// <exception cref="BadInputException">A file is malformed, or asks for what is not supported.</exception>
    public static BytePairTokenizer Read(string vocabulary, string merges, TokenizerConfig config)
    {
        // The files do not say how a text is cut before its bytes are merged; the class does.
        if (config.Class is { } name && !name.StartsWith("GPT2Tokenizer", StringComparison.Ordinal))
        {
            throw new BadInputException(
                $"{vocabulary} belongs to a tokenizer of class '{name}', which is not supported in this form: only GPT2Tokenizer is.",
                "A tokenizer.json beside it would say how texts are cut.");
        }

        if (config.AddsPrefixSpace)
            throw new BadInputException($"{TokenizerConfig.FileName} asks for add_prefix_space, which is not supported.");
        var ids = VocabularyFile.Read(vocabulary);
        var pairs = File.ReadLines(merges)
            .Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal))
            .Select(line => line.Split(' ') is [var left, var right] ? (left, right) : throw NoPair(merges, line));
        var special = new SpecialTokens(
            [], config, token => ids.TryGetValue(token, out var id) ? id : null, (EndOfText, EndOfText, AddsBegin: false));
        return new BytePairTokenizer(
            ids.ToDictionary(i => i.Value, i => ByteAlphabet.Read(i.Key)), Merges(ids, pairs, merges), PreTokenizer.Gpt2,
            takesWhole: false, special.Literals, special);
    }

    /// <summary>Merges in the order in which they are listed.</summary>
    /// <param name="path">Of the file, for messages.</param>
    /// <exception cref="BadInputException">A side or the whole of a pair is not in the vocabulary.</exception>
    public static BytePairMerges Merges(Dictionary<string, int> ids, IEnumerable<(string Left, string Right)> pairs, string path)
    {
        var merges = new BytePairMerges();
        var rank = 0;
        foreach (var (left, right) in pairs)
        {
            int Id(string token) => ids.TryGetValue(token, out var id)
                ? id
                : throw new BadInputException(
                    $"{path} does not fit the vocabulary: merge {rank + 1}, '{left} {right}', needs the token '{token}', which is not there.");
            if (!merges.TryAdd(Id(left), Id(right), rank, Id(left + right)))
                throw new BadInputException($"{path}: the merge '{left} {right}' is there twice.");
            rank++;
        }

        return merges;
    }

    public static BadInputException NoPair(string path, string line) =>
        new($"{path} is malformed: '{line}' is no merge of two tokens.");
}
