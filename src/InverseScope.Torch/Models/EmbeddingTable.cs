using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace InverseScope.Torch.Models;

/// <summary>
/// One vector for each id. Our own, because TorchSharp's Embedding gives a new handle each time its weight is read, so
/// that a head tied to it would be optimised twice.
/// </summary>
internal sealed class EmbeddingTable : nn.Module
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    /// <param name="placement">float32 on the CPU by default.</param>
    public EmbeddingTable(int rows, int width, Placement? placement = null)
        : base(nameof(EmbeddingTable))
    {
        _weight = (placement ?? Placement.Default).Parameter(rows, width);
        RegisterComponents();
    }

    /// <summary><c>(rows, width)</c>.</summary>
    public Parameter Weight => _weight;

    /// <param name="ids">int64, any shape.</param>
    /// <returns>Their vectors, <c>(…, width)</c>; the caller owns it.</returns>
    public Tensor Rows(Tensor ids)
    {
        using var scope = NewDisposeScope();
        var shape = ids.shape;
        return _weight.index_select(0, ids.reshape(-1)).view([.. shape, _weight.shape[1]]).MoveToOuterDisposeScope();
    }
}
