using InverseScope.Core.Sampling;
using InverseScope.Sweeps.Evaluation;

namespace InverseScope.Sweeps.Calibration;

/// <summary>Sweeps over sites whose truth is known, to measure how far verdicts can be trusted.</summary>
public sealed record CalibrationOptions
{
    /// <summary>Specs to plant; each has a site of its own in every repetition.</summary>
    public required IReadOnlyList<HypothesisDraft> Planted { get; init; }

    /// <summary>Whether neighbouring specs share a site, two by two. Default false.</summary>
    public bool Together { get; init; }

    /// <summary>Norm of the noise over that of the planted signal, 0 or more. Default 0.5.</summary>
    public double NoiseRatio { get; init; } = 0.5;

    /// <summary>Sweeps, each with new activations and references, 1 or more. Default 5.</summary>
    public int Repetitions { get; init; } = 5;

    /// <summary>Null sites in each sweep, 0 or more. Default 5.</summary>
    public int NullSites { get; init; } = 5;

    /// <summary>
    /// How neighbours are chosen; the sampler is a bank in any case. Null: a threshold halfway to the next label.
    /// </summary>
    public MeasurementOptions? Measurement { get; init; }

    /// <summary>References that the search may look at, for each site. Default 200, as in a sweep.</summary>
    public int ExploreReferences { get; init; } = 200;

    /// <summary>References kept for the test. Default 300, as in a sweep.</summary>
    public int ConfirmReferences { get; init; } = 300;

    /// <summary>
    /// References from which the true effects are taken that intervals must contain. Null: ten times those of the test.
    /// </summary>
    public int? TruthReferences { get; init; }

    /// <summary>
    /// Sweeps that are also simulated as streams of labels without activations, each of 160 null hypotheses and 40 that copy
    /// a quarter of the labels; 0 for none. Default 10, which makes 2,000 tests.
    /// </summary>
    public int StreamSweeps { get; init; } = 10;

    /// <summary>All problems, each with its cure; empty if the options can be used.</summary>
    public IEnumerable<string> Check()
    {
        if (Planted.Count == 0 && NullSites == 0)
            yield return "There is neither a planted nor a null site: give specs with --plant, or --null-sites.";
        if (Together && Planted.Count % 2 != 0)
            yield return $"--together plants specs two by two, and {Planted.Count} is an odd number of them.";
        if (!(NoiseRatio >= 0) || !double.IsFinite(NoiseRatio))
            yield return FormattableString.Invariant($"The noise ratio must be 0 or more, not {NoiseRatio}.");
        if (Repetitions < 1)
            yield return $"There must be a repetition at least, not {Repetitions}.";
        if (NullSites < 0)
            yield return $"There cannot be {NullSites} null sites.";
        if (ExploreReferences < 20 || ConfirmReferences < 20 || TruthReferences < 20)
            yield return "There must be 20 references or more of each kind.";
        if (StreamSweeps < 0)
            yield return $"There cannot be {StreamSweeps} simulated sweeps.";
        foreach (var problem in Measurement?.Check() ?? [])
            yield return problem;
    }
}
