namespace InverseScope.Core.Consistency;

/// <summary>
/// All that one measured reference says about a feature: the unit of replication of every interval and test.
/// </summary>
public sealed class ReferenceCluster
{
    private readonly int[] _labels;
    private readonly double[] _shares;

    internal ReferenceCluster(
        int reference, int label, int observations, double matched, double defined, int[] labels, double[] shares,
        double effectiveSamples)
    {
        (Reference, Label, Observations) = (reference, label, observations);
        (Matched, Defined, _labels, _shares) = (matched, defined, labels, shares);
        EffectiveSamples = effectiveSamples;
    }

    /// <summary>Text id of x̂.</summary>
    public int Reference { get; }

    /// <summary>f(x̂), 0 or more.</summary>
    public int Label { get; }

    /// <summary>How often the reference was drawn; its weight in every mean.</summary>
    public int Observations { get; }

    /// <summary>Weighted share of samples with the reference's label, in [0, 1].</summary>
    public double Matched { get; }

    /// <summary>Weighted share of samples on which the feature is defined, in [0, 1].</summary>
    public double Defined { get; }

    /// <summary>
    /// Number of equally weighted samples that the shares are worth: the smaller of the neighbours' effective sample
    /// size and that of the samples themselves.
    /// </summary>
    public double EffectiveSamples { get; }

    /// <summary>Labels of measured references that occur among the samples, ascending.</summary>
    public ReadOnlySpan<int> Labels => _labels;

    /// <summary>Weighted share of each of <see cref="Labels"/> among the samples whose label is known.</summary>
    public ReadOnlySpan<double> Shares => _shares;

    /// <summary>Weighted share of samples with a label that some measured reference has; 0 if none has it.</summary>
    public double ShareOf(int label)
    {
        var at = Array.BinarySearch(_labels, label);
        return at < 0 ? 0 : _shares[at];
    }
}
