using InverseScope.Core;

namespace InverseScope.Torch.Models;

/// <summary>Non-linearities by the names that config.json files give them.</summary>
internal static class ActivationNames
{
    private static readonly (string Name, Activation Activation)[] All =
    [
        ("gelu_new", Activation.GeluTanh), ("gelu_pytorch_tanh", Activation.GeluTanh), ("gelu_fast", Activation.GeluTanh),
        ("gelu", Activation.GeluErf), ("gelu_python", Activation.GeluErf), ("quick_gelu", Activation.QuickGelu),
        ("relu", Activation.Relu), ("silu", Activation.Silu), ("swish", Activation.Silu), ("tanh", Activation.Tanh),
    ];

    /// <summary>The first name of it.</summary>
    public static string Of(Activation activation) => All.First(a => a.Activation == activation).Name;

    /// <param name="field">Where the name stands.</param>
    /// <param name="usual">The name where the field is absent.</param>
    /// <exception cref="BadInputException">The name is not known.</exception>
    public static Activation Read(ConfigFields fields, string field, string usual)
    {
        var name = fields.Text(field) ?? usual;
        foreach (var known in All)
        {
            if (known.Name == name)
                return known.Activation;
        }

        var names = All.Select(a => a.Name).ToArray();
        throw new BadInputException(
            $"{fields.Path}: {field} '{name}' is not supported.{NearestName.Hint(name, names)}", $"Supported: {string.Join(", ", names)}.");
    }
}
