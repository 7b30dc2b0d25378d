using InverseScope.Core.Specs;

namespace InverseScope.Core.Search;

/// <summary>What the search found at one site; empty lists where nothing exceeds chance.</summary>
/// <param name="Proposals">In the order found: each adds bits to those before it.</param>
public sealed record SearchResult(IReadOnlyList<Proposal> Proposals, SearchLog Log);

/// <summary>A hypothesis that the search proposes, to be tested on references that it has not seen.</summary>
/// <param name="Feature">The compiled <paramref name="Spec"/>.</param>
/// <param name="Score">On the explore references, where it was chosen: optimistic.</param>
/// <param name="Why">For people: what it explains and what it beat.</param>
public sealed record Proposal(FeatureSpec Spec, IFeature Feature, ExploreScore Score, string Why);

/// <summary>Scores of a candidate on the explore references.</summary>
/// <param name="Fcr">Feature consistency rate.</param>
/// <param name="Chance">Mean share of the references' labels among prior texts.</param>
/// <param name="Kappa">(FCR − chance)/(1 − chance).</param>
/// <param name="Bits">What the samples tell about the label, bits per reference.</param>
/// <param name="AddedBits">The same beyond the features found before.</param>
/// <param name="Complexity">Rule steps, weighted.</param>
/// <param name="References">References on which the feature is defined.</param>
public sealed record ExploreScore(
    double Fcr, double Chance, double Kappa, double Bits, double AddedBits, double Complexity, int References);

/// <summary>What was tried.</summary>
/// <param name="Candidates">Rules scored, over all rounds.</param>
/// <param name="References">Explore references that had samples.</param>
/// <param name="JointBits">Bits per reference that the chosen features explain together.</param>
/// <param name="Stopped">Why the search ended.</param>
public sealed record SearchLog(
    long Candidates, int References, IReadOnlyList<SearchRound> Rounds, double JointBits, string Stopped);

/// <summary>One round: the feature that added most, and the best of each family of rules.</summary>
/// <param name="Chosen">Null if nothing was good enough.</param>
/// <param name="BestOfFamilies">By merit, at most ten.</param>
public sealed record SearchRound(TriedRule? Chosen, IReadOnlyList<TriedRule> BestOfFamilies);

/// <summary>A rule that was scored.</summary>
/// <param name="AddedBits">Beyond the features of earlier rounds.</param>
public sealed record TriedRule(string Family, string Title, double AddedBits, double Kappa, double Complexity);
