using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Generators;

/// <summary>What the linear map of a site's encoder reads of an activation of n numbers.</summary>
public enum EncoderInput
{
    /// <summary>The n numbers themselves, as METHOD section 4 has it.</summary>
    Activation,

    /// <summary>
    /// Beside them what the cosine distance compares: the direction √n z/‖z‖ and ln ‖z‖, 2n + 1 numbers. Where norms differ between texts, activations
    /// of small norm are all alike to a map of z alone, though their directions and the ratios of their norms are not.
    /// </summary>
    Polar,
}

/// <summary>Makes what encoders read.</summary>
internal static class EncoderInputs
{
    // Of an activation of zeros, which has no direction and would have no logarithm either.
    private const double SmallestNorm = 1e-12;

    // In deviations.
    private const long LogNormReach = 8;

    /// <summary>Widths of the blocks; each is scaled by its own deviation.</summary>
    /// <param name="width">n.</param>
    public static int[] Blocks(this EncoderInput input, int width) => input == EncoderInput.Polar ? [width, width, 1] : [width];

    /// <summary>The blocks, one after the other.</summary>
    /// <param name="z">(…, n).</param>
    /// <returns>(…, F), F the sum of the blocks' widths; the caller owns it.</returns>
    public static Tensor Of(this EncoderInput input, Tensor z)
    {
        if (input == EncoderInput.Activation)
            return z.alias();
        using var scope = NewDisposeScope();
        var norm = z.Squared().sum(-1, keepdim: true).sqrt().Plus(SmallestNorm);
        return cat([z, (z / norm).Times(Math.Sqrt(z.shape[^1])), norm.log()], -1).MoveToOuterDisposeScope();
    }

    /// <summary>Keeps the logarithm of a norm near zero from drowning the rest, in place.</summary>
    /// <param name="scaled">(…, F), less the mean and over the deviation.</param>
    public static void Bound(this EncoderInput input, Tensor scaled)
    {
        if (input == EncoderInput.Polar)
            scaled.narrow(-1, scaled.shape[^1] - 1, 1).ClampMinInPlace(-LogNormReach).ClampMaxInPlace(LogNormReach);
    }
}
