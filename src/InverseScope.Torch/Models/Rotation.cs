using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Models;

/// <summary>The turns of rotary positions for the tokens of one pass. Belongs to the scope it is made in.</summary>
internal sealed class Rotation
{
    private readonly Tensor _cosines;
    private readonly Tensor _sines;

    /// <param name="positions">Position of each token, <c>(B or 1, T)</c>, int64.</param>
    /// <param name="headWidth">K, even.</param>
    public Rotation(RotaryPositions rotary, int headWidth, Tensor positions, ScalarType type)
    {
        var speeds = tensor(Speeds(rotary, headWidth), dtype: ScalarType.Float64, device: positions.device); // (K/2)
        var angles = positions.@double().unsqueeze(-1) * speeds; // (B, T, K/2)
        angles = cat([angles, angles], -1).unsqueeze(1); // (B, 1, T, K)
        (_cosines, _sines) = (angles.cos().to(type), angles.sin().to(type));
    }

    /// <summary>Turn of each pair from one position to the next, radians, K/2 numbers.</summary>
    public static double[] Speeds(RotaryPositions rotary, int headWidth) => [.. Enumerable.Range(0, headWidth / 2).Select(i =>
    {
        var speed = Math.Pow(rotary.Base, -2.0 * i / headWidth);
        return rotary.Scaling is not { } scaling ? speed
            : scaling.Bands is not { } bands ? speed / scaling.Factor
            : speed * Kept(speed, scaling.Factor, bands);
    })];

    /// <param name="heads">Queries or keys, <c>(B, heads, T, K)</c>.</param>
    /// <returns>Turned, the same shape; the caller owns it.</returns>
    public Tensor Turn(Tensor heads)
    {
        using var scope = NewDisposeScope();
        var half = heads.shape[^1] / 2;
        var (first, second) = (heads.narrow(-1, 0, half), heads.narrow(-1, half, half));
        return (heads * _cosines).Plus(cat([-second, first], -1) * _sines).MoveToOuterDisposeScope();
    }

    /// <summary>Share of a pair's speed that Llama 3.1 keeps.</summary>
    private static double Kept(double speed, double factor, RotaryBands bands)
    {
        var turns = bands.OriginalContext * speed / (2 * Math.PI);
        var share = Math.Clamp((turns - bands.LowTurns) / (bands.HighTurns - bands.LowTurns), 0, 1);
        return share + (1 - share) / factor;
    }
}
