using InverseScope.Sweeps.Stages;

namespace InverseScope.Sweeps.Reports;

/// <summary>The morning summary: what was established, what needs a person, what broke.</summary>
public sealed record SummaryRecord
{
    public required SiteTally Sites { get; init; }

    public required HypothesisTally Hypotheses { get; init; }

    /// <summary>Confirmed hypotheses, the strongest first.</summary>
    public required IReadOnlyList<FindingRecord> Established { get; init; }

    /// <summary>What each proposer found, and what that took, in the order in which they proposed; empty in reports of earlier versions.</summary>
    public IReadOnlyList<ProposerRecord> Proposers { get; init; } = [];

    /// <summary>Where the numbers alone do not settle the matter, and why.</summary>
    public required IReadOnlyList<AttentionRecord> NeedsAPerson { get; init; }

    /// <summary>What could not be carried out, and why.</summary>
    public required IReadOnlyList<AttentionRecord> Broke { get; init; }

    /// <summary>The summary of these sites.</summary>
    public static SummaryRecord Of(
        SweepRecord sweep, IReadOnlyList<SiteRecord> sites, IReadOnlyList<KnownSiteRecord> knownSites,
        string? knownSiteFault = null, TaskVectorRecord? taskVector = null)
    {
        var hypotheses = sites.SelectMany(s => s.Hypotheses).ToList();
        ProposerRecord[] proposers = [.. ProposerRecord.Of(sites)];
        return new SummaryRecord
        {
            Sites = SiteTally.Of(sites),
            Hypotheses = HypothesisTally.Of(hypotheses),
            Established =
            [
                .. hypotheses.Where(h => h.Verdict == HypothesisVerdict.Confirmed)
                    .OrderByDescending(h => h.Kappa ?? double.NegativeInfinity)
                    .ThenBy(h => h.Id, StringComparer.Ordinal)
                    .Select(FindingRecord.Of),
            ],
            Proposers = proposers,
            NeedsAPerson = [.. AttentionRules.OfProposers(proposers), .. AttentionRules.OfKnownSites(knownSites), .. AttentionRules.OfTaskVector(taskVector), .. AttentionRules.Questions(sweep.Options, sites)],
            Broke =
            [
                .. AttentionRules.Faults(sweep, sites),
                .. knownSiteFault is null ? [] : new[] { new AttentionRecord(AttentionReason.ControlSitesFailed, null, null, $"The control sites: {knownSiteFault}") },
                .. AttentionRules.FaultsOf(taskVector),
            ],
        };
    }
}

/// <summary>What one proposer found over all sites. What several found counts for each.</summary>
public sealed record ProposerRecord
{
    /// <summary><c>person</c>, <c>symbolic</c>, <c>llm_one_shot</c>, <c>llm_loop</c> or <c>llm_tools</c>.</summary>
    public required string Proposer { get; init; }

    /// <summary>Hypotheses that were tested.</summary>
    public required int Tested { get; init; }

    public required int Confirmed { get; init; }

    /// <summary>Confirmed ones that no other proposer had.</summary>
    public required int OnlyItsOwn { get; init; }

    /// <summary>Specs that were scored on explore references; null where that is not counted.</summary>
    public int? Tried { get; init; }

    /// <summary>Specs that never compiled; null where none can be.</summary>
    public int? Faulty { get; init; }

    /// <summary>Messages to a language model; null where none is asked.</summary>
    public long? Calls { get; init; }

    /// <summary>Tokens read and written; null where none is asked.</summary>
    public long? Tokens { get; init; }

    /// <summary>Seconds that it took; null where that is not measured.</summary>
    public double? Seconds { get; init; }

    // That in which they propose; others come first.
    private static readonly string[] Order = ["person", "symbolic", "llm_one_shot", "llm_loop", "llm_tools"];

    internal static IEnumerable<ProposerRecord> Of(IReadOnlyList<SiteRecord> sites)
    {
        var hypotheses = sites.SelectMany(s => s.Hypotheses).ToArray();
        var costs = sites.SelectMany(s => s.ProposerCosts ?? new Dictionary<string, ProposerCost>()).ToLookup(c => c.Key, c => c.Value, StringComparer.Ordinal);
        foreach (var name in hypotheses.SelectMany(h => h.Proposers).Concat(costs.Select(c => c.Key)).Distinct().OrderBy(n => Array.IndexOf(Order, n)))
        {
            var own = hypotheses.Where(h => h.Proposers.Contains(name)).ToArray();
            var asked = costs[name].ToArray();
            yield return new ProposerRecord
            {
                Proposer = name,
                Tested = own.Length,
                Confirmed = own.Count(h => h.Verdict == HypothesisVerdict.Confirmed),
                OnlyItsOwn = own.Count(h => h.Verdict == HypothesisVerdict.Confirmed && h.Proposers.Count == 1),
                Tried = asked.Length == 0 ? null : asked.Sum(c => c.Tried),
                Faulty = asked.Length == 0 ? null : asked.Sum(c => c.Faulty),
                Calls = asked.Length == 0 ? null : asked.Sum(c => c.Calls),
                Tokens = asked.Length == 0 ? null : asked.Sum(c => c.Tokens),
                Seconds = asked.Length == 0 ? null : asked.Sum(c => c.Seconds),
            };
        }
    }
}

/// <summary>Sites by what became of them.</summary>
public sealed record SiteTally(
    int Total, int Done, int Running, int Queued, int Skipped, int Failed, int Explained, int PartlyExplained,
    int EncodesNoneOfWhatWasTried, int NotMeasured, int Undecided)
{
    internal static SiteTally Of(IReadOnlyList<SiteRecord> sites)
    {
        int With(SiteStatus status) => sites.Count(s => s.Status == status);
        int Found(SiteVerdict verdict) => sites.Count(s => s.Verdict == verdict);
        return new SiteTally(
            sites.Count, With(SiteStatus.Done), With(SiteStatus.Running), With(SiteStatus.Queued),
            With(SiteStatus.Skipped), With(SiteStatus.Failed), Found(SiteVerdict.Explained),
            Found(SiteVerdict.PartlyExplained), Found(SiteVerdict.EncodesNoneOfWhatWasTried),
            Found(SiteVerdict.NotMeasured), Found(SiteVerdict.Undecided));
    }
}

/// <summary>Hypotheses by verdict; one spec at two sites counts twice.</summary>
public sealed record HypothesisTally(
    int Total, int Confirmed, int Refuted, int Undecided, int Degenerate, int Failed)
{
    internal static HypothesisTally Of(IReadOnlyList<HypothesisRecord> hypotheses)
    {
        int With(HypothesisVerdict verdict) => hypotheses.Count(h => h.Verdict == verdict);
        return new HypothesisTally(
            hypotheses.Count, With(HypothesisVerdict.Confirmed), With(HypothesisVerdict.Refuted),
            With(HypothesisVerdict.Undecided), With(HypothesisVerdict.Degenerate), With(HypothesisVerdict.Failed));
    }
}

/// <summary>A confirmed hypothesis in one line.</summary>
public sealed record FindingRecord
{
    public required string Site { get; init; }

    /// <summary>Id of the hypothesis.</summary>
    public required string Hypothesis { get; init; }

    public required string Title { get; init; }

    /// <summary>Feature consistency rate.</summary>
    public double? Fcr { get; init; }

    /// <summary>Rate expected by chance.</summary>
    public double? Chance { get; init; }

    /// <summary>Chance-corrected rate.</summary>
    public double? Kappa { get; init; }

    /// <summary>Interval of κ.</summary>
    public ReportInterval? KappaCi { get; init; }

    /// <summary>Bits about the label.</summary>
    public double? Bits { get; init; }

    /// <summary>Names of controls that did not come out as they must: the finding needs a person.</summary>
    public IReadOnlyList<string> ControlsOff { get; init; } = [];

    internal static FindingRecord Of(HypothesisRecord h) => new()
    {
        Site = h.Site,
        Hypothesis = h.Id,
        Title = h.Title,
        Fcr = h.Fcr,
        Chance = h.Chance,
        Kappa = h.Kappa,
        KappaCi = h.KappaCi,
        Bits = h.Bits,
        ControlsOff = [.. h.Controls.Where(c => c.AsExpected == false).Select(c => c.Name)],
    };
}
