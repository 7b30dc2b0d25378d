using System.Globalization;
using InverseScope.Core.Specs;

namespace InverseScope.Core.Search;

/// <summary>Rules in words.</summary>
internal static class Wording
{
    public static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>"1st", "2nd"; negative indices count from the end: "last", "2nd-last".</summary>
    public static string Ordinal(int index)
    {
        var position = index < 0 ? -index : index + 1;
        var suffix = (position % 10, position % 100) switch
        {
            (_, >= 11 and <= 13) => "th",
            (1, _) => "st",
            (2, _) => "nd",
            (3, _) => "rd",
            _ => "th",
        };
        var ordinal = Number(position) + suffix;
        return index == -1 ? "last" : index < 0 ? ordinal + "-last" : ordinal;
    }

    /// <summary>The step that picks an item of a list by its place.</summary>
    public static Step Pick(int index) =>
        index switch { 0 => new Step.First(), -1 => new Step.Last(), _ => new Step.Nth(index) };

    /// <summary>
    /// A term's phrase within another's: with its article, or in brackets where it is itself made of several.
    /// </summary>
    public static string Operand(Term term) => term is Atom ? $"the {term.Phrase}" : $"({term.Phrase})";

    /// <summary>A clause within a sentence: with its article, unless it starts with a quotation or has one.</summary>
    public static string Clause(string phrase) =>
        phrase.StartsWith('\'') || phrase.StartsWith("the ", StringComparison.Ordinal)
            || phrase.StartsWith("it is ", StringComparison.Ordinal)
            ? phrase
            : $"the {phrase}";

    /// <summary>"a, b and c".</summary>
    public static string List(IReadOnlyList<string> items) =>
        items.Count == 1 ? items[0] : $"{string.Join(", ", items.SkipLast(1))} and {items[^1]}";

    /// <summary>The phrase with a capital first letter.</summary>
    public static string Sentence(string phrase) =>
        phrase.Length == 0 ? phrase : char.ToUpperInvariant(phrase[0]) + phrase[1..];
}
