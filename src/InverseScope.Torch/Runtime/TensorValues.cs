using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace InverseScope.Torch.Runtime;

/// <summary>Numbers out of tensors.</summary>
internal static class TensorValues
{
    /// <summary>All elements as float32, row by row, from any device and floating-point type.</summary>
    public static float[] Singles(this Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return MemoryMarshal.Cast<byte, float>(tensor.cpu().@float().contiguous().bytes).ToArray();
    }
}
