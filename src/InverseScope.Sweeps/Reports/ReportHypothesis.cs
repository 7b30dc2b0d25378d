using System.Text.Json.Nodes;
using InverseScope.Core.Statistics.Sequential;

namespace InverseScope.Sweeps.Reports;

/// <summary>
/// One hypothesis at one site: a feature spec, what was measured of it, and the verdict. The measured numbers at the top
/// level are those of the phase that <c>phase</c> names.
/// </summary>
public sealed record HypothesisRecord
{
    /// <summary>Unique in the sweep.</summary>
    public required string Id { get; init; }

    /// <summary>Full form of the site, e.g. <c>L9H6@last</c>.</summary>
    public required string Site { get; init; }

    /// <summary>The feature in a few words.</summary>
    public required string Title { get; init; }

    /// <summary>What is claimed of the site, one sentence.</summary>
    public string? Statement { get; init; }

    /// <summary>Id of the hypothesis that this one revises; null if it revises none.</summary>
    public string? Parent { get; init; }

    public required FeatureKind Kind { get; init; }

    /// <summary>The spec in its canonical form, as a JSON object.</summary>
    public JsonObject? Spec { get; init; }

    /// <summary>The spec as a YAML file.</summary>
    public string? SpecYaml { get; init; }

    /// <summary>SHA-256 of the canonical form, hex: the hypothesis's identity across sites and sweeps.</summary>
    public required string SpecHash { get; init; }

    public required HypothesisAuthor Author { get; init; }

    /// <summary>All proposers that gave this hypothesis, or one that divides the prior alike, first come first: <c>person</c>, <c>symbolic</c>, <c>llm_one_shot</c>, <c>llm_loop</c>, <c>llm_tools</c>.</summary>
    public IReadOnlyList<string> Proposers { get; init; } = [];

    public required HypothesisPhase Phase { get; init; }

    /// <summary>Feature consistency rate: mean over references of the weighted share of samples with the reference's label, 0 to 1.</summary>
    public double? Fcr { get; init; }

    /// <summary>Interval of the rate; references are the clusters.</summary>
    public ReportInterval? FcrCi { get; init; }

    /// <summary>Rate expected if the activation said nothing of the feature, Σ π(v) q(v), 0 to 1.</summary>
    public double? Chance { get; init; }

    /// <summary>(fcr − chance) / (1 − chance); at most 1, 0 at chance.</summary>
    public double? Kappa { get; init; }

    /// <summary>Interval of κ; references are the clusters.</summary>
    public ReportInterval? KappaCi { get; init; }

    /// <summary>κ as a share of what the labeller's noise ceiling allows.</summary>
    public double? KappaOfCeiling { get; init; }

    /// <summary>Its interval, from the ends of both.</summary>
    public ReportInterval? KappaOfCeilingCi { get; init; }

    /// <summary>
    /// Share of permutations of the labels between references whose rate is at least this one, in (0, 1]: a test of the
    /// fixed sample of all references, not corrected for the number of hypotheses.
    /// </summary>
    public double? PValue { get; init; }

    /// <summary>
    /// Evidence against "no information about the feature", where the sequential test ended: 1 is none, 20 is strong. At
    /// most 1.8e308.
    /// </summary>
    public double? EValue { get; init; }

    /// <summary>Base-10 logarithm of the e-value, which cannot overflow.</summary>
    public double? Log10EValue { get; init; }

    /// <summary>
    /// Whether the e-value is selected at the sweep's false discovery rate; one whose effect may lie below the stated size
    /// enters as 0.
    /// </summary>
    public bool? PassesFdr { get; init; }

    /// <summary>Bits that the activation carries about the label: a lower bound on I(f; Ẑ).</summary>
    public double? Bits { get; init; }

    /// <summary>Interval of the bits.</summary>
    public ReportInterval? BitsCi { get; init; }

    /// <summary>Entropy of the label, bits: over the prior where it is enumerated, else estimated from the references.</summary>
    public double? LabelEntropy { get; init; }

    /// <summary>Number of distinct labels among the references.</summary>
    public int? Labels { get; init; }

    /// <summary>Pair-swap effect d: own-match less swapped-match over pairs of references with different labels, −1 to 1.</summary>
    public double? Effect { get; init; }

    /// <summary>Anytime-valid interval of the pair-swap effect.</summary>
    public ReportInterval? EffectCi { get; init; }

    /// <summary>
    /// The same for a selected hypothesis, at the level α |S| / K for |S| selected of K, which allows for having been picked.
    /// </summary>
    public ReportInterval? SelectedCi { get; init; }

    /// <summary>Disjoint pairs of references with different labels that the sequential test took.</summary>
    public int? Pairs { get; init; }

    /// <summary>Why the sequential test ended.</summary>
    public StopReason? Stop { get; init; }

    public CountsRecord Counts { get; init; } = new();

    /// <summary>The rate if everything missing (failed, truncated) were a mismatch, and if it were a match.</summary>
    public ReportInterval? Bounds { get; init; }

    /// <summary>Mean effective sample size over the references.</summary>
    public double? Ess { get; init; }

    /// <summary>Highest rate that the labeller's agreement with itself allows; null where the labels are deterministic.</summary>
    public double? NoiseCeiling { get; init; }

    /// <summary>The same measurement where it must come out otherwise.</summary>
    public IReadOnlyList<ControlRecord> Controls { get; init; } = [];

    /// <summary>What patching the site does to the target's output; null where it was not measured.</summary>
    public CausalRecord? Causal { get; init; }

    public required HypothesisVerdict Verdict { get; init; }

    /// <summary>Why this verdict, one sentence.</summary>
    public required string VerdictReason { get; init; }

    /// <summary>The score on the references that proposals may see; no verdict rests on it.</summary>
    public ExploreRecord? Explore { get; init; }

    /// <summary>Labels of references against labels of their samples.</summary>
    public LabelTable? LabelTable { get; init; }

    public EvidenceRecord Evidence { get; init; } = new();

    /// <summary>A few references with a few of their samples, mismatches first.</summary>
    public IReadOnlyList<ExampleRecord> Samples { get; init; } = [];

    /// <summary>The steps that led to the verdict, in order.</summary>
    public IReadOnlyList<TrailStep> Trail { get; init; } = [];

    /// <summary>The command that measures this hypothesis alone.</summary>
    public string? Command { get; init; }

    /// <summary>What people made of it, oldest first; the last one counts. No number or verdict rests on it.</summary>
    public IReadOnlyList<ReviewRecord> Reviews { get; init; } = [];

    /// <summary>Second numbers, from labels that people gave; null where nobody gave any.</summary>
    public CorrectedRecord? Corrected { get; init; }
}

/// <summary>
/// The whole denominator. Matched, mismatched, undefined, failed and truncated samples add up to all samples.
/// </summary>
public sealed record CountsRecord
{
    /// <summary>References that the rate is the mean over.</summary>
    public long? References { get; init; }

    /// <summary>References left out because the feature is undefined on them.</summary>
    public long? ReferencesUndefined { get; init; }

    /// <summary>References left out because their effective sample size is below the minimum.</summary>
    public long? NotMeasured { get; init; }

    /// <summary>Samples over all references that were measured.</summary>
    public long? Samples { get; init; }

    /// <summary>Distinct texts among the samples.</summary>
    public long? Distinct { get; init; }

    /// <summary>Samples with their reference's label.</summary>
    public long? Matched { get; init; }

    /// <summary>Samples with another label.</summary>
    public long? Mismatched { get; init; }

    /// <summary>Samples on which the feature is undefined; they count as mismatches.</summary>
    public long? Undefined { get; init; }

    /// <summary>Samples whose labelling failed.</summary>
    public long? Failed { get; init; }

    /// <summary>Samples whose label was cut off.</summary>
    public long? Truncated { get; init; }
}

/// <summary>The same measurement under a condition in which its outcome is known beforehand.</summary>
public sealed record ControlRecord
{
    /// <summary>What was changed, e.g. <c>references swapped</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What must come out, in words.</summary>
    public required string Expected { get; init; }

    /// <summary>Feature consistency rate under the control.</summary>
    public double? Fcr { get; init; }

    /// <summary>Rate expected by chance under the control.</summary>
    public double? Chance { get; init; }

    /// <summary>Chance-corrected rate under the control.</summary>
    public double? Kappa { get; init; }

    /// <summary>Interval of the control's κ.</summary>
    public ReportInterval? KappaCi { get; init; }

    /// <summary>Whether it came out as it must; null if it was not measured.</summary>
    public bool? AsExpected { get; init; }
}

/// <summary>
/// The output of the target on references whose activation at the site was replaced by that of texts with the reference's label, and of
/// texts with another.
/// </summary>
public sealed record CausalRecord
{
    /// <summary>References that were patched.</summary>
    public required int References { get; init; }

    /// <summary>Texts of each kind for a reference.</summary>
    public required int Donors { get; init; }

    /// <summary>
    /// Kullback–Leibler divergence from the output without a patch, bits, over the site's token and those after it; mean over
    /// texts that share the label, then references.
    /// </summary>
    public required double KlSharing { get; init; }

    /// <summary>The same of texts with another label.</summary>
    public required double KlOther { get; init; }

    /// <summary>How much more the latter change the output, bits.</summary>
    public required double KlDifference { get; init; }

    /// <summary>Its interval; references are the clusters.</summary>
    public ReportInterval? KlDifferenceCi { get; init; }

    /// <summary>Mean probability of the right answer without a patch, 0 to 1; null where texts ask for none.</summary>
    public double? AnswerProbability { get; init; }

    /// <summary>With the activation of a text that shares the label.</summary>
    public double? AnswerProbabilitySharing { get; init; }

    /// <summary>With that of a text with another.</summary>
    public double? AnswerProbabilityOther { get; init; }
}

/// <summary>A hypothesis's score on the references that proposals may see.</summary>
public sealed record ExploreRecord
{
    /// <summary>References that were scored.</summary>
    public long? References { get; init; }

    /// <summary>Feature consistency rate.</summary>
    public double? Fcr { get; init; }

    /// <summary>Rate expected by chance.</summary>
    public double? Chance { get; init; }

    /// <summary>Chance-corrected rate.</summary>
    public double? Kappa { get; init; }

    /// <summary>Bits about the label.</summary>
    public double? Bits { get; init; }
}
