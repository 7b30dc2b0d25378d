using System.Text.Json.Serialization;
using static TorchSharp.torch;

namespace InverseScope.Torch.Runtime;

/// <summary>
/// Type of the weights that are not trained: those of targets and of the backbones of generators. What is trained, norms, the softmax,
/// probabilities, noise and distances are float32 whatever it is. Also the type in which trainings multiply.
/// </summary>
public enum NumberType
{
    /// <summary>What reference numbers are checked in.</summary>
    Float32,

    /// <summary>Half the memory, 8 significant bits.</summary>
    [JsonStringEnumMemberName("bfloat16")]
    BFloat16,

    /// <summary>Half the memory, 11 significant bits, nothing above 65,504.</summary>
    Float16,
}

/// <summary>What libtorch calls them, and how large they are.</summary>
internal static class NumberTypes
{
    public static ScalarType ToTorch(this NumberType type) => type switch
    {
        NumberType.BFloat16 => ScalarType.BFloat16,
        NumberType.Float16 => ScalarType.Float16,
        _ => ScalarType.Float32,
    };

    /// <summary>Bytes of one number.</summary>
    public static int Size(this NumberType type) => type == NumberType.Float32 ? 4 : 2;

    /// <summary>Distance from 1 to the next number.</summary>
    public static double Epsilon(this NumberType type) => type switch
    {
        NumberType.BFloat16 => 1.0 / (1 << 7),
        NumberType.Float16 => 1.0 / (1 << 10),
        _ => 1.0 / (1 << 23),
    };

    /// <summary>As options and results write it, e.g. <c>bfloat16</c>.</summary>
    public static string Text(this NumberType type) => type.ToString().ToLowerInvariant();
}
