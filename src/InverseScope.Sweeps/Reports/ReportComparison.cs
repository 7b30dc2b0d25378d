namespace InverseScope.Sweeps.Reports;

/// <summary>
/// What differs between two reports. A hypothesis is the same in both if its spec's hash and its site are the same; an
/// edited spec is another hypothesis.
/// </summary>
public sealed record ReportComparison
{
    /// <summary>The value of <c>schema</c>.</summary>
    public const string SchemaName = "inversescope/comparison/v1";

    /// <summary>Name and version of this document's form.</summary>
    public string Schema { get; init; } = SchemaName;

    /// <summary>Id of the first sweep.</summary>
    public required string A { get; init; }

    /// <summary>Id of the second sweep.</summary>
    public required string B { get; init; }

    /// <summary>What decided the numbers, where it differs: model, task, options, seeds, versions.</summary>
    public required IReadOnlyList<SettingDifference> Settings { get; init; }

    /// <summary>Sites in both whose verdict differs.</summary>
    public required IReadOnlyList<SiteDifference> Sites { get; init; }

    /// <summary>Hypotheses in both whose verdict differs, in the order of the first report.</summary>
    public required IReadOnlyList<VerdictDifference> Verdicts { get; init; }

    /// <summary>Hypotheses in both whose κ differs at all, the largest difference first.</summary>
    public required IReadOnlyList<KappaDifference> Kappas { get; init; }

    /// <summary>Hypotheses of the first report alone.</summary>
    public required IReadOnlyList<LoneHypothesis> OnlyInA { get; init; }

    /// <summary>Hypotheses of the second report alone.</summary>
    public required IReadOnlyList<LoneHypothesis> OnlyInB { get; init; }

    /// <summary>Sites of the first report alone.</summary>
    public required IReadOnlyList<string> SitesOnlyInA { get; init; }

    /// <summary>Sites of the second report alone.</summary>
    public required IReadOnlyList<string> SitesOnlyInB { get; init; }

    /// <summary>Hypotheses in both.</summary>
    public required int Shared { get; init; }

    /// <summary>Whether both came to the same results; settings and cost aside.</summary>
    public bool SameResults => Sites.Count + Verdicts.Count + Kappas.Count + OnlyInA.Count + OnlyInB.Count
        + SitesOnlyInA.Count + SitesOnlyInB.Count == 0;

    /// <summary>Compares two reports.</summary>
    public static ReportComparison Of(ReportDocument a, ReportDocument b)
    {
        var (ofA, ofB) = (ByIdentity(a), ByIdentity(b));
        var both = ofA.Where(h => ofB.ContainsKey(h.Key)).Select(h => (A: h.Value, B: ofB[h.Key])).ToList();
        var (sitesOfA, sitesOfB) = (Sited(a), Sited(b));
        return new ReportComparison
        {
            A = a.Sweep.Id,
            B = b.Sweep.Id,
            Settings = Settled(a, b),
            Sites =
            [
                .. sitesOfA.Where(s => sitesOfB.TryGetValue(s.Key, out var other) && other.Verdict != s.Value.Verdict)
                    .Select(s => new SiteDifference(s.Key, s.Value.Verdict, sitesOfB[s.Key].Verdict)),
            ],
            Verdicts =
            [
                .. both.Where(h => h.A.Verdict != h.B.Verdict)
                    .Select(h => new VerdictDifference(h.A.Site, h.A.Title, h.A.SpecHash, h.A.Verdict, h.B.Verdict)),
            ],
            Kappas =
            [
                .. both.Where(h => h.A.Kappa != h.B.Kappa).Select(h => KappaDifference.Of(h.A, h.B))
                    .OrderByDescending(d => d.Difference is { } size ? Math.Abs(size) : double.PositiveInfinity),
            ],
            OnlyInA = Lone(ofA, ofB),
            OnlyInB = Lone(ofB, ofA),
            SitesOnlyInA = [.. sitesOfA.Keys.Where(s => !sitesOfB.ContainsKey(s))],
            SitesOnlyInB = [.. sitesOfB.Keys.Where(s => !sitesOfA.ContainsKey(s))],
            Shared = both.Count,
        };
    }

    private static Dictionary<(string Site, string Hash), HypothesisRecord> ByIdentity(ReportDocument document)
    {
        var byIdentity = new Dictionary<(string, string), HypothesisRecord>();
        // A confirming test outranks the exploration that led to it.
        foreach (var h in document.Sites.SelectMany(s => s.Hypotheses).OrderBy(h => h.Phase))
            byIdentity[(h.Site, h.SpecHash)] = h;
        return byIdentity;
    }

    private static Dictionary<string, SiteRecord> Sited(ReportDocument document)
    {
        var sited = new Dictionary<string, SiteRecord>(StringComparer.Ordinal);
        foreach (var site in document.Sites)
            sited[site.Site] = site;
        return sited;
    }

    private static IReadOnlyList<LoneHypothesis> Lone(
        Dictionary<(string, string), HypothesisRecord> these, Dictionary<(string, string), HypothesisRecord> others) =>
    [
        .. these.Where(h => !others.ContainsKey(h.Key))
            .Select(h => new LoneHypothesis(h.Value.Site, h.Value.Title, h.Value.SpecHash, h.Value.Verdict, h.Value.Kappa)),
    ];

    private static IReadOnlyList<SettingDifference> Settled(ReportDocument a, ReportDocument b)
    {
        var (ofA, ofB) = (ReportFacts.Of(a.Sweep, a.TaskVector).ToList(), ReportFacts.Of(b.Sweep, b.TaskVector).ToList());
        return
        [
            .. ofA.Concat(ofB).Select(f => f.Name).Distinct()
                .Select(n => new SettingDifference(n, Value(ofA, n), Value(ofB, n)))
                .Where(d => d.A != d.B),
        ];
    }

    private static string? Value(List<(string Name, string Value)> facts, string name) =>
        facts.Where(f => f.Name == name).Select(f => f.Value).FirstOrDefault();
}

/// <summary>A setting that differs; null where a report does not have it.</summary>
public sealed record SettingDifference(string Name, string? A, string? B);

/// <summary>A site's two verdicts; null where it has none yet.</summary>
public sealed record SiteDifference(string Site, SiteVerdict? A, SiteVerdict? B);

/// <summary>A hypothesis's two verdicts.</summary>
public sealed record VerdictDifference(
    string Site, string Title, string SpecHash, HypothesisVerdict A, HypothesisVerdict B);

/// <summary>A hypothesis's two κ.</summary>
public sealed record KappaDifference
{
    public required string Site { get; init; }

    public required string Title { get; init; }

    public required string SpecHash { get; init; }

    /// <summary>κ in the first report.</summary>
    public double? A { get; init; }

    /// <summary>κ in the second report.</summary>
    public double? B { get; init; }

    /// <summary>Second less first; null if either was not measured.</summary>
    public double? Difference { get; init; }

    /// <summary>Interval in the first report.</summary>
    public ReportInterval? CiA { get; init; }

    /// <summary>Interval in the second report.</summary>
    public ReportInterval? CiB { get; init; }

    /// <summary>Whether the intervals have a point in common; null if either is missing.</summary>
    public bool? IntervalsOverlap { get; init; }

    internal static KappaDifference Of(HypothesisRecord a, HypothesisRecord b) => new()
    {
        Site = a.Site,
        Title = a.Title,
        SpecHash = a.SpecHash,
        A = a.Kappa,
        B = b.Kappa,
        Difference = b.Kappa - a.Kappa,
        CiA = a.KappaCi,
        CiB = b.KappaCi,
        IntervalsOverlap = a.KappaCi is { } of && b.KappaCi is { } and ? of.Overlaps(and) : null,
    };
}

/// <summary>A hypothesis that one report has and the other has not.</summary>
public sealed record LoneHypothesis(
    string Site, string Title, string SpecHash, HypothesisVerdict Verdict, double? Kappa);
