using System.Text;
using InverseScope.Core;

namespace InverseScope.Torch.Tokenizers;

/// <summary>What a piece of a SentencePiece model is, by its number in the file.</summary>
internal enum PieceKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>A piece; its id is its index in the model.</summary>
/// <param name="Score">Pieces of higher scores merge first.</param>
internal readonly record struct SentencePiece(string Text, float Score, PieceKind Kind);

/// <summary>
/// A <c>tokenizer.model</c> of SentencePiece (Kudo and Richardson 2018; <c>sentencepiece_model.proto</c>). Supported are
/// byte-pair models whose only normalisation is of spaces, as those of Llama-2 and Gemma are.
/// </summary>
internal sealed class SentencePieceModel
{
    private SentencePieceModel()
    {
    }

    public List<SentencePiece> Pieces { get; } = [];

    /// <summary>Whether a space is put before every text.</summary>
    public bool AddsSpaceBefore { get; private set; } = true;

    public string Begin { get; private set; } = "<s>";

    public string End { get; private set; } = "</s>";

    /// <summary>What the unknown token reads as.</summary>
    public string UnknownText { get; private set; } = " \u2047 ";

    /// <exception cref="BadInputException">The file is malformed, or asks for what is not supported.</exception>
    public static SentencePieceModel Read(string path)
    {
        var model = new SentencePieceModel();
        try
        {
            var reader = new ProtobufReader(File.ReadAllBytes(path));
            var kind = 1L;
            var hasNormalizer = false;
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 1:
                        model.Pieces.Add(ReadPiece(reader.Bytes));
                        break;
                    case 2:
                        kind = model.ReadTrainer(reader.Bytes, path);
                        break;
                    case 3:
                        model.ReadNormalizer(reader.Bytes, path);
                        hasNormalizer = true;
                        break;
                    case 5 when reader.Bytes.Length > 0:
                        CheckDenormalizer(reader.Bytes, path);
                        break;
                }
            }

            // Every model has one, and it comes last.
            if (!hasNormalizer)
                throw new FormatException("it does not say how texts are normalised");
            // Absent means unigram, whatever is in the pieces.
            if (kind != 2)
                throw Unsupported(path, kind switch { 1 => "a unigram model", 3 => "a word model", 4 => "a character model", _ => $"a model of kind {kind}" });
        }
        catch (Exception e) when (e is FormatException or DecoderFallbackException)
        {
            throw new BadInputException($"{path} is no SentencePiece model, or it is cut off: {e.Message}.", inner: e);
        }

        model.CheckPieces(path);
        return model;
    }

    private static SentencePiece ReadPiece(ReadOnlySpan<byte> message)
    {
        var piece = new SentencePiece("", 0, PieceKind.Normal);
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            piece = reader.Field switch
            {
                1 => piece with { Text = Text(reader.Bytes) },
                2 => piece with { Score = reader.Single },
                3 => piece with { Kind = (PieceKind)reader.Integer },
                _ => piece,
            };
        }

        return piece;
    }

    private long ReadTrainer(ReadOnlySpan<byte> message, string path)
    {
        var kind = 1L;
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 3:
                    kind = reader.Integer;
                    break;
                case 24 when reader.Integer != 0:
                    throw Unsupported(path, "treat_whitespace_as_suffix");
                case 44:
                    UnknownText = Text(reader.Bytes);
                    break;
                case 46:
                    Begin = Text(reader.Bytes);
                    break;
                case 47:
                    End = Text(reader.Bytes);
                    break;
            }
        }

        return kind;
    }

    private void ReadNormalizer(ReadOnlySpan<byte> message, string path)
    {
        var name = "";
        var (collapses, escapes, hasMap) = (true, true, false);
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    name = Text(reader.Bytes);
                    break;
                case 2:
                    hasMap = reader.Bytes.Length > 0;
                    break;
                case 3:
                    AddsSpaceBefore = reader.Integer != 0;
                    break;
                case 4:
                    collapses = reader.Integer != 0;
                    break;
                case 5:
                    escapes = reader.Integer != 0;
                    break;
            }
        }

        if (hasMap)
            throw Unsupported(path, $"the normalisation {name}");
        if (collapses)
            throw Unsupported(path, "remove_extra_whitespaces");
        if (!escapes)
            throw Unsupported(path, "spaces that are left unescaped");
    }

    private static void CheckDenormalizer(ReadOnlySpan<byte> message, string path)
    {
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader.Field == 2 && reader.Bytes.Length > 0)
                throw Unsupported(path, "a denormalisation");
        }
    }

    private void CheckPieces(string path)
    {
        var texts = new HashSet<string>(StringComparer.Ordinal);
        foreach (var piece in Pieces)
        {
            if (piece.Text.Length == 0 || !texts.Add(piece.Text))
                throw new BadInputException($"{path} is malformed: a piece is empty or there twice: '{piece.Text}'.");
            if (piece.Kind == PieceKind.Unused)
                throw Unsupported(path, $"the unused piece '{piece.Text}'");
            if (!Enum.IsDefined(piece.Kind))
                throw new BadInputException($"{path} is malformed: the piece '{piece.Text}' is of kind {piece.Kind}.");
        }

        if (Pieces.Count == 0)
            throw new BadInputException($"{path} has no pieces.");
    }

    private static string Text(ReadOnlySpan<byte> bytes) => new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);

    private static BadInputException Unsupported(string path, string what) =>
        new($"{path} asks for {what}, which is not supported.", "Byte-pair models without normalisation are, as those of Llama-2 and Gemma.");
}
