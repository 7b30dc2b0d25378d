using InverseScope.Core.Seeds;
using InverseScope.Torch.Runtime;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace InverseScope.Torch.Models;

/// <summary>
/// x W + b, with W as (in, out): GPT-2's Conv1D. While it is fine-tuned by a low-rank update (Hu et al. 2022), W + A B
/// stands for W.
/// </summary>
internal sealed class Projection : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    [ComponentName(Name = "bias")]
    private readonly Parameter? _bias;

    [ComponentName(Name = "update_in")]
    private Parameter? _updateIn;

    [ComponentName(Name = "update_out")]
    private Parameter? _updateOut;

    /// <param name="placement">float32 on the CPU by default.</param>
    public Projection(int inputs, int outputs, bool bias = true, Placement? placement = null)
        : base(nameof(Projection))
    {
        var at = placement ?? Placement.Default;
        _weight = at.Parameter(inputs, outputs);
        _bias = bias ? at.Parameter(outputs) : null;
        RegisterComponents();
    }

    /// <summary><c>(in, out)</c>.</summary>
    public Parameter Weight => _weight;

    /// <summary><c>(out)</c>; null without.</summary>
    public Parameter? Bias => _bias;

    /// <param name="input"><c>(…, in)</c>.</param>
    /// <returns><c>(…, out)</c>; the caller owns it.</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var found = MatrixProducts.Linear(input, _weight.t(), _bias);
        if (_updateIn is not null)
            found = found.Plus(MatrixProducts.Linear(MatrixProducts.Linear(input, _updateIn.t()), _updateOut!.t()));
        return found.MoveToOuterDisposeScope();
    }

    /// <summary>Adds an update A B of a rank, which is zero at first: A (in, rank) random, B (rank, out) zero. The weight and bias stay as they are.</summary>
    public void AddLowRank(int rank, RandomStream random)
    {
        using var frozen = no_grad();
        var values = new float[_weight.shape[0] * rank];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)(random.NextNormal() / Math.Sqrt(rank));
        _updateIn = nn.Parameter(tensor(values, [_weight.shape[0], rank], device: _weight.device).DetachFromDisposeScope());
        _updateOut = nn.Parameter(zeros(rank, _weight.shape[1], device: _weight.device).DetachFromDisposeScope());
        register_parameter("update_in", _updateIn);
        register_parameter("update_out", _updateOut);
        _weight.requires_grad = false;
        if (_bias is not null)
            _bias.requires_grad = false;
    }

    /// <summary>W + A B, <c>(in, out)</c>; the caller owns it. W itself without an update.</summary>
    public Tensor Merged()
    {
        using var scope = NewDisposeScope();
        return (_updateIn is null ? _weight.alias() : _weight.Plus(_updateIn.mm(_updateOut!))).MoveToOuterDisposeScope();
    }
}
