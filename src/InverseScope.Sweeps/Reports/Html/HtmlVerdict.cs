namespace InverseScope.Sweeps.Reports.Html;

/// <summary>How a verdict looks: a sign and a word, so that colour only repeats what they say.</summary>
internal static class HtmlVerdict
{
    public static string Sign(HypothesisVerdict verdict) => verdict switch
    {
        HypothesisVerdict.Confirmed => "✓",
        HypothesisVerdict.Refuted => "✕",
        HypothesisVerdict.Undecided => "?",
        HypothesisVerdict.Degenerate => "≡",
        HypothesisVerdict.Failed => "!",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "No sign for this verdict."),
    };

    public static string Class(HypothesisVerdict verdict) => $"v-{verdict.ToString().ToLowerInvariant()}";

    public static string Class(SiteRecord site) => site switch
    {
        { Verdict: SiteVerdict.Explained } => "v-confirmed",
        { Verdict: SiteVerdict.PartlyExplained } => "v-partly",
        { Verdict: SiteVerdict.EncodesNoneOfWhatWasTried } => "v-refuted",
        { Verdict: SiteVerdict.Failed } or { Status: SiteStatus.Failed } => "v-failed",
        _ => "v-undecided",
    };

    public static string Sign(SiteRecord site) => site switch
    {
        { Verdict: SiteVerdict.Explained } => "✓",
        { Verdict: SiteVerdict.PartlyExplained } => "◐",
        { Verdict: SiteVerdict.EncodesNoneOfWhatWasTried } => "∅",
        { Verdict: SiteVerdict.Failed } or { Status: SiteStatus.Failed } => "!",
        { Verdict: SiteVerdict.NotMeasured } => "?",
        _ => "…",
    };

    public static string Words(SiteRecord site) =>
        site.Verdict is { } verdict ? ReportNumbers.Words(verdict) : ReportNumbers.Words(site.Status);
}
