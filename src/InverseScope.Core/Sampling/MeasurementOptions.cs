namespace InverseScope.Core.Sampling;

/// <summary>Turns a distance into an unnormalised weight.</summary>
public enum KernelKind
{
    /// <summary>exp(−d²/2ε²).</summary>
    Gaussian,

    /// <summary>1 if d &lt; ε, else 0.</summary>
    Threshold,
}

/// <summary>Distance d between an activation z and the reference activation ẑ.</summary>
public enum DistanceKind
{
    /// <summary>1 − cos∠(z, ẑ), and ∞ unless |‖z‖ − ‖ẑ‖| &lt; δ‖ẑ‖.</summary>
    Cosine,

    /// <summary>‖z − ẑ‖.</summary>
    Euclidean,

    /// <summary>‖z − ẑ‖ / ‖ẑ‖.</summary>
    Relative,
}

/// <summary>Convention for head outputs (METHOD section 1).</summary>
public enum Basis
{
    /// <summary>z_h W_O,h with the head's value bias.</summary>
    Raw,

    /// <summary>Value bias folded out, W_O centred: the convention of TransformerLens and InversionView.</summary>
    Centred,
}

/// <summary>Where samples come from.</summary>
public enum SamplerKind
{
    /// <summary>Every text of a finite prior, with its exact weight.</summary>
    Enumerate,

    /// <summary>A fixed number of draws from the prior.</summary>
    Bank,
}

/// <summary>How samples are weighted.</summary>
public enum Weighting
{
    /// <summary>w ∝ kernel × prior / proposal.</summary>
    Importance,

    /// <summary>w = 1 where d &lt; ε, else 0, whatever the kernel: InversionView's acceptance.</summary>
    Accept,

    /// <summary>Every sample alike, as drawn: the paper's plain average.</summary>
    None,
}

/// <summary>How neighbours of an activation are chosen and weighted. Stored with every result.</summary>
public sealed record MeasurementOptions
{
    public KernelKind Kernel { get; init; } = KernelKind.Gaussian;

    public DistanceKind Distance { get; init; } = DistanceKind.Cosine;

    /// <summary>Kernel width, in units of the distance; above 0. Default 0.05.</summary>
    public double Epsilon { get; init; } = 0.05;

    /// <summary>δ of the cosine distance's norm band, as a share of ‖ẑ‖; above 0. Default 0.1.</summary>
    public double NormBand { get; init; } = 0.1;

    public Basis Basis { get; init; } = Basis.Raw;

    public SamplerKind Sampler { get; init; } = SamplerKind.Bank;

    public Weighting Weighting { get; init; } = Weighting.Importance;

    /// <summary>Samples kept for each reference; 0 keeps every neighbour with its exact weight. Default 64.</summary>
    public int Samples { get; init; } = 64;

    /// <summary>Draws in the bank (<see cref="SamplerKind.Bank"/> only). Default 20,000.</summary>
    public int BankSize { get; init; } = 20_000;

    /// <summary>
    /// Whether a reference counts as a neighbour of itself. An exact enumeration says yes (it is part of the prior);
    /// a sweep says no, because a site with few neighbours would seem to encode everything.
    /// </summary>
    public bool IncludeReference { get; init; }

    /// <summary>A reference whose effective sample size is below this is not measured. Default 5.</summary>
    public double MinimumEss { get; init; } = 5;

    /// <summary>All problems, each with its cure; empty if the options can be used.</summary>
    public IEnumerable<string> Check()
    {
        if (!(Epsilon > 0) || !double.IsFinite(Epsilon))
            yield return $"epsilon must be a number above 0, not {Epsilon}.";
        if (!(NormBand > 0) || !double.IsFinite(NormBand))
            yield return $"norm_band must be a number above 0, not {NormBand}.";
        if (Samples < 0)
            yield return $"samples must be 0 (all neighbours) or more, not {Samples}.";
        if (BankSize < 2)
            yield return $"bank_size must be at least 2, not {BankSize}.";
        if (Weighting == Weighting.None)
            yield return "weighting none is the plain average of a generator's samples; enumerate and bank need importance or accept.";
        if (!(MinimumEss >= 0))
            yield return $"minimum_ess must be 0 or more, not {MinimumEss}.";
    }
}
