using System.Runtime.Intrinsics.X86;
using static TorchSharp.torch;

namespace InverseScope.Torch.Runtime;

/// <summary>
/// Matrix products of networks that are trained. Within <see cref="Rounded"/> their factors and their results have bfloat16's 8 significant bits,
/// forwards and in the gradients, and come back as float32; sums within a product, weights and all else stay float32 (mixed precision:
/// Micikevicius et al. 2018; bfloat16: Kalamkar et al. 2019).
/// </summary>
internal static class MatrixProducts
{
    // Ambient like gradient mode, and the thread's as that is: it is asked far below those who decide it, in modules that targets share.
    [ThreadStatic]
    private static bool _areRounded;

    /// <summary>The type in which a device is known to multiply fastest: bfloat16 on processors that have instructions for it, otherwise float32.</summary>
    /// <param name="device">As <see cref="TorchThread.Device"/>.</param>
    public static NumberType FastestOn(string device) => device == "cpu" && HasBFloat16() ? NumberType.BFloat16 : NumberType.Float32;

    /// <summary>Rounds products on this thread until it is disposed of; with float32 nothing changes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">float16, whose range gradients leave.</exception>
    public static Rounding Rounded(NumberType type)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(type, NumberType.Float16);
        return new Rounding(type == NumberType.BFloat16);
    }

    /// <summary>x Wᵀ + b.</summary>
    /// <param name="input">x, <c>(…, in)</c>.</param>
    /// <param name="weight">W, <c>(out, in)</c>.</param>
    /// <param name="bias">b, <c>(out)</c>.</param>
    /// <returns><c>(…, out)</c>; the caller owns it.</returns>
    public static Tensor Linear(Tensor input, Tensor weight, Tensor? bias = null)
    {
        if (!IsRounded(input))
            return nn.functional.linear(input, weight, bias);
        using var scope = NewDisposeScope();
        var found = nn.functional.linear(input.bfloat16(), weight.bfloat16()).@float();
        return (bias is null ? found : found.AddInPlace(bias)).MoveToOuterDisposeScope();
    }

    /// <summary>The product of each pair of matrices.</summary>
    /// <param name="left"><c>(B, n, k)</c>.</param>
    /// <param name="right"><c>(B, k, m)</c>.</param>
    /// <returns><c>(B, n, m)</c>; the caller owns it.</returns>
    public static Tensor Batched(Tensor left, Tensor right)
    {
        if (!IsRounded(left))
            return left.bmm(right);
        using var scope = NewDisposeScope();
        return left.bfloat16().bmm(right.bfloat16()).@float().MoveToOuterDisposeScope();
    }

    private static bool IsRounded(Tensor factor) => _areRounded && factor.dtype == ScalarType.Float32;

    // AVX512-BF16 is leaf 7.1, EAX bit 5; AMX-BF16 leaf 7.0, EDX bit 22 (Intel 64 and IA-32 manual, volume 2, CPUID).
    private static bool HasBFloat16()
    {
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < 7)
            return false;
        var (subleaves, _, _, amx) = X86Base.CpuId(7, 0);
        return (amx & 1 << 22) != 0 || (subleaves >= 1 && (X86Base.CpuId(7, 1).Eax & 1 << 5) != 0);
    }

    /// <summary>Whether products on this thread are rounded; before it is disposed of, and as it was after.</summary>
    public readonly ref struct Rounding
    {
        private readonly bool _before;

        public Rounding(bool areRounded) => (_before, _areRounded) = (_areRounded, areRounded);

        public void Dispose() => _areRounded = _before;
    }
}
