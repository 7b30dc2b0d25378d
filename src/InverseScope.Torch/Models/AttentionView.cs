using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Models;

/// <summary>
/// What the attention of a pass needs beside its input: which keys each query sees, and rotary turns. Belongs to the scope it
/// is made in.
/// </summary>
internal sealed class AttentionView
{
    private readonly TransformerConfig _config;
    private readonly ForwardPass _pass;
    private readonly long _queries;
    private readonly long _before;
    private readonly bool _hasPrefix;
    private readonly Dictionary<int, Tensor?> _visible;

    /// <param name="positions">Position of each token, <c>(B or 1, T)</c>, int64.</param>
    /// <param name="type">Of queries and keys.</param>
    public AttentionView(TransformerConfig config, ForwardPass pass, Tensor positions, ScalarType type)
    {
        (_config, _pass, _queries) = (config, pass, pass.Ids.shape[1]);
        _hasPrefix = pass.Prefix is not null;
        _before = (pass.Cache?.Entries ?? 0) + (_hasPrefix && pass.Cache is not { Tokens: > 0 } ? 1 : 0);
        _visible = Enumerable.Range(0, config.Layers).Select(WindowOf).Distinct().ToDictionary(window => window, Make);
        Rotation = config.Rotary is { } rotary ? new Rotation(rotary, config.HeadWidth, positions, type) : null;
    }

    /// <summary>Null in families whose positions are learnt.</summary>
    public Rotation? Rotation { get; }

    /// <summary>
    /// Which key each query of a layer may see, <c>(B or 1, 1, T, keys)</c>, or null where there is no other choice: causal
    /// if a text is read from its begin, everything if one token is added to what a cache holds.
    /// </summary>
    public Tensor? Visible(int layer) => _visible[WindowOf(layer)];

    // The window of a layer, or 0 if it reaches beyond the first key and hides nothing.
    private int WindowOf(int layer) => _config.Window(layer) is { } window && window < _before + _queries ? window : 0;

    private Tensor? Make(int window)
    {
        var (b, t, device) = (_pass.Ids.shape[0], _queries, _pass.Ids.device);
        var causalAnyway = _before == 0 && _config.ScoreCap is null; // what fused attention does itself
        if (_pass.Mask is null && !_pass.TapsWeights && window == 0 && (causalAnyway || t == 1))
            return null;
        var keys = _before + t;
        var seen = ones(t, keys, dtype: ScalarType.Bool, device: device).tril(_before);
        if (window > 0)
        {
            var near = ones(t, keys, dtype: ScalarType.Bool, device: device).triu(_before - window + 1);
            if (_hasPrefix)
                near.narrow(1, 0, 1).FillInPlace(1);
            seen = seen.logical_and(near);
        }

        seen = seen.view(1, 1, t, keys);
        if (_pass.Mask is not { } mask)
            return seen;
        var there = _before == 0 ? mask : cat([ones(b, _before, dtype: ScalarType.Bool, device: mask.device), mask], 1);
        return seen.logical_and(there.view(b, 1, 1, keys));
    }
}
