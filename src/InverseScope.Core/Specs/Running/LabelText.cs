using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace InverseScope.Core.Specs.Running;

/// <summary>The canonical form of labels: equal labels, and only these, have equal forms.</summary>
internal static class LabelText
{
    private static readonly SearchValues<char> Punctuation = SearchValues.Create("(){},\"\\");

    public static string Of(in Value value) => value.Type switch
    {
        StepType.Text => value.Text.ToString(),
        StepType.Number => Of(value.Number),
        StepType.Bool => Of(value.Bool),
        StepType.Label => value.Label,
        _ => throw new InvalidOperationException($"{value.Type} is not a label."),
    };

    /// <summary>The shortest decimal form that reads back as the same number, e.g. 1476 and 0.5.</summary>
    public static string Of(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    public static string Of(bool truth) => truth ? "true" : "false";

    /// <summary>(a, b): the parts in order.</summary>
    public static string Tuple(ReadOnlySpan<Value> parts) => Join('(', parts, ')');

    /// <summary>{a, b}: the parts sorted, numbers by size before everything else by character code.</summary>
    public static string Set(Span<Value> parts)
    {
        parts.Sort(static (a, b) => (a.Type, b.Type) switch
        {
            (StepType.Number, StepType.Number) => a.Number.CompareTo(b.Number),
            (StepType.Number, _) => -1,
            (_, StepType.Number) => 1,
            _ => string.CompareOrdinal(Of(a), Of(b)),
        });
        return Join('{', parts, '}');
    }

    private static string Join(char open, ReadOnlySpan<Value> parts, char close)
    {
        var text = new StringBuilder().Append(open);
        for (var i = 0; i < parts.Length; i++)
        {
            if (i > 0)
                text.Append(", ");
            var part = Of(parts[i]);
            // Text that could be read as punctuation of the label is quoted; joint labels nest as they are.
            text.Append(parts[i].Type == StepType.Text && NeedsQuotes(part) ? JsonSerializer.Serialize(part) : part);
        }

        return text.Append(close).ToString();
    }

    private static bool NeedsQuotes(string part) =>
        part.Length == 0 || part[0] == ' ' || part[^1] == ' ' || part.AsSpan().ContainsAny(Punctuation);
}
