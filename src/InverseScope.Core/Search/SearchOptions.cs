namespace InverseScope.Core.Search;

/// <summary>Bounds of the symbolic search at one site.</summary>
public sealed record SearchOptions
{
    /// <summary>Features proposed for a site at most. Default 6.</summary>
    public int MaxProposals { get; init; } = 6;

    /// <summary>Candidates scored at a site at most, over all rounds. Default 60,000; a core scores about 5,000 a second.</summary>
    public int MaxCandidates { get; init; } = 60_000;

    /// <summary>
    /// A feature is proposed only if its κ on the explore references is at least this, 0 to 1, and its κ beyond the
    /// features found before too. Default 0.1.
    /// </summary>
    public double MinimumKappa { get; init; } = 0.1;

    /// <summary>
    /// A feature is strong if its κ, also beyond the features found before, is at least this, 0 to 1; else it is weak: the
    /// site carries it in part. Default 0.5.
    /// </summary>
    public double StrongKappa { get; init; } = 0.5;

    /// <summary>
    /// Weak features proposed for a site at most. A site that carries one thing in part carries a little of much else,
    /// and a reader wants the best of it. Default 2.
    /// </summary>
    public int MaxWeakProposals { get; init; } = 2;

    /// <summary>A feature is proposed only if it adds at least this many bits per reference. Default 0.05.</summary>
    public double MinimumBits { get; init; } = 0.05;

    /// <summary>Fewer references than this, or fewer on which a feature is defined, propose nothing. Default 30.</summary>
    public int MinimumReferences { get; init; } = 30;

    /// <summary>
    /// Chance that a site which tells nothing gets any proposal, taken over all candidates tried, in (0, 1). Default 0.05.
    /// </summary>
    public double FalseProposalRate { get; init; } = 0.05;

    /// <summary>Samples used for each reference at most; larger sets are thinned at random by weight. Default 64.</summary>
    public int MaxSamples { get; init; } = 64;

    /// <summary>All problems, each with its cure; empty if the options can be used.</summary>
    public IEnumerable<string> Check()
    {
        if (MaxProposals < 1)
            yield return $"max_proposals must be at least 1, not {MaxProposals}.";
        if (MaxCandidates < 1)
            yield return $"max_candidates must be at least 1, not {MaxCandidates}.";
        if (!(MinimumKappa is >= 0 and < 1))
            yield return $"minimum_kappa must be from 0 to below 1, not {MinimumKappa}.";
        if (!(StrongKappa is >= 0 and <= 1))
            yield return $"strong_kappa must be from 0 to 1, not {StrongKappa}.";
        if (MaxWeakProposals < 0)
            yield return $"max_weak_proposals must be 0 or more, not {MaxWeakProposals}.";
        if (!(MinimumBits >= 0))
            yield return $"minimum_bits must be 0 or more, not {MinimumBits}.";
        if (MinimumReferences < 2)
            yield return $"minimum_references must be at least 2, not {MinimumReferences}.";
        if (!(FalseProposalRate is > 0 and < 1))
            yield return $"false_proposal_rate must lie between 0 and 1, not {FalseProposalRate}.";
        if (MaxSamples < 2)
            yield return $"max_samples must be at least 2, not {MaxSamples}.";
    }
}
