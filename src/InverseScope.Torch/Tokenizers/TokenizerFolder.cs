using InverseScope.Core;

namespace InverseScope.Torch.Tokenizers;

/// <summary>Finds the tokenizer of a model folder in Hugging Face layout, by the files that are there.</summary>
public static class TokenizerFolder
{
    private const string ModelFile = "tokenizer.model";

    private static readonly (string Vocabulary, string Merges)[] BytePairFiles =
        [("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe")];

    private static readonly (string File, string Kind)[] Unsupported =
    [
        ("vocab.txt", "WordPiece"), ("spiece.model", "SentencePiece under the name of T5 and its kin"), ("tekken.json", "Tekken"),
    ];

    /// <summary>The files that decide how texts are read, in a fixed order; none if the folder has no tokenizer.</summary>
    public static IReadOnlyList<string> Files(string folder) =>
        [.. new[]
            {
                TokenizerConfig.FileName, "vocab.json", "merges.txt", "encoder.json", "vocab.bpe", TokenizerJson.FileName, ModelFile,
                TokenizerConfig.MapFileName, ChatTemplate.FileName,
            }
            .Select(name => Path.Combine(folder, name)).Where(File.Exists)];

    /// <summary>
    /// Opens <c>tokenizer.model</c> (SentencePiece's, or Llama-3's in tiktoken's form), else <c>tokenizer.json</c>, else
    /// a vocabulary with merges, else one without.
    /// </summary>
    /// <returns>The tokenizer, or null if the folder has none.</returns>
    /// <exception cref="BadInputException">Its files are incomplete, malformed, or of a kind that is not supported.</exception>
    public static ITokenizer? Load(string folder)
    {
        var config = TokenizerConfig.Read(folder);
        var model = Path.Combine(folder, ModelFile);
        if (File.Exists(model))
        {
            GitLfs.Refuse(model);
            var start = new byte[512];
            using (var file = File.OpenRead(model))
                Array.Resize(ref start, file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false));
            return TiktokenFile.IsOne(start) ? TiktokenFile.Read(model, config) : new SentencePieceTokenizer(model, config);
        }

        // It says how texts are cut, which a vocabulary with merges leaves to the class.
        var json = Path.Combine(folder, TokenizerJson.FileName);
        if (File.Exists(json))
            return TokenizerJson.Read(json, config);
        foreach (var names in BytePairFiles)
        {
            var (vocabulary, merges) = (Path.Combine(folder, names.Vocabulary), Path.Combine(folder, names.Merges));
            if (File.Exists(merges))
            {
                return File.Exists(vocabulary)
                    ? MergesFile.Read(vocabulary, merges, config)
                    : throw new BadInputException($"{folder} has {names.Merges}, but not the {names.Vocabulary} that belongs to it.");
            }
        }

        var list = Path.Combine(folder, BytePairFiles[0].Vocabulary);
        if (!File.Exists(list))
        {
            return Unsupported.FirstOrDefault(u => File.Exists(Path.Combine(folder, u.File))) is { File: { } name } other
                ? throw new BadInputException($"The tokenizer of {folder} is not supported: {name} is of {other.Kind}.")
                : null;
        }

        var ids = VocabularyFile.Read(list);
        return new VocabularyTokenizer(ids, Unit(folder, config, ids.Keys), config);
    }

    /// <summary>Splits a text into its tokens, null where it cannot be read; itself null if the folder has no tokenizer.</summary>
    /// <exception cref="BadInputException">Its files are incomplete, malformed, or of a kind that is not supported.</exception>
    public static Func<string, IReadOnlyList<string>?>? Splitter(string folder) =>
        Load(folder) is { } tokenizer ? text => Split(tokenizer, text) : null;

    private static List<string>? Split(ITokenizer tokenizer, string text)
    {
        try
        {
            var read = tokenizer.Encode(text);
            var tokens = new List<string>(read.Ids.Length);
            for (var i = 0; i < read.Ids.Length; i++)
            {
                if (read.Starts[i] >= 0)
                    tokens.Add(read.Piece(i).ToString());
            }

            return tokens;
        }
        catch (BadInputException)
        {
            return null;
        }
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
