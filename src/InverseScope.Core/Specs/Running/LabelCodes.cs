using InverseScope.Core.Consistency;
namespace InverseScope.Core.Specs.Running;

/// <summary>Gives distinct labels small codes in the order of their first use. Not thread-safe.</summary>
internal sealed class LabelCodes
{
    private readonly Dictionary<string, int> _codes;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _codesBySpan;
    private readonly Dictionary<double, int> _numbers = [];
    private readonly List<string> _labels = [];

    public LabelCodes()
    {
        _codes = new Dictionary<string, int>(StringComparer.Ordinal);
        _codesBySpan = _codes.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The labels; a label's index is its code.</summary>
    public IReadOnlyList<string> Labels => _labels;

    public int CodeOf(string? label)
    {
        if (label is null)
            return LabelCode.Undefined;
        if (_codes.TryGetValue(label, out var code))
            return code;
        _codes.Add(label, code = _labels.Count);
        _labels.Add(label);
        return code;
    }

    /// <summary>As for the label's text, which is made at its first use only.</summary>
    public int CodeOf(in Value value)
    {
        int code;
        switch (value.Type)
        {
            case StepType.None:
                return LabelCode.Undefined;
            case StepType.Text when _codesBySpan.TryGetValue(value.Text.Span, out code):
            case StepType.Number when _numbers.TryGetValue(value.Number, out code):
                return code;
            case StepType.Number:
                code = CodeOf(LabelText.Of(value));
                _numbers.Add(value.Number, code);
                return code;
            default:
                return CodeOf(LabelText.Of(value));
        }
    }
}
