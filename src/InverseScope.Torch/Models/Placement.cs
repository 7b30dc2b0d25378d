using TorchSharp.Modules;
using static TorchSharp.torch;

namespace InverseScope.Torch.Models;

/// <summary>Where parameters are allocated, and their type.</summary>
internal readonly record struct Placement(Device Device, ScalarType Type)
{
    /// <summary>float32 on the CPU.</summary>
    public static Placement Default { get; } = new(CPU, ScalarType.Float32);

    /// <summary>A parameter without values yet.</summary>
    public Parameter Parameter(params long[] shape) => nn.Parameter(empty(shape, dtype: Type, device: Device));
}
