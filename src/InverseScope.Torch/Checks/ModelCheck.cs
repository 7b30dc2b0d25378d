using System.Runtime.InteropServices;
using System.Text.Json;
using InverseScope.Core;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;

namespace InverseScope.Torch.Checks;

/// <summary>Compares a model folder with the reference numbers in its <c>golden.json</c>.</summary>
public static class ModelCheck
{
    private const string FileName = "golden.json";

    /// <exception cref="BadInputException">
    /// The model cannot be opened, or golden.json is missing, malformed, or of an unknown form.
    /// </exception>
    public static ModelCheckResult Run(string folder, TorchThread thread, CancellationToken cancel = default)
    {
        using var target = TargetModel.Open(folder, thread);
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            throw new BadInputException($"{folder} has no {FileName} to compare with.");
        try
        {
            using var golden = JsonFile.Read(path);
            var root = golden.RootElement;
            var tally = new ErrorTally();
            target.Compute(
                network =>
                {
                    if (root.TryGetProperty("prompts", out _))
                        new PromptGolden(network, root, tally).Compare(cancel);
                    else if (root.TryGetProperty("items", out _))
                        new TextGolden(network, target, root, tally).Compare(cancel);
                    else
                        throw new BadInputException($"{path} has neither 'prompts' nor 'items'.");
                    return true;
                },
                cancel);
            return tally.Quantities.Count > 0
                ? new ModelCheckResult(folder, thread.Weights, tally.Quantities)
                : throw new BadInputException($"{path} gives nothing to compare.");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new BadInputException($"{path} is malformed: {e.Message}", inner: e);
        }
        catch (Exception e) when (e is ArgumentException or IndexOutOfRangeException or OverflowException or ExternalException)
        {
            throw new BadInputException(
                $"{path} asks for what the model does not have: a layer, head or token out of range, or numbers of another shape.", "Make it anew for this model.", e);
        }
    }
}
