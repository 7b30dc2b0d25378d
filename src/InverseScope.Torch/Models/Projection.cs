using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace InverseScope.Torch.Models;

/// <summary>x W + b, with W stored as (in, out): GPT-2's Conv1D.</summary>
internal sealed class Projection : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    [ComponentName(Name = "bias")]
    private readonly Parameter _bias;

    public Projection(int inputs, int outputs)
        : base(nameof(Projection))
    {
        _weight = nn.Parameter(empty(inputs, outputs, dtype: ScalarType.Float32));
        _bias = nn.Parameter(empty(outputs, dtype: ScalarType.Float32));
        RegisterComponents();
    }

    /// <summary><c>(in, out)</c>.</summary>
    public Parameter Weight => _weight;

    /// <summary><c>(out)</c>.</summary>
    public Parameter Bias => _bias;

    /// <param name="input"><c>(…, in)</c>.</param>
    /// <returns><c>(…, out)</c>; the caller owns it.</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return nn.functional.linear(input, _weight.t(), _bias).MoveToOuterDisposeScope();
    }
}
