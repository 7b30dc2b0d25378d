using System.Text.RegularExpressions;
using InverseScope.Core;
using InverseScope.Torch.Safetensors;
using static TorchSharp.torch;

namespace InverseScope.Torch.Models;

/// <summary>
/// Moves weights between a checkpoint in Hugging Face layout and a <see cref="CausalTransformer"/>. Names and shapes are
/// compared before anything is copied, because TorchSharp's own loader compares names only and would broadcast.
/// </summary>
internal static partial class WeightLoader
{
    private const string Prefix = "transformer.";
    private const string HeadName = "lm_head.weight";
    private const string TokenName = "wte.weight";

    /// <summary>
    /// Refuses a config that asks for far more than the files hold, before memory is taken for it. Differences of single
    /// tensors are left to <see cref="Load"/>, which lists them.
    /// </summary>
    /// <exception cref="BadInputException">The config asks for more than twice as many parameters.</exception>
    public static void CheckSize(TransformerConfig config, Checkpoint checkpoint)
    {
        const double Slack = 1e6;
        double width = config.Width, inner = config.MlpWidth;
        var asked = (config.Vocabulary * (config.TiedHead ? 1.0 : 2.0) + config.Context) * width
            + config.Layers * (4 * width * width + 2 * width * inner + inner + 9 * width);
        var held = checkpoint.Names.Sum(name => checkpoint[name].Shape.Aggregate(1.0, (product, size) => product * size));
        if (asked > 2 * held + Slack)
        {
            throw new BadInputException(FormattableString.Invariant(
                $"{checkpoint.Folder}: {ConfigFile.Name} asks for {asked:0.0e+0} parameters ({config.Layers} layers of width {config.Width}, vocabulary {config.Vocabulary}, context {config.Context}), but the weights hold {held:0.0e+0}."));
        }
    }

    /// <summary>Fills every parameter; float16 and bfloat16 become float32 exactly.</summary>
    /// <exception cref="BadInputException">Lists all tensors that are missing, not wanted, or of another shape.</exception>
    public static void Load(CausalTransformer model, Checkpoint checkpoint)
    {
        var stored = StoredNames(checkpoint);
        var wanted = model.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        var differences = new List<string>();
        foreach (var (name, parameter) in wanted)
        {
            if (!stored.TryGetValue(name, out var found))
                differences.Add($"missing: {name} {TensorEntry.ShapeText(parameter.shape)}");
            else if (!checkpoint[found].Shape.SequenceEqual(parameter.shape))
                differences.Add($"{found} is {checkpoint[found]}, expected {TensorEntry.ShapeText(parameter.shape)}");
            else if (checkpoint[found].DType is not (DType.F32 or DType.F16 or DType.BF16 or DType.F64))
                differences.Add($"{found} is {checkpoint[found].DType}, expected F32, F16 or BF16");
        }

        var tiedHead = model.Config.TiedHead && stored.Remove(HeadName, out var head) ? head : null;
        differences.AddRange(
            stored.Where(s => !wanted.ContainsKey(s.Key)).Select(s => $"not expected: {s.Value} {checkpoint[s.Value]}"));
        if (differences.Count > 0)
        {
            throw new BadInputException(
                $"The weights in {checkpoint.Folder} do not fit its {ConfigFile.Name}, {differences.Count} differences: "
                + $"{string.Join("; ", differences)}.");
        }

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (var (name, parameter) in wanted)
            parameter.copy_(tensor(checkpoint.ReadSingles(stored[name]), parameter.shape));
        if (tiedHead is not null && !checkpoint.ReadSingles(tiedHead).AsSpan().SequenceEqual(checkpoint.ReadSingles(stored[TokenName])))
        {
            throw new BadInputException(
                $"{checkpoint.Folder}: {tiedHead} differs from {stored[TokenName]}, though the config ties them.",
                "If the head is its own, set tie_word_embeddings to false in config.json; else remove the tensor.");
        }
    }

    /// <summary>Writes config.json and model.safetensors (float32, names with <c>transformer.</c>) into a folder.</summary>
    /// <param name="metadata">Kept in the weight file's header, e.g. how the model was made.</param>
    public static void Save(CausalTransformer model, string folder, IReadOnlyDictionary<string, string>? metadata = null)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, ConfigFile.Name), Gpt2Config.Write(model.Config));
        var parameters = model.named_parameters().OrderBy(p => p.name, StringComparer.Ordinal).ToArray();
        var entries = parameters.Select(p => (StoredName(p.name), DType.F32, (IReadOnlyList<long>)p.parameter.shape));
        var header = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" };
        foreach (var (key, value) in metadata ?? new Dictionary<string, string>())
            header[key] = value;
        using var writer = new SafetensorsWriter(
            Path.Combine(folder, "model.safetensors"), entries, new Dictionary<string, string>(header));
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (var (name, parameter) in parameters)
            writer.Write<byte>(StoredName(name), 0, parameter.cpu().contiguous().bytes);
        writer.Commit();
    }

    private static string StoredName(string name) => name == HeadName ? name : Prefix + name;

    /// <summary>The model's name of each stored tensor → the name in the file; causal masks are left out.</summary>
    private static Dictionary<string, string> StoredNames(Checkpoint checkpoint)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var stored in checkpoint.Names.Order(StringComparer.Ordinal))
        {
            var name = stored.StartsWith(Prefix, StringComparison.Ordinal) ? stored[Prefix.Length..] : stored;
            if (MaskBuffer().IsMatch(name))
                continue;
            if (!names.TryAdd(name, stored))
            {
                throw new BadInputException(
                    $"{checkpoint.Folder} holds '{name}' twice: as '{names[name]}' and as '{stored}'.");
            }
        }

        return names;
    }

    // Causal masks that old files store beside the weights.
    [GeneratedRegex(@"^h\.\d+\.attn\.(bias|masked_bias)$")]
    private static partial Regex MaskBuffer();
}
