using InverseScope.Core;
using InverseScope.Torch.Safetensors;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace InverseScope.Torch.Models;

/// <summary>
/// Moves weights between a checkpoint in Hugging Face layout and a <see cref="CausalTransformer"/>. Names and shapes are
/// compared before anything is copied, because TorchSharp's own loader compares names only and would broadcast.
/// </summary>
internal static class WeightLoader
{
    /// <summary>Most bytes of a checkpoint that are on the host at once, beside the parameters; one row where a row has more.</summary>
    public const long BlockBytes = 64L << 20;

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
        var asked = config.Parameters;
        var held = checkpoint.Names.Sum(name => checkpoint[name].Shape.Aggregate(1.0, (product, size) => product * size));
        if (asked > 2 * held + Slack)
        {
            throw new BadInputException(FormattableString.Invariant(
                $"{checkpoint.Folder}: {ConfigFile.Name} asks for {asked:0.0e+0} parameters ({config.Layers} layers of width {config.Width}, vocabulary {config.Vocabulary}, context {config.Context}), but the weights hold {held:0.0e+0}."));
        }
    }

    /// <summary>
    /// Fills every parameter, where it lies and in its type, from blocks of rows: the host never holds more of the checkpoint than one.
    /// </summary>
    /// <param name="blockBytes">Most bytes of one; a row at least. Changes no number.</param>
    /// <exception cref="BadInputException">Lists all tensors that are missing, not wanted, or of another shape.</exception>
    public static void Load(CausalTransformer model, Checkpoint checkpoint, long blockBytes = BlockBytes)
    {
        var layout = StoredLayout.Of(model.Config);
        var stored = StoredNames(checkpoint, layout);
        var tiedHead = model.Config.TiedHead && stored.Remove(HeadName, out var head) ? head : null;
        var parts = model.named_parameters().Select(p => (p.parameter, Parts: layout.Parts(p.name, p.parameter.shape))).ToArray();
        CheckParts(checkpoint, stored, parts);
        using var frozen = no_grad();
        foreach (var (parameter, from) in parts)
        {
            var column = 0L;
            foreach (var part in from)
            {
                Fill(parameter, column, part, checkpoint, stored[part.Name], blockBytes);
                column += part.Columns;
            }
        }

        if (tiedHead is not null)
            CheckTied(checkpoint, tiedHead, stored[layout.Parts(TokenName, [1])[0].Name]);
    }

    private static void CheckParts(
        Checkpoint checkpoint, Dictionary<string, string> stored, IReadOnlyList<(Parameter Parameter, IReadOnlyList<StoredPart> Parts)> parts)
    {
        var differences = new List<string>();
        var wanted = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (parameter, part) in parts.SelectMany(p => p.Parts.Select(part => (p.Parameter, part))))
        {
            wanted.Add(part.Name);
            long[] shape = parameter.dim() == 1 ? [part.Columns] : part.Transposed ? [part.Columns, parameter.shape[0]] : [parameter.shape[0], part.Columns];
            if (!stored.TryGetValue(part.Name, out var found))
                differences.Add($"missing: {part.Name} {TensorEntry.ShapeText(shape)}");
            else if (!checkpoint[found].Shape.SequenceEqual(shape))
                differences.Add($"{found} is {checkpoint[found]}, expected {TensorEntry.ShapeText(shape)}");
            else if (checkpoint[found].DType is not (DType.F32 or DType.F16 or DType.BF16 or DType.F64))
                differences.Add($"{found} is {checkpoint[found].DType}, expected F32, F16 or BF16");
        }

        differences.AddRange(stored.Where(s => !wanted.Contains(s.Key)).Select(s => $"not expected: {s.Value} {checkpoint[s.Value]}"));
        if (differences.Count > 0)
        {
            const int Most = 20;
            throw new BadInputException(
                $"The weights in {checkpoint.Folder} do not fit its {ConfigFile.Name}, {differences.Count} differences: "
                + $"{string.Join("; ", differences.Take(Most))}{(differences.Count > Most ? $"; and {differences.Count - Most} more" : "")}.");
        }
    }

    private static void Fill(Parameter parameter, long column, StoredPart part, Checkpoint checkpoint, string name, long blockBytes)
    {
        foreach (var (row, block) in Blocks(checkpoint, name, blockBytes))
        {
            using var scope = NewDisposeScope();
            using (block)
            {
                var into = parameter.dim() == 1 || part.Transposed
                    ? parameter.narrow(-1, column + row, block.shape[0])
                    : parameter.narrow(0, row, block.shape[0]).narrow(1, column, part.Columns);
                into.copy_(part.Transposed ? block.t() : block);
            }
        }
    }

    private static void CheckTied(Checkpoint checkpoint, string head, string tokens)
    {
        var equal = checkpoint[head].Shape.SequenceEqual(checkpoint[tokens].Shape)
            && Blocks(checkpoint, head).Zip(Blocks(checkpoint, tokens)).All(pair => Same(pair.First.Rows, pair.Second.Rows));
        if (!equal)
        {
            throw new BadInputException(
                $"{checkpoint.Folder}: {head} differs from {tokens}, though the config ties them.",
                "If the head is its own, set tie_word_embeddings to false in config.json; else remove the tensor.");
        }
    }

    private static bool Same(Tensor left, Tensor right)
    {
        using var scope = NewDisposeScope();
        using (left)
        using (right)
            return left.shape.SequenceEqual(right.shape) && !left.@float().ne(right.@float()).any().item<bool>();
    }

    /// <summary>A tensor's rows, some at a time, in the type that they are stored in; the caller disposes each block.</summary>
    internal static IEnumerable<(long First, Tensor Rows)> Blocks(Checkpoint checkpoint, string name, long blockBytes = BlockBytes)
    {
        var entry = checkpoint[name];
        var type = entry.DType switch
        {
            DType.F16 => ScalarType.Float16,
            DType.BF16 => ScalarType.BFloat16,
            DType.F64 => ScalarType.Float64,
            _ => ScalarType.Float32,
        };
        var rowBytes = entry.Bytes / Math.Max(1, entry.Shape[0]);
        var most = Math.Max(1, blockBytes / Math.Max(1, rowBytes));
        for (var first = 0L; first < entry.Shape[0]; first += most)
        {
            var rows = Math.Min(most, entry.Shape[0] - first);
            var block = empty([rows, .. entry.Shape.Skip(1)], dtype: type, device: CPU);
            checkpoint.ReadBytes(name, first * rowBytes, block.bytes);
            yield return (first, block);
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
            Path.Combine(folder, Checkpoint.SingleName), entries, new Dictionary<string, string>(header));
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (var (name, parameter) in parameters)
            writer.Write<byte>(StoredName(name), 0, parameter.cpu().contiguous().bytes);
        writer.Commit();
    }

    private static string StoredName(string name) => name == HeadName ? name : StoredLayout.Gpt2Prefix + name;

    /// <summary>The family's name of each stored tensor → the name in the file; what is no weight is left out.</summary>
    private static Dictionary<string, string> StoredNames(Checkpoint checkpoint, StoredLayout layout)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var stored in checkpoint.Names.Order(StringComparer.Ordinal))
        {
            var name = stored.StartsWith(layout.Prefix, StringComparison.Ordinal) ? stored[layout.Prefix.Length..] : stored;
            if (StoredLayout.IsBuffer(name))
                continue;
            if (!names.TryAdd(name, stored))
            {
                throw new BadInputException(
                    $"{checkpoint.Folder} holds '{name}' twice: as '{names[name]}' and as '{stored}'.");
            }
        }

        return names;
    }
}
