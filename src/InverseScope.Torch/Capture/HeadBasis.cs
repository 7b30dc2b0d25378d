using InverseScope.Core.Sampling;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Capture;

/// <summary>
/// Orthonormal coordinates of one layer's head outputs. A head writes z W_O,h into the stream, which lies in the row
/// space of W_O,h. With the reduced QR W_Oᵀ = Q R the coordinates are z Rᵀ: K numbers whose inner products equal those
/// of the C numbers in the stream. In the centred basis z is first freed of what it would be without any input,
/// b_V + b_LN W_V, and W_O has mean 0 over the stream, as TransformerLens folds them.
/// </summary>
internal sealed class HeadBasis : IDisposable
{
    private readonly Tensor _shift;
    private readonly Tensor _toCoordinates;
    private readonly Tensor _directions;

    public HeadBasis(CausalTransformer network, int layer, Basis basis)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var block = network.Block(layer);
        var attention = block.Attention;
        var shifts = new List<Tensor>();
        var triangles = new List<Tensor>();
        var directions = new List<Tensor>();
        for (var head = 0; head < network.Config.Heads; head++)
        {
            // On the CPU whatever the device: LAPACK, and the same numbers everywhere.
            var output = attention.OutputWeight(head).cpu().@double(); // (K, C)
            var shift = zeros(output.shape[0], dtype: ScalarType.Float64, device: output.device); // (K)
            if (basis == Basis.Centred)
            {
                output = output - output.mean([1], keepdim: true);
                if (attention.ValueBias(head) is { } valueBias)
                    shift = valueBias.cpu().@double();
                if (block.AttentionNormBias is { } bias)
                    shift = shift.Plus(attention.ValueWeight(head).cpu().@double().t().mv(bias.cpu().@double()));
            }

            var (q, r) = linalg.qr(output.t()); // (C, W), (W, K), W = min(K, C)
            // LAPACK leaves the signs open; without them stored numbers would depend on the library's version.
            var signs = r.diagonal().sign();
            signs = where(signs.EqualTo(0), ones_like(signs), signs).unsqueeze(1); // (W, 1)
            shifts.Add(shift);
            triangles.Add((r * signs).t()); // (K, W)
            directions.Add(q.t() * signs); // (W, C)
        }

        var device = network.Device;
        _shift = stack(shifts).unsqueeze(1).@float().to(device).DetachFromDisposeScope(); // (H, 1, K)
        _toCoordinates = stack(triangles).@float().contiguous().to(device).DetachFromDisposeScope(); // (H, K, W)
        _directions = stack(directions).@float().contiguous().to(device).DetachFromDisposeScope(); // (H, W, C)
        Width = (int)_toCoordinates.shape[2];
    }

    /// <summary>W, numbers in one head's coordinates: the smaller of K and C.</summary>
    public int Width { get; }

    /// <param name="mix">z of all heads, <c>(N, H, K)</c>.</param>
    /// <returns>Coordinates, <c>(H, N, W)</c>; the caller owns it.</returns>
    public Tensor Coordinates(Tensor mix)
    {
        using var scope = NewDisposeScope();
        return (mix.transpose(0, 1).@float() - _shift).bmm(_toCoordinates).MoveToOuterDisposeScope();
    }

    /// <summary>The vector in the stream that coordinates stand for.</summary>
    /// <param name="coordinates"><c>(N, W)</c>.</param>
    /// <returns><c>(N, C)</c>; the caller owns it.</returns>
    public Tensor Expand(int head, Tensor coordinates)
    {
        using var scope = NewDisposeScope();
        return coordinates.mm(_directions[head]).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _shift.Dispose();
        _toCoordinates.Dispose();
        _directions.Dispose();
    }
}
