using InverseScope.Torch.Runtime;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace InverseScope.Torch.Models;

/// <summary>One layer: attention, then MLP, each reading the normed stream and adding to it (pre-norm).</summary>
internal sealed class TransformerBlock : nn.Module
{
    private readonly int _layer;
    private readonly double _dropout;

    [ComponentName(Name = "ln_1")]
    private readonly Norm _attentionNorm;

    [ComponentName(Name = "attn")]
    private readonly SelfAttention _attention;

    [ComponentName(Name = "ln_2")]
    private readonly Norm _mlpNorm;

    [ComponentName(Name = "mlp")]
    private readonly Mlp _mlp;

    [ComponentName(Name = "ln_1_added")]
    private readonly Norm? _attendedNorm;

    [ComponentName(Name = "ln_2_added")]
    private readonly Norm? _addedNorm;

    public TransformerBlock(TransformerConfig config, int layer, Placement placement)
        : base(nameof(TransformerBlock))
    {
        (_layer, _dropout) = (layer, config.ResidualDropout);
        _attentionNorm = new Norm(config, placement);
        _attention = new SelfAttention(config, layer, placement);
        _mlpNorm = new Norm(config, placement);
        _mlp = new Mlp(config, placement);
        if (config.NormsAdded)
            (_attendedNorm, _addedNorm) = (new Norm(config, placement), new Norm(config, placement));
        RegisterComponents();
    }

    /// <summary>The attention block, for its value and output weights.</summary>
    public SelfAttention Attention => _attention;

    /// <summary>Bias of the norm before attention, <c>(C)</c>; null in families without.</summary>
    public Tensor? AttentionNormBias => _attentionNorm.Bias;

    /// <param name="stream"><c>(B, T, C)</c>.</param>
    /// <returns>The stream after the layer, or as far as the pass goes, <c>(B, T, C)</c>; the caller owns it.</returns>
    public Tensor Run(Tensor stream, AttentionView view, ForwardPass pass)
    {
        using var scope = NewDisposeScope();
        var attended = _attention.Run(_attentionNorm.call(stream), view, pass); // (B, T, C)
        if (attended is null)
            return stream.alias().MoveToOuterDisposeScope();
        if (_attendedNorm is not null)
            attended = _attendedNorm.call(Tapped(pass, Place.UnnormedAttention, attended));
        attended = Tapped(pass, Place.Attention, nn.functional.dropout(attended, _dropout, training));
        var middle = Tapped(pass, Place.Middle, stream.Plus(attended)); // (B, T, C)
        if (pass.EndsAt(_layer, Place.Middle))
            return middle.MoveToOuterDisposeScope();
        var added = _mlp.call(_mlpNorm.call(middle)); // (B, T, C)
        if (_addedNorm is not null)
            added = _addedNorm.call(Tapped(pass, Place.UnnormedMlp, added));
        added = Tapped(pass, Place.Mlp, nn.functional.dropout(added, _dropout, training));
        return Tapped(pass, Place.Residual, middle.Plus(added)).MoveToOuterDisposeScope();
    }

    private Tensor Tapped(ForwardPass pass, Place place, Tensor value) =>
        pass.Tap is { } tap ? tap(place, _layer, value) : value;
}

/// <summary>Widen, bend, narrow; if gated, half of the wide numbers bent times the other half.</summary>
internal sealed class Mlp : nn.Module<Tensor, Tensor>
{
    private readonly Activation _activation;
    private readonly int _gated;

    [ComponentName(Name = "c_fc")]
    private readonly Projection _widen;

    [ComponentName(Name = "c_proj")]
    private readonly Projection _narrow;

    public Mlp(TransformerConfig config, Placement placement)
        : base(nameof(Mlp))
    {
        (_activation, _gated) = (config.Activation, config.GatedMlp ? config.MlpWidth : 0);
        _widen = new Projection(config.Width, config.GatedMlp ? 2 * config.MlpWidth : config.MlpWidth, config.MlpBias, placement);
        _narrow = new Projection(config.MlpWidth, config.Width, config.MlpBias, placement);
        RegisterComponents();
    }

    /// <returns><c>(B, T, C)</c>; the caller owns it.</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var wide = _widen.call(input);
        var bent = _gated > 0 ? Bend(wide.narrow(-1, 0, _gated)) * wide.narrow(-1, _gated, _gated) : Bend(wide);
        return _narrow.call(bent).MoveToOuterDisposeScope();
    }

    private Tensor Bend(Tensor x) => _activation switch
    {
        Activation.GeluErf => nn.functional.gelu(x),
        Activation.GeluTanh => nn.functional.gelu(x, GELU.Approximate.tanh),
        Activation.QuickGelu => x * sigmoid(x.Times(1.702)),
        Activation.Relu => nn.functional.relu(x),
        Activation.Silu => nn.functional.silu(x),
        Activation.Tanh => tanh(x),
        _ => throw new InvalidOperationException($"Unknown activation {_activation}."),
    };
}
