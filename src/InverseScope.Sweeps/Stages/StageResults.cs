using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Stages;

/// <summary>A proposal as committed: enough to test it without proposing again.</summary>
/// <param name="Spec">The spec as JSON, lexicon files resolved.</param>
public sealed record ProposalResult(
    string Spec, HypothesisAuthor Author, ExploreRecord? Explore, IReadOnlyList<TrailStep> Trail)
{
    /// <summary>All proposers that gave it, first come first.</summary>
    public IReadOnlyList<string> Proposers { get; init; } = [];
}

/// <summary>What the stage <c>propose</c> commits.</summary>
/// <param name="Tried">Candidates that the search scored.</param>
/// <param name="Summary">What the search did, one sentence.</param>
/// <param name="Costs">What each proposer that asks a language model took, by its name; null: none does.</param>
public sealed record ProposeResult(
    IReadOnlyList<ProposalResult> Proposals, long Tried, string Summary, IReadOnlyDictionary<string, ProposerCost>? Costs = null);

/// <summary>What the stage <c>causal</c> commits.</summary>
/// <param name="BySpec">By spec hash; null where no reference could be patched.</param>
public sealed record CausalResult(IReadOnlyDictionary<string, CausalRecord?> BySpec);

/// <summary>What the stage <c>confirm</c> commits.</summary>
/// <param name="Hypotheses">In the order of their proposal.</param>
/// <param name="Bits">Bits that the activation tells, and what is left of them.</param>
/// <param name="JointOf">Spec hashes of the hypotheses that stand out on their own numbers.</param>
/// <param name="Samples">Samples drawn for the site, both phases.</param>
/// <param name="Labels">Labels read for the site.</param>
/// <param name="RefusalRate">Share of what a generator wrote that is refused; null without one.</param>
/// <param name="TokenBits">What the activations say of their texts' tokens; null without a generator.</param>
/// <param name="Costs">What each proposer that asks a language model took here, by its name; null: none did.</param>
public sealed record ConfirmResult(
    IReadOnlyList<TestedHypothesis> Hypotheses,
    SiteBits Bits,
    IReadOnlyList<string> JointOf,
    double? Ess,
    ReferenceCounts References,
    long Samples,
    long Labels,
    double? RefusalRate = null,
    TokenBitsRecord? TokenBits = null,
    IReadOnlyDictionary<string, ProposerCost>? Costs = null);
