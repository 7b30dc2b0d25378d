using InverseScope.Core.Specs;

namespace InverseScope.Core.Search;

/// <summary>Atoms of texts whose characters have places of their own: single characters, numbers, bags of letters.</summary>
internal static class CharacterAtoms
{
    private const int MostSlots = 12;
    private const int MostDistinct = 4;
    private const int MostCounted = 12;

    /// <summary>Single characters at fixed places from the start and from the end.</summary>
    public static IEnumerable<Atom> Slots(ViewProfile profile)
    {
        var view = profile.View;
        var longest = Math.Min(profile.Longest, MostSlots);
        for (var i = 0; i < longest; i++)
        {
            // Where the part always reaches, it does not matter where it ends, nor that its end has been read.
            yield return Slot(i < profile.Shortest ? view with { Before = null } : view, i, FromStart(profile, i));
        }

        // From the end it is another character only where lengths differ.
        for (var i = 1; i <= longest && profile.Shortest < profile.Longest; i++)
            yield return Slot(view, -i, FromEnd(profile, -i));
    }

    /// <summary>A number, and its first and last digits as numbers of their own (a sum's carry depends on those).</summary>
    public static IEnumerable<Atom> Numbers(ViewProfile profile)
    {
        var (view, index) = (profile.View, profile.Index);
        var whole = view.After is { } after ? $"number after '{after}'" : $"number{view.Phrase}";
        yield return new Atom(
            "number", TermKind.Number, [.. view.Steps, new Step.Int()], whole, 1 + view.Complexity,
            text => text.TryView(index, out var all) ? Value(all) : Atom.NoValue);
        for (var k = 2; k < Math.Min(profile.Longest, 4); k++)
        {
            var digits = k;
            yield return new Atom(
                "last digits", TermKind.Number,
                [.. view.Steps, new Step.Chars(), new Step.Slice(-digits), new Step.Join(""), new Step.Int()],
                $"last {digits} digits of the {whole}", 1.5 + view.Complexity,
                text => text.TryView(index, out var all) ? Value(all[Math.Max(0, all.Length - digits)..]) : Atom.NoValue);
            yield return new Atom(
                "first digits", TermKind.Number,
                [.. view.Steps, new Step.Chars(), new Step.Slice(0, digits), new Step.Join(""), new Step.Int()],
                $"first {digits} digits of the {whole}", 1.5 + view.Complexity,
                text => text.TryView(index, out var all) ? Value(all[..Math.Min(digits, all.Length)]) : Atom.NoValue);
        }
    }

    /// <summary>What does not depend on the order of the characters, or on the order of first appearance alone.</summary>
    /// <param name="pointers">Single characters outside this view, which may say what to count.</param>
    public static IEnumerable<Atom> Bag(ViewProfile profile, IReadOnlyList<Atom> pointers, int priorTexts)
    {
        var (view, index) = (profile.View, profile.Index);
        var place = view.IsWhole ? " in the text" : view.Phrase;
        yield return new Atom(
            "distinct characters", TermKind.Number, [.. view.Steps, new Step.Chars(), new Step.Distinct(), new Step.Count()],
            $"number of distinct characters{place}", 1.5 + view.Complexity,
            text => text.TryView(index, out var all) ? Distinct(all).Length : Atom.NoValue);
        yield return new Atom(
            "set of characters", TermKind.Text, [.. view.Steps, new Step.Chars(), new Step.Distinct(), new Step.Sort(), new Step.Join("")],
            $"set of characters{place}", 2 + view.Complexity,
            text =>
            {
                if (!text.TryView(index, out var all))
                    return Atom.NoValue;
                var distinct = Distinct(all).ToCharArray();
                Array.Sort(distinct);
                return text.Interner.Id(distinct);
            });
        for (var k = 0; k < MostDistinct; k++)
        {
            var nth = k;
            var which = k == 0 ? "1st character" : $"{Wording.Ordinal(k)} distinct character";
            Pipeline steps = k == 0
                ? [.. view.Steps, new Step.Chars(), new Step.First()]
                : [.. view.Steps, new Step.Chars(), new Step.Distinct(), new Step.Nth(k)];
            if (k > 0)
            {
                yield return new Atom(
                    "distinct character", TermKind.Character, steps, which + view.Phrase, 1.5 + view.Complexity,
                    text => text.TryView(index, out var all) && Distinct(all) is var distinct && nth < distinct.Length
                        ? distinct[nth]
                        : Atom.NoValue);
            }

            yield return new Atom(
                "count of a character", TermKind.Number,
                CountOf(view, steps),
                $"count{place} of {(view.After is null ? "the" : "its")} {which}",
                2.5 + 2 * view.Complexity,
                text => text.TryView(index, out var all) && Distinct(all) is var distinct && nth < distinct.Length
                    ? all.Count(distinct[nth])
                    : Atom.NoValue);
        }

        foreach (var pointer in pointers)
        {
            yield return new Atom(
                "count of a character", TermKind.Number,
                CountOf(view, pointer.Steps),
                $"count{place} of the {pointer.Phrase}", 1.5 + view.Complexity + pointer.Complexity,
                text => text.TryView(index, out var all) && pointer.Read(text) is >= 0 and var c
                    ? all.Count((char)c)
                    : Atom.NoValue);
        }

        var common = profile.TextsWith.Where(c => !char.IsSurrogate(c.Key))
            .OrderBy(c => Math.Abs(c.Value - priorTexts / 2.0)).ThenBy(c => c.Key).Take(4 * MostCounted).ToArray();
        foreach (var (c, texts) in common)
        {
            var text = c.ToString();
            yield return new Atom(
                "contains", TermKind.Bool, [.. view.Steps, new Step.Contains(new Probe.Text(text))],
                $"'{c}' occurs{place}", 1 + view.Complexity,
                reading => reading.TryView(index, out var all) ? all.Contains(c) ? 1 : 0 : Atom.NoValue,
                denial: $"'{c}' does not occur{place}");
            if (texts >= priorTexts / 4)
            {
                yield return new Atom(
                    "count of a character", TermKind.Number, CountOf(view, text),
                    $"count of '{c}'{place}", 2 + view.Complexity,
                    reading => reading.TryView(index, out var all) ? all.Count(c) : Atom.NoValue);
            }
        }
    }

    public static Atom Length(ViewProfile profile) => new(
        "length", TermKind.Number, [.. profile.View.Steps, new Step.Length()],
        profile.View.IsWhole ? "length of the text" : $"length of the part{profile.View.Phrase}",
        1 + profile.View.Complexity,
        text => text.TryView(profile.Index, out var all) ? all.Length : Atom.NoValue);

    private static string FromStart(ViewProfile profile, int at)
    {
        var view = at < profile.Shortest ? profile.View with { Before = null } : profile.View;
        var place = view.Before is null ? view.Phrase : $" of the part{view.Phrase}";
        return profile is { Longest: 1, View.IsWhole: false }
            ? profile.Unit + place
            : $"{Wording.Ordinal(at)} {profile.Unit}{place}";
    }

    private static string FromEnd(ViewProfile profile, int at) =>
        $"{Wording.Ordinal(at)} {profile.Unit}{(profile.View.Before is { } before ? $" before '{before}'" : "")}";

    private static Atom Slot(View view, int at, string phrase) =>
        new(
            "character", TermKind.Character, [.. view.Steps, new Step.Chars(), Wording.Pick(at)], phrase,
            1 + view.Complexity,
            text =>
            {
                var (start, length) = view.Locate(text.Text);
                var i = at < 0 ? length + at : at;
                return start >= 0 && i >= 0 && i < length ? text.Text[start + i] : Atom.NoValue;
            });

    private static Pipeline CountOf(View view, Operand character) =>
        [.. view.Steps, new Step.Chars(), new Step.Where([new Step.It(), new Step.Eq(character)]), new Step.Count()];

    private static int Value(ReadOnlySpan<char> digits)
    {
        if (digits.Length is 0 or > 8)
            return Atom.NoValue;
        var value = 0;
        foreach (var c in digits)
        {
            if (c is < '0' or > '9')
                return Atom.NoValue;
            value = 10 * value + (c - '0');
        }

        return value;
    }

    private static string Distinct(ReadOnlySpan<char> all)
    {
        Span<char> distinct = stackalloc char[Math.Min(all.Length, 128)];
        var n = 0;
        foreach (var c in all)
        {
            if (!distinct[..n].Contains(c) && n < distinct.Length)
                distinct[n++] = c;
        }

        return distinct[..n].ToString();
    }
}
