using InverseScope.Core.Statistics.Sequential;

namespace InverseScope.Core.Statistics.Calibration;

/// <summary>Sweeps over hypotheses whose truth is known, as streams of labels without any model.</summary>
public sealed record StreamSimulationOptions
{
    /// <summary>Independent sweeps. Default 200.</summary>
    public int Repetitions { get; init; } = 200;

    /// <summary>Hypotheses in each sweep whose samples know nothing of the label. Default 160.</summary>
    public int NullHypotheses { get; init; } = 160;

    /// <summary>
    /// Hypotheses in each sweep whose samples copy the label with probability <see cref="Copied"/>. Default 40.
    /// </summary>
    public int TrueHypotheses { get; init; } = 40;

    /// <summary>ρ, in (0, 1]. Default 0.25.</summary>
    public double Copied { get; init; } = 0.25;

    /// <summary>
    /// Hypotheses that look at one and the same stream, 1 or more: with 10, a lucky null stream is ten false
    /// discoveries at once. Default 1.
    /// </summary>
    public int HypothesesPerStream { get; init; } = 1;

    /// <summary>m, samples of one reference. Default 10.</summary>
    public int SamplesPerReference { get; init; } = 10;

    /// <summary>Distribution of the references' labels; positive, sum 1, two or more. Default six equal ones.</summary>
    public double[] ReferenceLabels { get; init; } = [1 / 6.0, 1 / 6.0, 1 / 6.0, 1 / 6.0, 1 / 6.0, 1 / 6.0];

    /// <summary>Distribution of labels that are not copied; null for that of the references.</summary>
    public double[]? SampleLabels { get; init; }

    /// <summary>
    /// Rule by which each hypothesis stops. Default: 100 pairs at most, and the evidence that e-BH asks of a single
    /// discovery among 200 hypotheses at 5 %.
    /// </summary>
    public SequentialTestOptions Test { get; init; } = new() { MaximumPairs = 100, Evidence = 4_000 };

    /// <summary>Level of e-BH over a sweep. Default 0.05.</summary>
    public double FalseDiscoveryLevel { get; init; } = 0.05;

    /// <summary>All problems, each with its cure; empty if the options can be used.</summary>
    public IEnumerable<string> Check()
    {
        if (Repetitions < 1)
            yield return $"repetitions must be 1 or more, not {Repetitions}.";
        if (NullHypotheses < 0 || TrueHypotheses < 0 || NullHypotheses + TrueHypotheses == 0)
            yield return "There must be hypotheses, null or true ones, and no negative number of them.";
        if (!(Copied is > 0 and <= 1))
            yield return FormattableString.Invariant($"copied must be a probability above 0, not {Copied}.");
        if (HypothesesPerStream < 1)
            yield return $"hypotheses_per_stream must be 1 or more, not {HypothesesPerStream}.";
        if (SamplesPerReference < 1)
            yield return $"samples_per_reference must be 1 or more, not {SamplesPerReference}.";
        if (ReferenceLabels.Length < 2)
            yield return "reference_labels must name two labels or more, else no two references differ.";
        foreach (var problem in Test.Check())
            yield return problem;
    }
}
