using InverseScope.Core.Sites;
using InverseScope.Sweeps.Stages;

namespace InverseScope.Sweeps.Reports;

/// <summary>One activation of the target, and all that was tried on it.</summary>
public sealed record SiteRecord
{
    internal const string Parked = "parked";

    /// <summary>Full form with its position, e.g. <c>L9H6@last</c>.</summary>
    public required string Site { get; init; }

    public required SiteKind Kind { get; init; }

    /// <summary>0-based layer; null for the embedding.</summary>
    public int? Layer { get; init; }

    /// <summary>0-based head; null where the site is not a head.</summary>
    public int? Head { get; init; }

    /// <summary>With its leading @, e.g. <c>@last</c>.</summary>
    public required string Position { get; init; }

    public required SiteStatus Status { get; init; }

    /// <summary>What the site was found to encode, taken together; null until it is done.</summary>
    public SiteVerdict? Verdict { get; init; }

    /// <summary>Why this verdict, or this status where there is no verdict.</summary>
    public string? VerdictReason { get; init; }

    /// <summary>Bits that the activation carries about its input: a lower bound on I(X; Ẑ).</summary>
    public double? Bits { get; init; }

    /// <summary>Interval of the bits; references are the clusters.</summary>
    public ReportInterval? BitsCi { get; init; }

    /// <summary>Bits of the confirmed features, taken jointly.</summary>
    public double? ExplainedBits { get; init; }

    /// <summary>Interval of the explained bits.</summary>
    public ReportInterval? ExplainedBitsCi { get; init; }

    /// <summary>
    /// Bits less the bits of the confirmed features taken jointly, on the references that both were measured on.
    /// </summary>
    public double? ResidualBits { get; init; }

    /// <summary>Interval of the residual bits.</summary>
    public ReportInterval? ResidualBitsCi { get; init; }

    /// <summary>Share of raw generator samples at distance ε or more; null where no generator was used.</summary>
    public double? RefusalRate { get; init; }

    /// <summary>What the activations say of the tokens of their texts; null where no generator was used.</summary>
    public TokenBitsRecord? TokenBits { get; init; }

    /// <summary>What each proposer that asks a language model took here, by its name; null where none does.</summary>
    public IReadOnlyDictionary<string, ProposerCost>? ProposerCosts { get; init; }

    /// <summary>Mean effective sample size over the site's references.</summary>
    public double? Ess { get; init; }

    /// <summary>Kernel width used at this site, in units of the distance.</summary>
    public double? Epsilon { get; init; }

    public ReferenceCounts References { get; init; } = new();

    /// <summary>Seconds of work on this site.</summary>
    public double? Seconds { get; init; }

    /// <summary>Every hypothesis tried here, in the order in which it was proposed.</summary>
    public IReadOnlyList<HypothesisRecord> Hypotheses { get; init; } = [];

    /// <summary>A record with the parts that name the site.</summary>
    public static SiteRecord Of(Site site, SiteStatus status) => new()
    {
        Site = site.ToString(),
        Kind = site.Address.Kind,
        Layer = site.Address.Kind == SiteKind.Embedding ? null : site.Address.Layer,
        Head = site.Address.Kind == SiteKind.Head ? site.Address.Head : null,
        Position = site.Position.ToString(),
        Status = status,
    };
}

/// <summary>References of a site, by what became of them.</summary>
public sealed record ReferenceCounts
{
    /// <summary>Those that proposals could see.</summary>
    public int? Explore { get; init; }

    /// <summary>Those kept for the confirming test.</summary>
    public int? Confirm { get; init; }

    /// <summary>Left out because their text lacks the site's position.</summary>
    public int? WithoutPosition { get; init; }

    /// <summary>Left out because their effective sample size is below the minimum.</summary>
    public int? NotMeasured { get; init; }

    /// <summary>Share of the prior's texts that have the position, 0 to 1; the rest cannot be samples.</summary>
    public double? PriorShareWithPosition { get; init; }
}
