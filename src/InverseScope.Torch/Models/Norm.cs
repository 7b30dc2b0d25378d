using InverseScope.Torch.Runtime;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace InverseScope.Torch.Models;

/// <summary>The norm of a family, computed in float32 whatever the type of the stream.</summary>
internal sealed class Norm : nn.Module<Tensor, Tensor>
{
    private readonly NormKind _kind;
    private readonly double _epsilon;

    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    [ComponentName(Name = "bias")]
    private readonly Parameter? _bias;

    public Norm(TransformerConfig config, Placement placement)
        : base(nameof(Norm))
    {
        (_kind, _epsilon) = (config.Norm, config.NormEpsilon);
        _weight = placement.Parameter(config.Width);
        _bias = _kind == NormKind.Layer ? placement.Parameter(config.Width) : null;
        RegisterComponents();
    }

    /// <summary><c>(C)</c>; null in families without.</summary>
    public Tensor? Bias => _bias;

    /// <param name="input"><c>(…, C)</c>.</param>
    /// <returns>The same shape and type; the caller owns it.</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        if (_kind == NormKind.Layer)
            return nn.functional.layer_norm(input, [input.shape[^1]], _weight, _bias, _epsilon).MoveToOuterDisposeScope();
        var wide = input.@float();
        var normed = wide * wide.Squared().mean([-1L], keepdim: true).Plus(_epsilon).rsqrt();
        var weight = _kind == NormKind.RootMeanSquareFromOne ? _weight.@float().Plus(1) : _weight.@float();
        return (normed * weight).to(input.dtype).MoveToOuterDisposeScope();
    }
}
