using System.Text.Json.Serialization;

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

    /// <summary>What a trained generator writes for the reference's activation.</summary>
    Generator,

    /// <summary>Draws from the prior and what a generator writes, together.</summary>
    Mixture,
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

    /// <summary>
    /// Draws in the bank; with <see cref="SamplerKind.Generator"/> they are texts without activations, from which chance is
    /// told. Default 20,000.
    /// </summary>
    public int BankSize { get; init; } = 20_000;

    /// <summary>
    /// Name or folder of the generator. Samplers with a generator take the one that fits where this is null; beside other samplers it
    /// only tells what activations say of each token.
    /// </summary>
    public string? Generator { get; init; }

    /// <summary>
    /// Texts that the generator writes for each reference, and in a mixture the most near rows of the bank that are weighed
    /// beside them; at least 2. Default 256.
    /// </summary>
    public int Draws { get; init; } = 256;

    /// <summary>The generator's scores are divided by it; above 0. Default 1.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>
    /// Share of each token's probability that the generator draws from, the likeliest tokens first; above 0 to 1. Below 1
    /// it never writes some texts, which weights cannot make up for, but the bank of a mixture does. Default 1.
    /// </summary>
    public double TopP { get; init; } = 1;

    /// <summary>
    /// Whether a reference counts as a neighbour of itself. An exact enumeration says yes (it is part of the prior);
    /// a sweep says no, because a site with few neighbours would seem to encode everything.
    /// </summary>
    public bool IncludeReference { get; init; }

    /// <summary>A reference whose effective sample size is below this is not measured. Default 5.</summary>
    public double MinimumEss { get; init; } = 5;

    /// <summary>Whether samples come from a generator, alone or beside others.</summary>
    [JsonIgnore]
    public bool SamplesFromGenerator => Sampler is SamplerKind.Generator or SamplerKind.Mixture;

    /// <summary>Whether a generator is needed, for samples or to tell of tokens.</summary>
    [JsonIgnore]
    public bool UsesGenerator => SamplesFromGenerator || Generator is not null;

    /// <summary>The same measurement over a bank, for targets that no generator was trained on.</summary>
    public MeasurementOptions OverBank() => this with
    {
        Sampler = SamplerKind.Bank,
        Generator = null,
        Weighting = Weighting == Weighting.None ? Weighting.Importance : Weighting,
    };

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
        if (Weighting == Weighting.None && Sampler != SamplerKind.Generator)
            yield return "weighting none is the plain average of a generator's samples; enumerate, bank and mixture need importance or accept.";
        if (Draws < 2)
            yield return $"draws must be at least 2, not {Draws}.";
        if (!(Temperature > 0) || !double.IsFinite(Temperature))
            yield return FormattableString.Invariant($"temperature must be a number above 0, not {Temperature}.");
        if (!(TopP is > 0 and <= 1))
            yield return FormattableString.Invariant($"top_p must be above 0 and at most 1, not {TopP}.");
        if (!(MinimumEss >= 0))
            yield return $"minimum_ess must be 0 or more, not {MinimumEss}.";
    }
}
