using TorchSharp.Utils;
using static TorchSharp.torch;

namespace InverseScope.Torch.Models;

/// <summary>Causal attention of several heads, with one fused projection to queries, keys and values.</summary>
internal sealed class SelfAttention : nn.Module
{
    private readonly TransformerConfig _config;
    private readonly int _layer;

    [ComponentName(Name = "c_attn")]
    private readonly Projection _project;

    [ComponentName(Name = "c_proj")]
    private readonly Projection _output;

    public SelfAttention(TransformerConfig config, int layer)
        : base(nameof(SelfAttention))
    {
        (_config, _layer) = (config, layer);
        _project = new Projection(config.Width, 3 * config.Heads * config.HeadWidth);
        _output = new Projection(config.Heads * config.HeadWidth, config.Width);
        RegisterComponents();
    }

    /// <summary>W_O,h, the rows of the output weight that read one head's mix, <c>(K, C)</c>; the caller owns it.</summary>
    public Tensor OutputWeight(int head) => _output.Weight.narrow(0, (long)head * _config.HeadWidth, _config.HeadWidth);

    /// <summary>W_V,h, <c>(C, K)</c>; the caller owns it.</summary>
    public Tensor ValueWeight(int head) => _project.Weight.narrow(1, ValueColumn(head), _config.HeadWidth);

    /// <summary>b_V,h, <c>(K)</c>; the caller owns it.</summary>
    public Tensor ValueBias(int head) => _project.Bias.narrow(0, ValueColumn(head), _config.HeadWidth);

    /// <param name="input">The normed stream, <c>(B, T, C)</c>.</param>
    /// <param name="visible">
    /// True where a query may see a key, <c>(B or 1, 1, T, keys)</c>; null means causal, or all for a single token.
    /// </param>
    /// <returns><c>(B, T, C)</c>, the caller owns it; null if the pass ends at the heads.</returns>
    public Tensor? Run(Tensor input, Tensor? visible, ForwardPass pass)
    {
        using var scope = NewDisposeScope();
        var (b, t) = (input.shape[0], input.shape[1]);
        var (heads, width) = (_config.Heads, _config.HeadWidth);
        var source = pass.Prefix is { } prefix && pass.Cache is not { Tokens: > 0 } ? cat([prefix(_layer), input], 1) : input;
        var length = source.shape[1];
        var parts = _project.call(source).view(b, length, 3, heads, width).permute(2, 0, 3, 1, 4); // (3, B, H, T or T + 1, K)
        var query = length == t ? parts[0] : parts[0].narrow(2, length - t, t);
        var (key, value) = pass.Cache is { } cache ? cache.Append(_layer, parts[1], parts[2]) : (parts[1], parts[2]);
        var mix = Mix(query, key, value, visible, pass); // (B, H, T, K)
        if (pass.Tap is { } tap)
            mix = tap(Place.HeadMix, _layer, mix);
        if (pass.EndsAt(_layer, Place.HeadMix))
            return null;
        return _output.call(mix.transpose(1, 2).reshape(b, t, heads * width)).MoveToOuterDisposeScope();
    }

    private Tensor Mix(Tensor query, Tensor key, Tensor value, Tensor? visible, ForwardPass pass)
    {
        var scale = (_config.ScaleScores ? 1 / Math.Sqrt(_config.HeadWidth) : 1) / (_config.ScaleScoresByLayer ? _layer + 1 : 1);
        var dropout = training ? _config.AttentionDropout : 0;
        if (visible is null)
        {
            // SDPA always divides by √K itself.
            var correction = scale * Math.Sqrt(_config.HeadWidth);
            return nn.functional.scaled_dot_product_attention(
                Math.Abs(correction - 1) < 1e-12 ? query : query * correction, key, value, p: dropout,
                is_casual: query.shape[2] == key.shape[2]);
        }

        var (b, h, t, k) = (query.shape[0], query.shape[1], query.shape[2], query.shape[3]);
        var keys = key.shape[2];
        var scores = (query * scale).reshape(b * h, t, k).bmm(key.transpose(2, 3).reshape(b * h, k, keys)).view(b, h, t, keys);

        // The smallest number rather than −∞: a padded query sees nothing, and must not become NaN.
        var weights = scores.masked_fill(visible.logical_not(), float.MinValue).softmax(-1); // (B, H, T, keys)
        if (pass.TapsWeights && pass.Tap is { } tap)
            weights = tap(Place.AttentionWeights, _layer, weights);
        weights = nn.functional.dropout(weights, dropout, training);
        return weights.reshape(b * h, t, keys).bmm(value.reshape(b * h, keys, k)).view(b, h, t, k);
    }

    private long ValueColumn(int head) => (2L * _config.Heads + head) * _config.HeadWidth;
}
