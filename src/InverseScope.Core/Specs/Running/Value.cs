namespace InverseScope.Core.Specs.Running;

/// <summary>A stretch of a text, so that taking parts of it copies nothing.</summary>
internal readonly struct TextSlice(string source, int start, int length) : IEquatable<TextSlice>
{
    public string Source { get; } = source;

    public int Start { get; } = start;

    public int Length { get; } = length;

    public ReadOnlySpan<char> Span => Source.AsSpan(Start, Length);

    public bool Equals(TextSlice other) => Span.SequenceEqual(other.Span);

    public override bool Equals(object? obj) => obj is TextSlice other && Equals(other);

    public override int GetHashCode() => string.GetHashCode(Span);

    public override string ToString() => Start == 0 && Length == Source.Length ? Source : Source.Substring(Start, Length);
}

/// <summary>A growing list of slices, reused from text to text.</summary>
internal sealed class TextList
{
    private TextSlice[] _items = new TextSlice[16];

    public int Count { get; private set; }

    public ref readonly TextSlice this[int index] => ref _items.AsSpan(0, Count)[index];

    public Span<TextSlice> Items => _items.AsSpan(0, Count);

    public void Add(in TextSlice item)
    {
        if (Count == _items.Length)
            Array.Resize(ref _items, 2 * Count);
        _items[Count++] = item;
    }

    public void Clear() => Count = 0;
}

/// <summary>
/// A value in a pipeline, or undefined (the default). Reading it as another type than its own is a fault of the
/// compiler and throws.
/// </summary>
internal readonly struct Value
{
    private readonly object? _reference;
    private readonly long _bits;

    private Value(StepType type, object? reference, long bits) => (Type, _reference, _bits) = (type, reference, bits);

    public static Value Undefined => default;

    public StepType Type { get; }

    public bool IsDefined => Type != StepType.None;

    public TextSlice Text
    {
        get
        {
            Expect(StepType.Text);
            return new TextSlice((string)_reference!, (int)(_bits >> 32), (int)_bits);
        }
    }

    public TextList List
    {
        get
        {
            Expect(StepType.List);
            return (TextList)_reference!;
        }
    }

    public double Number
    {
        get
        {
            Expect(StepType.Number);
            return BitConverter.Int64BitsToDouble(_bits);
        }
    }

    public bool Bool
    {
        get
        {
            Expect(StepType.Bool);
            return _bits != 0;
        }
    }

    public string Label
    {
        get
        {
            Expect(StepType.Label);
            return (string)_reference!;
        }
    }

    /// <summary>Characters or items: what a step over this value may have to walk through.</summary>
    public int Size => Type switch
    {
        StepType.Text => (int)_bits,
        StepType.List => ((TextList)_reference!).Count,
        StepType.Label => ((string)_reference!).Length,
        _ => 0,
    };

    public static Value Of(in TextSlice text) =>
        new(StepType.Text, text.Source, ((long)text.Start << 32) | (uint)text.Length);

    public static Value Of(string text) => new(StepType.Text, text, text.Length);

    public static Value Of(TextList list) => new(StepType.List, list, 0);

    /// <summary>Undefined where the number is not finite. Both zeros are one.</summary>
    public static Value Of(double number) =>
        double.IsFinite(number) ? new(StepType.Number, null, BitConverter.DoubleToInt64Bits(number + 0.0)) : Undefined;

    public static Value Of(bool truth) => new(StepType.Bool, null, truth ? 1 : 0);

    public static Value OfLabel(string label) => new(StepType.Label, label, 0);

    private void Expect(StepType type)
    {
        if (Type != type)
            throw new InvalidOperationException($"A step asked for {type} and got {Type}.");
    }
}
