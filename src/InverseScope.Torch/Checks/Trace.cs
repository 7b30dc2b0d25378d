using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Checks;

/// <summary>Everything that one forward pass computed, as arrays.</summary>
internal sealed class Trace
{
    private readonly Dictionary<(Place Place, int Layer), float[]> _values = [];
    private readonly TransformerConfig _config;
    private readonly int _tokens;
    private float[] _norms = [];
    private float[] _logits = [];

    private Trace(TransformerConfig config, int tokens) => (_config, _tokens) = (config, tokens);

    /// <param name="ids">(B, T).</param>
    /// <param name="mask">(B, T), 1 where there is a token; null where nothing is padded.</param>
    /// <param name="positions">(B, T); null means 0 .. T − 1.</param>
    /// <param name="patch">Replaces values on the way; null changes nothing.</param>
    public static Trace Of(
        CausalTransformer network, long[][] ids, long[][]? mask = null, long[][]? positions = null, Tap? patch = null)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var trace = new Trace(network.Config, ids[0].Length);
        var stream = network.Run(new ForwardPass(Table(ids, network.Device))
        {
            Mask = mask is null ? null : Table(mask, network.Device).to(ScalarType.Bool),
            Positions = positions is null ? null : Table(positions, network.Device),
            TapsWeights = true,
            Tap = (place, layer, value) =>
            {
                var kept = patch is null ? value : patch(place, layer, value);
                trace._values[(place, layer)] = kept.Singles();
                return kept;
            },
        });
        trace._norms = network.FinalNorm(stream).Singles();
        trace._logits = network.Logits(stream).Singles();
        return trace;
    }

    /// <summary>A value at one token: C numbers of the stream, or H × K of <see cref="Place.HeadMix"/>.</summary>
    public ReadOnlySpan<float> At(Place place, int layer, int text, int token)
    {
        var values = _values[(place, layer)];
        if (place != Place.HeadMix)
            return values.AsSpan((text * _tokens + token) * _config.Width, _config.Width);
        var (heads, width) = (_config.Heads, _config.HeadWidth);
        var mixes = new float[heads * width];
        for (var head = 0; head < heads; head++)
            values.AsSpan(((text * heads + head) * _tokens + token) * width, width).CopyTo(mixes.AsSpan(head * width));
        return mixes;
    }

    /// <summary>Attention weights of one query on the first keys, H × keys.</summary>
    public ReadOnlySpan<float> Weights(int layer, int text, int token, int keys)
    {
        var values = _values[(Place.AttentionWeights, layer)];
        var weights = new float[_config.Heads * keys];
        for (var head = 0; head < _config.Heads; head++)
        {
            values.AsSpan(((text * _config.Heads + head) * _tokens + token) * _tokens, keys)
                .CopyTo(weights.AsSpan(head * keys));
        }

        return weights;
    }

    /// <summary>Stream after the final norm, C numbers.</summary>
    public ReadOnlySpan<float> Norm(int text, int token) =>
        _norms.AsSpan((text * _tokens + token) * _config.Width, _config.Width);

    /// <summary>Next-token scores, V numbers.</summary>
    public ReadOnlySpan<float> Logits(int text, int token) =>
        _logits.AsSpan((text * _tokens + token) * _config.Vocabulary, _config.Vocabulary);

    /// <summary>ln p(next | up to token).</summary>
    public float LogProbability(int text, int token, long next)
    {
        var logits = Logits(text, token);
        var largest = double.NegativeInfinity;
        foreach (var logit in logits)
            largest = Math.Max(largest, logit);
        double sum = 0;
        foreach (var logit in logits)
            sum += Math.Exp(logit - largest);
        return (float)(logits[(int)next] - largest - Math.Log(sum));
    }

    private static Tensor Table(long[][] rows, Device device) =>
        tensor([.. rows.SelectMany(r => r)], [rows.Length, rows[0].Length], device: device);
}
