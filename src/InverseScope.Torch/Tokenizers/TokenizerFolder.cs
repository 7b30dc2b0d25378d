using InverseScope.Core;

namespace InverseScope.Torch.Tokenizers;

/// <summary>Finds the tokenizer of a model folder.</summary>
public static class TokenizerFolder
{
    private static readonly (string Vocabulary, string Merges)[] BytePairFiles =
        [("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe")];

    /// <summary>The files that decide how texts are read, in a fixed order; none if the folder has no tokenizer.</summary>
    public static IReadOnlyList<string> Files(string folder) =>
        [.. new[] { TokenizerConfig.FileName, "vocab.json", "merges.txt", "encoder.json", "vocab.bpe" }
            .Select(name => Path.Combine(folder, name)).Where(File.Exists)];

    /// <returns>The tokenizer, or null if the folder has none.</returns>
    /// <exception cref="BadInputException">Its files are malformed, or of a kind that is not supported.</exception>
    public static ITokenizer? Load(string folder)
    {
        var config = TokenizerConfig.Read(folder);
        foreach (var (vocabulary, merges) in BytePairFiles)
        {
            if (File.Exists(Path.Combine(folder, vocabulary)) && File.Exists(Path.Combine(folder, merges)))
                return new BytePairTokenizer(Path.Combine(folder, vocabulary), Path.Combine(folder, merges), config);
        }

        var list = Path.Combine(folder, BytePairFiles[0].Vocabulary);
        if (!File.Exists(list))
            return null;
        var ids = VocabularyFile.Read(list);
        return new VocabularyTokenizer(ids, Unit(folder, config, ids.Keys), config);
    }

    private static TokenUnit Unit(string folder, TokenizerConfig config, IEnumerable<string> tokens)
    {
        if (config.Class is { } name)
        {
            if (name.StartsWith("char", StringComparison.OrdinalIgnoreCase))
                return TokenUnit.Character;
            if (name.StartsWith("spaced-word", StringComparison.OrdinalIgnoreCase))
                return TokenUnit.SpacedWord;
            if (name.StartsWith("word", StringComparison.OrdinalIgnoreCase))
                return TokenUnit.Word;
        }
        else if (tokens.Except(config.Special).All(token => new System.Globalization.StringInfo(token).LengthInTextElements == 1))
        {
            return TokenUnit.Character;
        }

        throw new BadInputException(
            $"{folder} has a vocab.json without merges.txt, and it is not clear how texts are cut into tokens"
            + (config.Class is null ? "." : $" (tokenizer_class '{config.Class}')."),
            $"Byte-pair encoding needs merges.txt; else set tokenizer_class in {TokenizerConfig.FileName} to char-level, "
            + "word-level or spaced-word-level.");
    }
}
