using System.Globalization;
using System.Text;
using InverseScope.Core.Specs;

namespace InverseScope.Core.Search;

/// <summary>Turns a chosen candidate into a spec that people and the parser can read.</summary>
internal sealed class ProposalWriter(SearchInput input, SiteTable table, Scorer scorer, SearchOptions options)
{
    private const int Examples = 2;
    private const int Rivals = 3;
    private const double ByProduct = 0.6;
    private const double DifferentLabels = 0.01;
    private readonly Explained _nothing = Explained.By(table, []);

    /// <summary>Null if the feature was tested before, or if its spec does not label the references as the candidate did.</summary>
    /// <param name="column">The candidate's labels.</param>
    public Proposal? Write(Finalist chosen, IReadOnlyList<Scored> scored, Column column)
    {
        var candidate = chosen.Candidate;
        var draft = new FeatureSpec
        {
            Id = "symbolic",
            Title = candidate.Title,
            Hypothesis = $"The site carries the label \"{candidate.Rule.Phrase}\""
                + (candidate.Condition is null ? "." : $" of texts where {Wording.Clause(candidate.Condition.Phrase)}."),
            Applies = candidate.Condition?.Steps,
            Rule = candidate.Rule.Steps,
        };
        var hash = draft.ComputeHash();
        if (input.Tested?.Contains(hash) == true)
            return null;
        var spec = draft with { Id = $"symbolic.{Slug(candidate.Rule.Family)}.{hash[..8]}" };
        if (FeatureCompiler.Compile(spec, input.Space.Context).Value is not { } feature || !Agrees(feature, column))
            return null;
        spec = spec with { Tests = [.. Tests(feature)] };
        feature = FeatureCompiler.Compile(spec, input.Space.Context).OrThrow();
        var alone = scorer.Measure(column, _nothing)!.Value;
        var score = chosen.Score;
        return new Proposal(
            spec, feature,
            new ExploreScore(
                score.Fcr, score.Chance, score.Kappa, alone.Gain, score.Gain, chosen.Complexity, score.Defined),
            Why(chosen, scored));
    }

    private string Why(Finalist chosen, IReadOnlyList<Scored> scored)
    {
        var why = new StringBuilder();
        why.Append(CultureInfo.InvariantCulture, $"Adds {chosen.Score.Gain:0.00} bits per reference with κ {chosen.Score.Kappa:0.00}");
        why.Append(CultureInfo.InvariantCulture, $" on {chosen.Score.Defined} explore references.");
        if (chosen.Score.KappaLeft < ByProduct * chosen.Score.Kappa)
            why.Append(CultureInfo.InvariantCulture, $" Mostly a by-product of earlier proposals: κ {chosen.Score.KappaLeft:0.00} beyond them.");
        else if (!chosen.Score.IsStrong(options.StrongKappa))
            why.Append(" Weak: the site carries it in part.");
        var rivals = scored.Where(s => s.Candidate != chosen.Candidate && s.Score.Merit > 0)
            .GroupBy(s => s.Candidate.Family)
            .Select(f => f.MaxBy(s => s.Score.Merit)!)
            .OrderByDescending(s => s.Score.Merit)
            .Take(Rivals)
            .Select(s => string.Create(
                CultureInfo.InvariantCulture, $"{s.Candidate.Title} ({s.Score.Gain:0.00} bits, κ {s.Score.Kappa:0.00})"))
            .ToArray();
        why.Append(CultureInfo.InvariantCulture, $" The best or simplest of {scored.Count} rules");
        why.Append(rivals.Length > 0 ? $", before {string.Join("; ", rivals)}." : ".");
        if (chosen.Candidate.LooksAhead(table))
            why.Append(" It speaks of characters that come after the site.");
        return why.ToString();
    }

    /// <summary>Whether the compiled spec parts the references as the candidate's own labels do.</summary>
    private bool Agrees(IFeature feature, Column column)
    {
        var codeOf = new Dictionary<string, int>(StringComparer.Ordinal);
        var labelOf = new Dictionary<int, string>();
        var different = 0;
        for (var r = 0; r < table.References; r++)
        {
            var code = column.Codes[table.PriorRows + r];
            var label = feature.Label(table.ReferenceTexts[r]);
            var same = label is null || code == Column.Undefined
                ? label is null && code == Column.Undefined
                : Same(codeOf, label, code) && Same(labelOf, code, label);
            different += same ? 0 : 1;
        }

        return different <= DifferentLabels * table.References;

        static bool Same<TKey, TValue>(Dictionary<TKey, TValue> known, TKey key, TValue value)
            where TKey : notnull
        {
            if (known.TryGetValue(key, out var before))
                return EqualityComparer<TValue>.Default.Equals(before, value);
            known.Add(key, value);
            return true;
        }
    }

    /// <summary>The first references with different labels, as examples that the spec carries with it.</summary>
    private IEnumerable<SpecTest> Tests(IFeature feature) =>
        table.ReferenceTexts.Select(text => new SpecTest(text, feature.Label(text)))
            .Where(t => t.Label is not null)
            .DistinctBy(t => t.Label)
            .Take(Examples);

    private static string Slug(string family)
    {
        var slug = new StringBuilder();
        foreach (var c in family.ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(c))
                slug.Append(c);
            else if (slug.Length > 0 && slug[^1] != '-')
                slug.Append('-');
        }

        return slug.ToString();
    }
}
