using System.Text;

namespace InverseScope.Torch.Tests.Tokenizers;

/// <summary>Writes a small tokenizer.model, as SentencePiece does.</summary>
internal sealed class SentencePieceFile
{
    private readonly List<byte> _file = [];

    /// <summary>2 is byte-pair encoding; null writes none.</summary>
    public int? ModelKind { get; init; } = 2;

    public bool AddsSpaceBefore { get; init; }

    public bool CollapsesSpaces { get; init; }

    public string Map { get; init; } = "";

    public string Begin { get; init; } = "<s>";

    public string End { get; init; } = "</s>";

    public List<(string Text, float Score, int Kind)> Pieces { get; } = [];

    /// <summary>A control token, the unknown token, pieces for all bytes, then normal pieces in the order of their merges.</summary>
    public static SentencePieceFile Of(bool addsSpaceBefore, params string[] pieces)
    {
        var file = new SentencePieceFile { AddsSpaceBefore = addsSpaceBefore };
        file.Pieces.AddRange([("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3)]);
        file.Pieces.AddRange(Enumerable.Range(0, 256).Select(b => ($"<0x{b:X2}>", 0f, 6)));
        file.Pieces.AddRange(pieces.Select((text, i) => (text, (float)-i, 1)));
        return file;
    }

    public byte[] ToBytes()
    {
        _file.Clear();
        foreach (var (text, score, kind) in Pieces)
            Bytes(1, Message(m => { m.Bytes(1, Encoding.UTF8.GetBytes(text)); m.Single(2, score); m.Integer(3, kind); }));
        Bytes(2, Message(m =>
        {
            if (ModelKind is { } kind)
                m.Integer(3, kind);
            m.Bytes(46, Encoding.UTF8.GetBytes(Begin));
            m.Bytes(47, Encoding.UTF8.GetBytes(End));
        }));
        Bytes(3, Message(m =>
        {
            m.Bytes(1, "nmt_nfkc"u8.ToArray());
            m.Bytes(2, Encoding.UTF8.GetBytes(Map));
            m.Integer(3, AddsSpaceBefore ? 1 : 0);
            m.Integer(4, CollapsesSpaces ? 1 : 0);
        }));
        return [.. _file];
    }

    private static byte[] Message(Action<SentencePieceFile> write)
    {
        var message = new SentencePieceFile();
        write(message);
        return [.. message._file];
    }

    private void Bytes(int field, byte[] bytes)
    {
        Variable((field << 3) | 2);
        Variable(bytes.Length);
        _file.AddRange(bytes);
    }

    private void Integer(int field, int value)
    {
        Variable(field << 3);
        Variable(value);
    }

    private void Single(int field, float value)
    {
        Variable((field << 3) | 5);
        _file.AddRange(BitConverter.GetBytes(value));
    }

    private void Variable(int value)
    {
        for (; value >= 0x80; value >>= 7)
            _file.Add((byte)(value | 0x80));
        _file.Add((byte)value);
    }
}
