using InverseScope.Core.Seeds;
using InverseScope.Torch.Runtime;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace InverseScope.Torch.Generators;

/// <summary>
/// The control layer of InverseScope (section 3.1, appendix B.3): for each head q = Q LN(h) + q̄, k = K e + k̄,
/// v = V e + v̄, ω = tanh(q·k), and Σ ω v is added to the stream h; e is the encoded activation. There is a single key,
/// hence no softmax. Letters in shapes: R activations, N places that read one of them, C width of the stream, E width of
/// the encoding, H heads, K head width.
/// </summary>
internal sealed class ControlLayer : nn.Module
{
    private const double NormEpsilon = 1e-5;
    private const double PlacesShare = 0.3;
    private const double PlacesRidge = 1e-3;

    [ComponentName(Name = "ln_weight")]
    private readonly Parameter _normWeight;

    [ComponentName(Name = "ln_bias")]
    private readonly Parameter _normBias;

    [ComponentName(Name = "q_weight")]
    private readonly Parameter _queryWeight;

    [ComponentName(Name = "q_bias")]
    private readonly Parameter _queryBias;

    [ComponentName(Name = "k_weight")]
    private readonly Parameter _keyWeight;

    [ComponentName(Name = "k_bias")]
    private readonly Parameter _keyBias;

    [ComponentName(Name = "v_weight")]
    private readonly Parameter _valueWeight;

    [ComponentName(Name = "v_bias")]
    private readonly Parameter _valueBias;

    /// <param name="width">C.</param>
    /// <param name="latent">E.</param>
    public ControlLayer(int width, int latent, int heads, int headWidth)
        : base(nameof(ControlLayer))
    {
        _normWeight = nn.Parameter(empty(width));
        _normBias = nn.Parameter(empty(width));
        _queryWeight = nn.Parameter(empty(heads, headWidth, width));
        _queryBias = nn.Parameter(empty(heads, headWidth));
        _keyWeight = nn.Parameter(empty(heads, headWidth, latent));
        _keyBias = nn.Parameter(empty(heads, headWidth));
        _valueWeight = nn.Parameter(empty(heads, width, latent));
        _valueBias = nn.Parameter(empty(heads, width));
        RegisterComponents();
    }

    /// <summary>
    /// Values begin at zero, so that the layer at first adds nothing; the weights of queries and keys as
    /// <paramref name="initial"/> says.
    /// </summary>
    public void Initialise(ControlInitial initial, RunSeed seed, string name)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        nn.init.ones_(_normWeight);
        foreach (var zero in new[] { _normBias, _valueWeight, _valueBias })
            nn.init.zeros_(zero);
        foreach (var (part, weight) in new[] { ("q", _queryWeight), ("k", _keyWeight) })
        {
            var random = seed.Stream("control layer", name, part);
            double inputs = weight.shape[2];
            var values = new float[weight.numel()];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = (float)(initial switch
                {
                    ControlInitial.Kaiming => random.NextNormal() * Math.Sqrt(2 / inputs),
                    ControlInitial.Linear => (2 * random.NextDouble() - 1) / Math.Sqrt(inputs),
                    _ => (initial == ControlInitial.Places ? PlacesShare : 1) * random.NextNormal() / Math.Sqrt(inputs * Math.Sqrt(weight.shape[1])),
                });
            }

            weight.copy_(tensor(values, weight.shape));
        }

        // q̄·k̄ = 1. Without it ω would be odd in e, and what a layer adds even: nothing that follows e in a line.
        foreach (var bias in new[] { _queryBias, _keyBias })
            bias.FillInPlace(1 / Math.Sqrt(bias.shape[1]));
    }

    /// <summary>
    /// Adds to queries and keys what makes each head read one kind of place: k̄ a random vector, q = k̄/|k̄|² times an affine
    /// function of LN(h), namely the ridge regression of "is of this kind" over all places. Kinds are as many clusters as there
    /// are heads.
    /// </summary>
    /// <param name="places">h at tokens of the prior, <c>(N, C)</c>.</param>
    public void ReadPlaces(Tensor places, RunSeed seed, string name)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var heads = (int)_queryWeight.shape[0];
        var random = seed.Stream("control layer", name, "places");
        var x = Normed(places);
        var kinds = nn.functional.one_hot(Clusters.Of(x, heads, random), heads).@double(); // (N, H)
        var (mean, share) = (x.@double().mean([0L], keepdim: true), kinds.mean([0L], keepdim: true));
        var centred = x.@double() - mean;
        var covariance = centred.t().mm(centred).DividedBy(x.shape[0]);
        covariance = covariance.Plus(covariance.diagonal().mean().Times(PlacesRidge) * eye(x.shape[1], dtype: ScalarType.Float64, device: x.device));
        var weights = linalg.solve(covariance, centred.t().mm(kinds - share).DividedBy(x.shape[0])); // (C, H)
        var offsets = (share - mean.mm(weights)).squeeze(0); // (H)
        var values = new float[_keyBias.numel()];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)(random.NextNormal() / Math.Sqrt(_keyBias.shape[1]));
        _keyBias.copy_(tensor(values, _keyBias.shape));
        var along = _keyBias / _keyBias.Squared().sum(1L, keepdim: true); // (H, K)
        _queryWeight.AddInPlace(along.unsqueeze(2) * weights.t().@float().unsqueeze(1));
        _queryBias.copy_(along * offsets.@float().unsqueeze(1));
    }

    /// <summary>
    /// What of the layer depends on the activations alone; once for each of them, however many places read it. As
    /// q·k = (Q LN(h) + q̄)·k = LN(h)·(Qᵀk) + q̄·k, a place needs C numbers a head rather than a projection to K.
    /// </summary>
    /// <param name="encoded">e, <c>(R, E)</c>.</param>
    public ControlState Prepare(Tensor encoded)
    {
        using var scope = NewDisposeScope();
        var (heads, headWidth, width) = (_queryWeight.shape[0], _queryWeight.shape[1], _queryWeight.shape[2]);
        var r = encoded.shape[0];
        var keys = MatrixProducts.Linear(encoded, _keyWeight.flatten(0, 1), _keyBias.flatten()).view(r, heads, headWidth);
        // Laid out as matrices of an activation, which every place that reads it takes them as.
        var directions = MatrixProducts.Batched(keys.transpose(0, 1), _queryWeight).transpose(0, 1).contiguous(); // (R, H, C)
        var offsets = (keys * _queryBias).sum(-1); // (R, H)
        var values = MatrixProducts.Linear(encoded, _valueWeight.flatten(0, 1), _valueBias.flatten()).view(r, heads, width);
        return new ControlState(
            directions.MoveToOuterDisposeScope(), offsets.MoveToOuterDisposeScope(), values.MoveToOuterDisposeScope());
    }

    /// <summary>What the layer adds to the stream.</summary>
    /// <param name="stream">h, <c>(R, N, C)</c>.</param>
    /// <returns><c>(R, N, C)</c>; the caller owns it.</returns>
    public Tensor Apply(Tensor stream, ControlState state)
    {
        using var scope = NewDisposeScope();
        return MatrixProducts.Batched(Weights(stream, state), state.Values).MoveToOuterDisposeScope();
    }

    /// <summary>ω, <c>(R, N, H)</c>; the caller owns it.</summary>
    public Tensor Weights(Tensor stream, ControlState state)
    {
        using var scope = NewDisposeScope();
        return MatrixProducts.Batched(Normed(stream), state.Directions.transpose(1, 2)).AddInPlace(state.Offsets.unsqueeze(1)).tanh().MoveToOuterDisposeScope();
    }

    private Tensor Normed(Tensor stream) => nn.functional.layer_norm(stream, [stream.shape[^1]], _normWeight, _normBias, NormEpsilon);
}

/// <summary>How the weights of queries and keys of control layers begin.</summary>
public enum ControlInitial
{
    /// <summary>Normal with deviation √(2 / inputs) (He et al. 2015): the paper's. Saturates nearly every tanh in wide models.</summary>
    Kaiming,

    /// <summary>Uniform within ±1/√inputs, as linear layers begin.</summary>
    Linear,

    /// <summary>Normal, so small that q·k has deviation 1 for unit inputs: hardly any tanh is saturated.</summary>
    Unit,

    /// <summary>
    /// A share of <see cref="Unit"/>, and each head begins by reading one kind of place: the weight is high where the backbone
    /// stands at such a place, and about 0 elsewhere, whatever the activation. Values then learn apart from one another.
    /// </summary>
    Places,
}

/// <summary>A control layer's share of given activations.</summary>
/// <param name="Directions">Qᵀk, <c>(R, H, C)</c>.</param>
/// <param name="Offsets">q̄·k, <c>(R, H)</c>.</param>
/// <param name="Values">v, <c>(R, H, C)</c>.</param>
internal sealed record ControlState(Tensor Directions, Tensor Offsets, Tensor Values);
