using InverseScope.Core.Specs;

namespace InverseScope.Core.Search;

/// <summary>A part of a text that atoms are read from: the whole, or what lies between constant delimiters.</summary>
/// <param name="After">The part starts behind the first occurrence of this character; null: at the start.</param>
/// <param name="Before">The part ends at the next occurrence of this character; null: at the end.</param>
internal sealed record View(char? After, char? Before)
{
    public bool IsWhole => After is null && Before is null;

    /// <summary>The rule steps that cut this part out; none for the whole text.</summary>
    public Pipeline Steps => (After, Before) switch
    {
        (null, null) => [],
        (null, { } b) => [new Step.Before($"{b}")],
        ({ } a, null) => [new Step.After($"{a}")],
        ({ } a, { } b) => [new Step.Between($"{a}", $"{b}")],
    };

    /// <summary>Where the part is, in words, with a leading blank; empty for the whole text.</summary>
    public string Phrase => (After, Before) switch
    {
        (null, null) => "",
        (null, { } b) => $" before '{b}'",
        ({ } a, null) => $" after '{a}'",
        ({ } a, { } b) => $" between '{a}' and '{b}'",
    };

    /// <summary>Steps needed to cut the part out, for the measure of complexity.</summary>
    public double Complexity => IsWhole ? 0 : 0.5;

    /// <returns>First character and length; (−1, 0) if a delimiter is missing.</returns>
    public (int Start, int Length) Locate(string text)
    {
        var start = 0;
        if (After is { } after)
        {
            start = text.IndexOf(after, StringComparison.Ordinal) + 1;
            if (start == 0)
                return (-1, 0);
        }

        var end = text.Length;
        if (Before is { } before)
        {
            end = text.IndexOf(before, start);
            if (end < 0)
                return (-1, 0);
        }

        return (start, end - start);
    }
}
