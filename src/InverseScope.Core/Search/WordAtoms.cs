using System.Globalization;
using InverseScope.Core.Specs;

namespace InverseScope.Core.Search;

/// <summary>Atoms of running text: words by place, by lexicon, by how often they occur, and the template around them.</summary>
internal static class WordAtoms
{
    private const int MostPlaces = 6;
    private const int MostMembers = 3;
    private const int MostContained = 40;

    /// <summary>Words by place, repeated words, number of words.</summary>
    public static IEnumerable<Atom> Places(ViewProfile profile)
    {
        var (view, index) = (profile.View, profile.Index);
        for (var i = -MostPlaces; i < MostPlaces; i++)
        {
            var at = i;
            yield return Pick(
                "word", [.. view.Steps, new Step.Words(), Wording.Pick(at)], $"{Wording.Ordinal(at)} word{view.Phrase}",
                1 + view.Complexity, text => text.Words(index), words => Nth(words, at));
        }

        yield return new Atom(
            "number of words", TermKind.Number, [.. view.Steps, new Step.Words(), new Step.Count()],
            view.IsWhole ? "number of words" : $"number of words{view.Phrase}", 1.25 + view.Complexity,
            text => text.Words(index)?.Count ?? Atom.NoValue);
        yield return Pick(
            "repeated word", [.. view.Steps, new Step.Words(), new Step.Occurring(2), new Step.First()], $"first word that occurs twice{view.Phrase}",
            2 + view.Complexity, text => text.Words(index), words => Occurring(words, 2));
    }

    /// <summary>Members of a lexicon: by place among themselves, and by how often they occur.</summary>
    public static IEnumerable<Atom> Members(ViewProfile profile, string lexicon, IReadOnlySet<int> members)
    {
        var (view, index) = (profile.View, profile.Index);
        Pipeline steps = [.. view.Steps, new Step.Words(), new Step.In(lexicon)];
        var of = $"word of '{lexicon}'{view.Phrase}";
        var complexity = 1.5 + view.Complexity;

        List<int>? Found(Reading text) => text.Words(index)?.FindAll(members.Contains);

        for (var i = -MostMembers; i < MostMembers; i++)
        {
            var at = i;
            yield return Pick(
                "lexicon word", [.. steps, Wording.Pick(at)], $"{(at == 0 ? "first" : Wording.Ordinal(at))} {of}",
                complexity + (at is 0 or -1 ? 0 : 0.25), Found, words => Nth(words, at));
        }

        for (var n = 1; n <= 2; n++)
        {
            var times = n;
            yield return Pick(
                "lexicon word by count", [.. steps, new Step.Occurring(times), new Step.First()],
                $"first {of} that occurs {(times == 1 ? "once" : "twice")}", complexity + 0.5, Found,
                words => Occurring(words, times));
        }

        yield return new Atom(
            "number of lexicon words", TermKind.Number, [.. steps, new Step.Count()], $"number of words of '{lexicon}'{view.Phrase}", complexity + 0.25,
            text => Found(text)?.Count ?? Atom.NoValue);
    }

    /// <summary>The words that no lexicon lists, joined: which template the text was made from.</summary>
    public static Atom Template(
        ViewProfile profile, IReadOnlyList<string> lexicons, IReadOnlySet<int> members)
    {
        var index = profile.Index;
        return new Atom(
            "template", TermKind.Text, [new Step.Words(), .. lexicons.Select(l => new Step.NotIn(l)), new Step.Join(" ")],
            "template (the words that are in no lexicon)", 2.5,
            text => text.Words(index) is { } words
                ? text.Interner.Id(string.Join(' ', words.Where(w => !members.Contains(w)).Select(w => text.Interner[w])))
                : Atom.NoValue);
    }

    /// <summary>Whether a common word occurs.</summary>
    /// <param name="texts">For each interned word, the number of prior texts that have it.</param>
    public static IEnumerable<Atom> Contained(
        ViewProfile profile, IReadOnlyDictionary<int, int> texts, TextInterner interner, int priorTexts)
    {
        var index = profile.Index;
        var common = texts.Where(w => w.Value >= 0.03 * priorTexts && w.Value <= 0.97 * priorTexts)
            .OrderBy(w => Math.Abs(w.Value - priorTexts / 2.0))
            .ThenBy(w => interner[w.Key], StringComparer.Ordinal)
            .Take(MostContained);
        foreach (var (word, _) in common)
        {
            yield return new Atom(
                "contains", TermKind.Bool, [new Step.Contains(new Probe.Words([interner[word]]))],
                $"the word '{interner[word]}' occurs", 1,
                text => text.Words(index)?.Contains(word) is { } contained ? contained ? 1 : 0 : Atom.NoValue,
                denial: $"the word '{interner[word]}' does not occur");
        }
    }

    /// <summary>Numbers written in digits, by place.</summary>
    public static IEnumerable<Atom> WrittenNumbers(ViewProfile profile)
    {
        var index = profile.Index;
        for (var i = 0; i < MostMembers; i++)
        {
            var at = i;
            yield return new Atom(
                "written number", TermKind.Number,
                [new Step.Match("[0-9]+"), Wording.Pick(at), new Step.Int()], $"{Wording.Ordinal(at)} number", 1.5,
                text => text.TryView(index, out var all) ? WrittenNumber(all, at) : Atom.NoValue);
        }
    }

    private static Atom Pick(
        string family, Pipeline steps, string phrase, double complexity, Func<Reading, List<int>?> words,
        Func<List<int>, int> choose) =>
        new(family, TermKind.Text, steps, phrase, complexity,
            text => words(text) is { } found ? choose(found) : Atom.NoValue);

    private static int Nth(List<int> words, int at)
    {
        var i = at < 0 ? words.Count + at : at;
        return i >= 0 && i < words.Count ? words[i] : Atom.NoValue;
    }

    private static int Occurring(List<int> words, int times)
    {
        foreach (var word in words)
        {
            var n = 0;
            foreach (var other in words)
                n += other == word ? 1 : 0;
            if (n == times)
                return word;
        }

        return Atom.NoValue;
    }

    private static int WrittenNumber(ReadOnlySpan<char> all, int at)
    {
        while (true)
        {
            var start = all.IndexOfAnyInRange('0', '9');
            if (start < 0)
                return Atom.NoValue;
            all = all[start..];
            var length = all.IndexOfAnyExceptInRange('0', '9');
            var digits = length < 0 ? all : all[..length];
            if (at-- == 0)
            {
                return digits.Length <= 8
                    ? int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture)
                    : Atom.NoValue;
            }

            all = all[digits.Length..];
        }
    }
}
