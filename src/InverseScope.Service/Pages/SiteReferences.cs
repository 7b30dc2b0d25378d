using InverseScope.Core.Tasks;
using InverseScope.Service.Desk;

namespace InverseScope.Service.Pages;

/// <summary>References that have something in common.</summary>
/// <param name="Rate">Mean of their match rates, 0 to 1.</param>
internal sealed record MatchPart(string Name, int References, double Rate);

/// <summary>All references of a site, and what their match rates hang on.</summary>
internal static class SiteReferences
{
    private const int MostLengths = 4;
    private const int MostValues = 12;

    public static IReadOnlyList<ReferenceRow> All(SampleShelf samples, string sweep, string site, string? hypothesis)
    {
        var rows = new List<ReferenceRow>();
        for (var page = 1; ; page++)
        {
            var found = samples.References(new ReferenceQuery(sweep, site, hypothesis, page, PageRule.MostItems));
            rows.AddRange(found.Rows);
            if (rows.Count >= found.Total || found.Rows.Count == 0)
                return rows;
        }
    }

    /// <summary>By length in characters, in up to four parts of about as many references each; empty where all have one length.</summary>
    public static IReadOnlyList<MatchPart> ByLength(IReadOnlyList<ReferenceRow> rows)
    {
        var lengths = rows.Where(r => r.MatchRate is not null).GroupBy(r => r.Text.Length).OrderBy(g => g.Key).ToArray();
        if (lengths.Length < 2)
            return [];
        var (before, all) = (0, lengths.Sum(g => g.Count()));
        var parts = new SortedDictionary<int, List<IGrouping<int, ReferenceRow>>>();
        foreach (var length in lengths)
        {
            // Those of one length stay together.
            var part = lengths.Length <= MostLengths ? length.Key : MostLengths * before / all;
            if (!parts.TryGetValue(part, out var members))
                parts[part] = members = [];
            members.Add(length);
            before += length.Count();
        }

        return [.. parts.Values.Select(p => PartOf(p.Count == 1 ? $"{p[0].Key}" : $"{p[0].Key} to {p[^1].Key}", [.. p.SelectMany(g => g)]))];
    }

    /// <summary>By each variable that the task tells of its texts, where it has a few values.</summary>
    public static IReadOnlyList<(string Variable, IReadOnlyList<MatchPart> Parts)> ByVariable(IReadOnlyList<ReferenceRow> rows, IVariableTask task) =>
    [
        .. task.Variables
            .Select(v => (v, rows.Where(r => r.MatchRate is not null).GroupBy(r => task.ValueOf(v, r.Text) ?? "").OrderBy(g => g.Key, StringComparer.Ordinal).ToArray()))
            .Where(g => g.Item2.Length is >= 2 and <= MostValues)
            .Select(g => (g.v, (IReadOnlyList<MatchPart>)[.. g.Item2.Select(p => PartOf(p.Key.Length == 0 ? "none" : p.Key, [.. p]))])),
    ];

    private static MatchPart PartOf(string name, IReadOnlyList<ReferenceRow> rows) => new(name, rows.Count, rows.Average(r => r.MatchRate!.Value));
}
