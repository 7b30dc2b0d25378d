using InverseScope.Torch.Runtime;
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

    public SelfAttention(TransformerConfig config, int layer, Placement placement)
        : base(nameof(SelfAttention))
    {
        (_config, _layer) = (config, layer);
        _project = new Projection(config.Width, (config.Heads + 2 * config.KeyValueHeads) * config.HeadWidth, config.AttentionBias, placement);
        _output = new Projection(config.Heads * config.HeadWidth, config.Width, config.AttentionBias, placement);
        RegisterComponents();
    }

    /// <summary>W_O,h, the rows of the output weight that read one head's mix, <c>(K, C)</c>; the caller owns it.</summary>
    public Tensor OutputWeight(int head) => _output.Weight.narrow(0, (long)head * _config.HeadWidth, _config.HeadWidth);

    /// <summary>W_V,h, <c>(C, K)</c>; the caller owns it.</summary>
    public Tensor ValueWeight(int head) => _project.Weight.narrow(1, ValueColumn(head), _config.HeadWidth);

    /// <summary>b_V,h, <c>(K)</c>, the caller owns it; null in families without.</summary>
    public Tensor? ValueBias(int head) => _project.Bias?.narrow(0, ValueColumn(head), _config.HeadWidth);

    /// <param name="input">The normed stream, <c>(B, T, C)</c>.</param>
    /// <returns><c>(B, T, C)</c>, the caller owns it; null if the pass ends at the heads.</returns>
    public Tensor? Run(Tensor input, AttentionView view, ForwardPass pass)
    {
        using var scope = NewDisposeScope();
        var (b, t) = (input.shape[0], input.shape[1]);
        var (heads, shared, width) = (_config.Heads, _config.KeyValueHeads, _config.HeadWidth);
        var source = pass.Prefix is { } prefix && pass.Cache is not { Tokens: > 0 } ? cat([prefix(_layer), input], 1) : input;
        var length = source.shape[1];
        var projected = _project.call(source);
        Tensor Part(int first, int count) => projected.narrow(2, (long)first * width, (long)count * width).view(b, length, count, width).transpose(1, 2);
        var (query, key, value) = (Part(0, heads), Part(heads, shared), Part(heads + shared, shared)); // (B, heads, T or T + 1, K)
        if (length > t)
            query = query.narrow(2, length - t, t);
        if (view.Rotation is { } rotation)
        {
            query = rotation.Turn(query);
            // A prefix stands at no position.
            key = length == t ? rotation.Turn(key) : cat([key.narrow(2, 0, length - t), rotation.Turn(key.narrow(2, length - t, t))], 2);
        }

        if (pass.Cache is { } cache)
            (key, value) = cache.Append(_layer, key, value);
        var mix = Mix(query, ForEachQueryHead(key), ForEachQueryHead(value), view.Visible(_layer), pass); // (B, H, T, K)
        if (pass.Tap is { } tap)
            mix = tap(Place.HeadMix, _layer, mix);
        if (pass.EndsAt(_layer, Place.HeadMix))
            return null;
        return _output.call(mix.transpose(1, 2).reshape(b, t, heads * width)).MoveToOuterDisposeScope();
    }

    private Tensor Mix(Tensor query, Tensor key, Tensor value, Tensor? visible, ForwardPass pass)
    {
        var scale = (_config.ScoreScale ?? (_config.ScaleScores ? 1 / Math.Sqrt(_config.HeadWidth) : 1)) / (_config.ScaleScoresByLayer ? _layer + 1 : 1);
        var dropout = training ? _config.AttentionDropout : 0;
        if (visible is null && _config.ScoreCap is null)
        {
            // SDPA always divides by √K itself.
            var correction = scale * Math.Sqrt(_config.HeadWidth);
            return nn.functional.scaled_dot_product_attention(
                Math.Abs(correction - 1) < 1e-12 ? query : query.Times(correction), key, value, p: dropout,
                is_casual: query.shape[2] == key.shape[2]);
        }

        var (b, h, t, k) = (query.shape[0], query.shape[1], query.shape[2], query.shape[3]);
        var keys = key.shape[2];
        var scores = query.Times(scale).reshape(b * h, t, k).bmm(key.transpose(2, 3).reshape(b * h, k, keys)).view(b, h, t, keys).@float();
        if (_config.ScoreCap is { } cap)
            scores = scores.DividedBy(cap).tanh().Times(cap);

        // The smallest number rather than −∞: a padded query sees nothing, and must not become NaN.
        if (visible is not null)
            scores = scores.MaskedFill(visible.logical_not(), float.MinValue);
        var weights = scores.softmax(-1).to(value.dtype); // (B, H, T, keys)
        if (pass.TapsWeights && pass.Tap is { } tap)
            weights = tap(Place.AttentionWeights, _layer, weights);
        weights = nn.functional.dropout(weights, dropout, training);
        return weights.reshape(b * h, t, keys).bmm(value.reshape(b * h, keys, k)).view(b, h, t, k);
    }

    private Tensor ForEachQueryHead(Tensor shared)
    {
        if (_config.QueriesPerKey == 1)
            return shared;
        var (b, heads, keys, width) = (shared.shape[0], shared.shape[1], shared.shape[2], shared.shape[3]);
        return shared.unsqueeze(2).expand(b, heads, _config.QueriesPerKey, keys, width).reshape(b, _config.Heads, keys, width);
    }

    private long ValueColumn(int head) => (_config.Heads + _config.KeyValueHeads + head / _config.QueriesPerKey) * (long)_config.HeadWidth;
}
