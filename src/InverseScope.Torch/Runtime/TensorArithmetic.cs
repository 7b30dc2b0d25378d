using TorchSharp;
using static TorchSharp.torch;

namespace InverseScope.Torch.Runtime;

/// <summary>
/// Operations of a tensor with a number, and sums, which take one too: b times 1 is added. A number goes to libtorch as a native
/// object that a finalizer frees, and TorchSharp's own operators let go of it before libtorch has read it: a garbage
/// collection in between, and it reads freed memory. Here the number lives until the call has returned. A method that is missing
/// is added here; nothing else makes a <c>Scalar</c>.
/// </summary>
internal static class TensorArithmetic
{
#pragma warning disable RS0030 // This is where scalars are kept alive.
    private static readonly Scalar One = 1L.ToScalar();
    private static readonly Scalar Two = 2L.ToScalar();

    public static Tensor Plus(this Tensor tensor, Tensor other) => tensor.add(other, One);

    public static Tensor Plus(this Tensor tensor, double number)
    {
        using var scalar = number.ToScalar();
        return tensor.add(scalar, One);
    }

    public static Tensor Plus(this Tensor tensor, long number)
    {
        using var scalar = number.ToScalar();
        return tensor.add(scalar, One);
    }

    public static Tensor Minus(this Tensor tensor, long number)
    {
        using var scalar = number.ToScalar();
        return tensor.sub(scalar);
    }

    public static Tensor Times(this Tensor tensor, double number)
    {
        using var scalar = number.ToScalar();
        return tensor.mul(scalar);
    }

    public static Tensor Times(this Tensor tensor, long number)
    {
        using var scalar = number.ToScalar();
        return tensor.mul(scalar);
    }

    public static Tensor DividedBy(this Tensor tensor, double number)
    {
        using var scalar = number.ToScalar();
        return tensor.div(scalar);
    }

    public static Tensor Squared(this Tensor tensor) => tensor.pow(Two);

    public static Tensor ClampMin(this Tensor tensor, long least)
    {
        using var scalar = least.ToScalar();
        return tensor.clamp_min(scalar);
    }

    public static Tensor EqualTo(this Tensor tensor, long number)
    {
        using var scalar = number.ToScalar();
        return tensor.eq(scalar);
    }

    public static Tensor GreaterThan(this Tensor tensor, double number)
    {
        using var scalar = number.ToScalar();
        return tensor.gt(scalar);
    }

    public static Tensor GreaterOrEqual(this Tensor tensor, double number)
    {
        using var scalar = number.ToScalar();
        return tensor.ge(scalar);
    }

    public static Tensor LessOrEqual(this Tensor tensor, double number)
    {
        using var scalar = number.ToScalar();
        return tensor.le(scalar);
    }

    public static Tensor IndexFill(this Tensor tensor, long dimension, Tensor index, double value)
    {
        using var scalar = value.ToScalar();
        return tensor.index_fill(dimension, index, scalar);
    }

    public static Tensor MaskedFill(this Tensor tensor, Tensor mask, double value)
    {
        using var scalar = value.ToScalar();
        return tensor.masked_fill(mask, scalar);
    }

    public static Tensor AddInPlace(this Tensor tensor, Tensor other) => tensor.add_(other, One);

    public static Tensor AddInPlace(this Tensor tensor, Tensor other, double factor)
    {
        using var scalar = factor.ToScalar();
        return tensor.add_(other, scalar);
    }

    public static Tensor AddInPlace(this Tensor tensor, double number)
    {
        using var scalar = number.ToScalar();
        return tensor.add_(scalar, One);
    }

    /// <summary>Adds <paramref name="factor"/> × <paramref name="first"/> × <paramref name="second"/>.</summary>
    public static Tensor AddProductInPlace(this Tensor tensor, Tensor first, Tensor second, double factor)
    {
        using var scalar = factor.ToScalar();
        return tensor.addcmul_(first, second, scalar);
    }

    /// <summary>Adds <paramref name="factor"/> × <paramref name="dividend"/> / <paramref name="divisor"/>.</summary>
    public static Tensor AddQuotientInPlace(this Tensor tensor, Tensor dividend, Tensor divisor, double factor)
    {
        using var scalar = factor.ToScalar();
        return tensor.addcdiv_(dividend, divisor, scalar);
    }

    public static Tensor MultiplyInPlace(this Tensor tensor, double number)
    {
        using var scalar = number.ToScalar();
        return tensor.mul_(scalar);
    }

    public static Tensor DivideInPlace(this Tensor tensor, double number)
    {
        using var scalar = number.ToScalar();
        return tensor.div_(scalar);
    }

    public static Tensor ClampMinInPlace(this Tensor tensor, long least)
    {
        using var scalar = least.ToScalar();
        return tensor.clamp_min_(scalar);
    }

    public static Tensor ClampMaxInPlace(this Tensor tensor, long most)
    {
        using var scalar = most.ToScalar();
        return tensor.clamp_max_(scalar);
    }

    public static Tensor FillInPlace(this Tensor tensor, double value)
    {
        using var scalar = value.ToScalar();
        return tensor.fill_(scalar);
    }

    /// <summary>The integers from <paramref name="first"/> to below <paramref name="end"/>, int64.</summary>
    public static Tensor Integers(long first, long end, Device device)
    {
        using var from = first.ToScalar();
        using var to = end.ToScalar();
        return arange(from, to, One, ScalarType.Int64, device);
    }
#pragma warning restore RS0030
}
