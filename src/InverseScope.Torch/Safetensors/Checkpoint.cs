using System.Text.Json;
using InverseScope.Core;

namespace InverseScope.Torch.Safetensors;

/// <summary>
/// The weights of a model folder: <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c>
/// lists.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    /// <summary>The weights where they are in one file.</summary>
    public const string SingleName = "model.safetensors";

    /// <summary>Which shard holds each tensor, where they are in several.</summary>
    public const string IndexName = "model.safetensors.index.json";

    // Of file systems.
    private const int LongestName = 255;

    private readonly Dictionary<string, SafetensorsFile> _fileOf = new(StringComparer.Ordinal);
    private readonly List<SafetensorsFile> _files = [];

    private Checkpoint(string folder) => Folder = folder;

    public string Folder { get; }

    /// <summary>Tensor names, over all shards.</summary>
    public IReadOnlyCollection<string> Names => _fileOf.Keys;

    /// <summary>The entry of a tensor.</summary>
    public TensorEntry this[string name] => _fileOf[name].Tensors[name];

    /// <summary>Paths of the files that hold the weights, the index included, in a fixed order.</summary>
    /// <exception cref="BadInputException">There are no weights, the index is malformed, or a shard is missing.</exception>
    public static IReadOnlyList<string> Files(string folder)
    {
        var index = Path.Combine(folder, IndexName);
        var single = Path.Combine(folder, SingleName);
        if (!File.Exists(index))
        {
            if (File.Exists(single))
                return [single];
            throw new BadInputException(
                $"{folder} holds no weights: neither {SingleName} nor {IndexName} is there.",
                File.Exists(Path.Combine(folder, "pytorch_model.bin"))
                    ? "Convert pytorch_model.bin to safetensors; pickled weights are not read."
                    : "Give the folder of a model in Hugging Face layout.");
        }

        return [index, .. ReadIndex(index).Values.Distinct().Order(StringComparer.Ordinal)
            .Select(shard => Path.Combine(folder, shard))];
    }

    /// <exception cref="BadInputException">
    /// A file is missing or malformed, or the index and the shards disagree; names the file and the tensors.
    /// </exception>
    public static Checkpoint Open(string folder)
    {
        var files = Files(folder);
        var checkpoint = new Checkpoint(folder);
        try
        {
            if (files.Count == 1)
                checkpoint.OpenSingle(files[0]);
            else
                checkpoint.OpenShards(files[0], ReadIndex(files[0]));
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Bytes of a tensor, as they are stored.</summary>
    /// <param name="offset">The first of them, counted from the tensor's begin.</param>
    public void ReadBytes(string name, long offset, Span<byte> into) => _fileOf[name].ReadBytes(name, offset, into);

    public void Dispose() => _files.ForEach(file => file.Dispose());

    private void OpenSingle(string path)
    {
        var file = SafetensorsFile.Open(path);
        _files.Add(file);
        foreach (var name in file.Tensors.Keys)
            _fileOf.Add(name, file);
    }

    private void OpenShards(string index, Dictionary<string, string> shardOf)
    {
        var shards = new Dictionary<string, SafetensorsFile>(StringComparer.Ordinal);
        foreach (var shard in shardOf.Values.Distinct().Order(StringComparer.Ordinal))
        {
            var path = Path.Combine(Folder, shard);
            if (!File.Exists(path))
            {
                throw new BadInputException(
                    $"The shard {path} is missing: {index} lists it for {shardOf.Values.Count(s => s == shard)} tensors.",
                    "Fetch it from where the model came from.");
            }

            shards.Add(shard, SafetensorsFile.Open(path));
            _files.Add(shards[shard]);
        }

        var faults = new List<string>();
        foreach (var (name, shard) in shardOf)
        {
            if (shards[shard].Tensors.ContainsKey(name))
            {
                _fileOf.Add(name, shards[shard]);
                continue;
            }

            var elsewhere = shards.Where(s => s.Value.Tensors.ContainsKey(name)).Select(s => s.Key).FirstOrDefault();
            faults.Add($"'{name}' should be in {shard}, but " + (elsewhere is null ? "no shard has it" : $"{elsewhere} has it"));
        }

        foreach (var (shard, file) in shards)
        {
            faults.AddRange(file.Tensors.Keys.Where(name => !shardOf.ContainsKey(name))
                .Select(name => $"'{name}' of {shard} is not in the index"));
        }

        if (faults.Count > 0)
            throw new BadInputException($"{index} and its shards disagree: {string.Join("; ", faults)}.");
    }

    private static Dictionary<string, string> ReadIndex(string index)
    {
        var shardOf = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using var json = JsonFile.Read(index);
            foreach (var entry in json.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                var shard = entry.Value.GetString()
                    ?? throw new BadInputException($"{index} gives no file for tensor '{entry.Name}'.");
                if (shard != Path.GetFileName(shard) || shard is "" or "." or ".." || shard.Length > LongestName || shard.Any(char.IsControl))
                    throw new BadInputException($"{index} names a shard that is not a file beside it: '{(shard.Length > 80 ? shard[..80] + "…" : shard).Replace('\0', '␀')}'.");
                if (!shardOf.TryAdd(entry.Name, shard))
                    throw new BadInputException($"{index} lists tensor '{entry.Name}' twice.");
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new BadInputException(
                $"{index} is not an index of shards: it needs an object weight_map of tensor names to file names.", inner: e);
        }

        return shardOf.Count > 0 ? shardOf : throw new BadInputException($"{index} lists no tensors.");
    }
}
