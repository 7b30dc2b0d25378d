namespace InverseScope.Core.Sampling;

/// <summary>What a distance weighs under given options, and beyond which distance nothing does.</summary>
public readonly struct NeighbourKernel(MeasurementOptions options)
{
    // A Gaussian weight below 1e-9 of the largest possible cannot move any rate that is reported.
    private static readonly double NegligibleDistance = Math.Sqrt(2 * Math.Log(1e9));

    private readonly bool _isGaussian = options is { Kernel: KernelKind.Gaussian, Weighting: not Weighting.Accept };
    private readonly double _epsilon = options.Epsilon;

    /// <summary>Nothing at this distance or beyond is a neighbour.</summary>
    public double Reach => _epsilon * (_isGaussian ? NegligibleDistance : 1);

    /// <summary>k(d) of a distance within the reach.</summary>
    public double Of(double distance) => _isGaussian ? Math.Exp(-distance * distance / (2 * _epsilon * _epsilon)) : 1;
}
