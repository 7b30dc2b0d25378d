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
    private readonly LayerNorm _attentionNorm;

    [ComponentName(Name = "attn")]
    private readonly SelfAttention _attention;

    [ComponentName(Name = "ln_2")]
    private readonly LayerNorm _mlpNorm;

    [ComponentName(Name = "mlp")]
    private readonly Mlp _mlp;

    public TransformerBlock(TransformerConfig config, int layer)
        : base(nameof(TransformerBlock))
    {
        (_layer, _dropout) = (layer, config.ResidualDropout);
        _attentionNorm = nn.LayerNorm(config.Width, config.NormEpsilon);
        _attention = new SelfAttention(config, layer);
        _mlpNorm = nn.LayerNorm(config.Width, config.NormEpsilon);
        _mlp = new Mlp(config);
        RegisterComponents();
    }

    /// <summary>The attention block, for its value and output weights.</summary>
    public SelfAttention Attention => _attention;

    /// <summary>Bias of the norm before attention, <c>(C)</c>; null in families without.</summary>
    public Tensor? AttentionNormBias => _attentionNorm.bias;

    /// <param name="stream"><c>(B, T, C)</c>.</param>
    /// <param name="visible">See <see cref="SelfAttention.Run"/>.</param>
    /// <returns>The stream after the layer, or as far as the pass goes, <c>(B, T, C)</c>; the caller owns it.</returns>
    public Tensor Run(Tensor stream, Tensor? visible, ForwardPass pass)
    {
        using var scope = NewDisposeScope();
        var attended = _attention.Run(_attentionNorm.call(stream), visible, pass); // (B, T, C)
        if (attended is null)
            return stream.alias().MoveToOuterDisposeScope();
        attended = Tapped(pass, Place.Attention, nn.functional.dropout(attended, _dropout, training));
        var middle = Tapped(pass, Place.Middle, stream + attended); // (B, T, C)
        if (pass.EndsAt(_layer, Place.Middle))
            return middle.MoveToOuterDisposeScope();
        var added = _mlp.call(_mlpNorm.call(middle)); // (B, T, C)
        added = Tapped(pass, Place.Mlp, nn.functional.dropout(added, _dropout, training));
        return Tapped(pass, Place.Residual, middle + added).MoveToOuterDisposeScope();
    }

    private Tensor Tapped(ForwardPass pass, Place place, Tensor value) =>
        pass.Tap is { } tap ? tap(place, _layer, value) : value;
}

/// <summary>Widen, bend, narrow.</summary>
internal sealed class Mlp : nn.Module<Tensor, Tensor>
{
    private readonly Activation _activation;

    [ComponentName(Name = "c_fc")]
    private readonly Projection _widen;

    [ComponentName(Name = "c_proj")]
    private readonly Projection _narrow;

    public Mlp(TransformerConfig config)
        : base(nameof(Mlp))
    {
        _activation = config.Activation;
        _widen = new Projection(config.Width, config.MlpWidth);
        _narrow = new Projection(config.MlpWidth, config.Width);
        RegisterComponents();
    }

    /// <returns><c>(B, T, C)</c>; the caller owns it.</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return _narrow.call(Bend(_widen.call(input))).MoveToOuterDisposeScope();
    }

    private Tensor Bend(Tensor x) => _activation switch
    {
        Activation.GeluErf => nn.functional.gelu(x),
        Activation.GeluTanh => nn.functional.gelu(x, GELU.Approximate.tanh),
        Activation.QuickGelu => x * sigmoid(1.702 * x),
        Activation.Relu => nn.functional.relu(x),
        Activation.Silu => nn.functional.silu(x),
        Activation.Tanh => tanh(x),
        _ => throw new InvalidOperationException($"Unknown activation {_activation}."),
    };
}
