using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using InverseScope.Torch.Safetensors;
using InverseScope.Torch.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace InverseScope.Torch.Generators;

/// <summary>
/// A trained generator: a folder with <c>generator.json</c>, the backbone in Hugging Face layout, and
/// <c>conditioning.safetensors</c>. Weights are loaded when something has to be computed.
/// </summary>
public sealed class Generator : IDisposable
{
    internal const string BackboneFolder = "backbone";
    internal const string ConditioningName = "conditioning.safetensors";
    private const string TrainedBackbone = "backbone.";

    private readonly TorchThread _thread;
    private readonly Dictionary<string, int> _siteIndex;
    private GeneratorNetwork? _network;

    private Generator(string folder, GeneratorRecord record, GeneratorTokens tokens, int context, TorchThread thread)
    {
        (Folder, Record, Tokens, Context, _thread) = (folder, record, tokens, context, thread);
        _siteIndex = record.Sites.Index().ToDictionary(s => s.Item, s => s.Index, StringComparer.Ordinal);
    }

    public string Folder { get; }

    public GeneratorRecord Record { get; }

    /// <summary>Most tokens of a text, begin and end token included.</summary>
    public int Context { get; }

    internal GeneratorTokens Tokens { get; }

    /// <param name="thread">Runs all that it computes; belongs to the caller.</param>
    /// <exception cref="BadInputException">No generator, an unfinished one, or a damaged one.</exception>
    public static Generator Open(string folder, TorchThread thread)
    {
        if (!File.Exists(Path.Combine(folder, GeneratorRecord.FileName)))
        {
            throw new BadInputException(
                $"There is no generator in {folder}{(Directory.Exists(folder) ? ": its training has not ended" : "")}.",
                "Train one with 'generator train'.");
        }

        var record = GeneratorRecord.Read(folder);
        var backbone = Path.Combine(folder, BackboneFolder);
        CheckContent(folder, record);
        var config = ConfigFile.Read(backbone);
        var tokenizer = TokenizerFolder.Load(backbone) ?? throw new BadInputException($"{backbone} has no tokenizer.", "Train the generator again.");
        return new Generator(folder, record, new GeneratorTokens(tokenizer, config, backbone), config.Context, thread);
    }

    /// <summary>Its number of the site; null if it was not trained on it.</summary>
    public int? IndexOf(Site site) => _siteIndex.TryGetValue(site.ToString(), out var index) ? index : null;

    /// <summary>Its name and all that decides what it writes: what it is for, its conditioning, its backbone.</summary>
    public GeneratorDescription Describe()
    {
        return new GeneratorDescription(Path.GetFileName(Path.TrimEndingDirectorySeparator(Folder)), DescriptionHash(Folder, Record));
    }

    /// <summary>Paths of the files that a finished generator needs.</summary>
    /// <exception cref="BadInputException">Its backbone has no weights, or a shard is missing.</exception>
    public static IReadOnlyList<string> Files(string folder) =>
        [Path.Combine(folder, GeneratorRecord.FileName), Path.Combine(folder, ConditioningName), .. TargetContent.Files(Path.Combine(folder, BackboneFolder))];

    /// <summary>The hash that <see cref="Describe"/> tells, from the record alone: whether the other files are those that it was made with is not looked at.</summary>
    /// <exception cref="BadInputException">The record is missing or damaged.</exception>
    public static string RecordedHash(string folder) => DescriptionHash(folder, GeneratorRecord.Read(folder));

    /// <summary>Whether all files of a finished generator are those that it was made with.</summary>
    /// <param name="hashOf">SHA-256 of a file's content by its path, 32 bytes.</param>
    /// <exception cref="BadInputException">The record is missing or damaged, or files are missing.</exception>
    public static bool IsAsTrained(string folder, Func<string, byte[]> hashOf) => GeneratorRecord.Read(folder).Content == ContentOf(folder, hashOf);

    /// <summary>Refuses files that are not those that a generator was made with.</summary>
    /// <exception cref="BadInputException">One has changed, or is missing.</exception>
    internal static void CheckContent(string folder, GeneratorRecord record)
    {
        if (record.Content != ContentOf(folder))
        {
            throw new BadInputException(
                $"{folder} is not as it was trained: a file of its backbone, its tokenizer or {ConditioningName} has changed.",
                "Restore it, or train the generator again.");
        }
    }

    /// <summary>See <see cref="GeneratorRecord.Content"/>.</summary>
    /// <exception cref="BadInputException">A file is missing.</exception>
    internal static string ContentOf(string folder)
    {
        var path = Path.Combine(folder, ConditioningName);
        if (!File.Exists(path))
            throw new BadInputException($"{path} is missing.", "Train the generator again, or restore the file.");
        return ContentOf(folder, TargetContent.HashOf);
    }

    private static string ContentOf(string folder, Func<string, byte[]> hashOf) => ContentHash.Of(
        Convert.ToHexStringLower(hashOf(Path.Combine(folder, ConditioningName))), TargetContent.Hash(Path.Combine(folder, BackboneFolder), hashOf));

    private static string DescriptionHash(string folder, GeneratorRecord record) =>
        ContentHash.Of(File.ReadAllText(Path.Combine(folder, GeneratorRecord.FileName)), record.Content);

    /// <inheritdoc cref="GeneratorRecord.CheckFits"/>
    public void CheckFits(TargetDescription target, ITask task, Basis basis) => Record.CheckFits(Folder, target, task, basis);

    public void Dispose()
    {
        if (_network is { } network)
            _thread.Run(network.Dispose);
        _network = null;
    }

    /// <summary>Runs work on the tensor thread.</summary>
    internal T Compute<T>(Func<GeneratorNetwork, T> work, CancellationToken cancel = default) =>
        _thread.Run(() => work(_network ??= Load()), cancel);

    /// <summary>The network with the prior's backbone from its folder and conditioning without values.</summary>
    internal static GeneratorNetwork Allocate(string backboneFolder, GeneratorOptions options, IReadOnlyList<SiteShape> sites)
    {
        var backbone = LoadBackbone(backboneFolder);
        Conditioning conditioning = options.Architecture.Conditioning == ConditioningKind.Control
            ? new ControlConditioning(backbone.Config, sites, options.Architecture)
            : new PrefixConditioning(backbone.Config, [.. sites.Select(s => s.Width)]);
        var prior = conditioning.HasOwnBackbone ? LoadBackbone(backboneFolder) : backbone;
        var network = new GeneratorNetwork(backbone, conditioning, prior, conditioning.HasOwnBackbone || options.JointSteps > 0);
        network.SetBackboneTrained(network.TrainsBackbone);
        return network;
    }

    internal static void ToDevice(GeneratorNetwork network, TorchThread thread)
    {
        network.Backbone.to(thread.TorchDevice);
        // What is trained along stays float32.
        if (!network.TrainsBackbone)
            network.Backbone.to(thread.Weights.ToTorch());
        network.Conditioning.to(thread.TorchDevice);
        network.Prior.to(thread.TorchDevice);
    }

    /// <summary>Writes what was trained on activations.</summary>
    internal static void SaveConditioning(GeneratorNetwork network, string folder)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var tensors = Stored(network).OrderBy(t => t.Name, StringComparer.Ordinal).ToArray();
        using var writer = new SafetensorsWriter(
            Path.Combine(folder, ConditioningName), tensors.Select(t => (t.Name, DType.F32, (IReadOnlyList<long>)t.Values.shape)));
        foreach (var (name, values) in tensors)
            writer.Write<byte>(name, 0, values.cpu().contiguous().bytes);
        writer.Commit();
    }

    /// <summary>Reads what <see cref="SaveConditioning"/> wrote.</summary>
    /// <exception cref="BadInputException">It does not fit the network.</exception>
    internal static void LoadConditioning(GeneratorNetwork network, string folder)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var file = SafetensorsFile.Open(Path.Combine(folder, ConditioningName));
        var faults = new List<string>();
        foreach (var (name, values) in Stored(network))
        {
            if (!file.Tensors.TryGetValue(name, out var entry))
                faults.Add($"missing: {name} {TensorEntry.ShapeText(values.shape)}");
            else if (!entry.Shape.SequenceEqual(values.shape))
                faults.Add($"{name} is {entry}, expected {TensorEntry.ShapeText(values.shape)}");
            else
                values.copy_(tensor(file.ReadSingles(name), values.shape));
        }

        if (faults.Count > 0)
            throw new BadInputException($"{Path.Combine(folder, ConditioningName)} does not fit {GeneratorRecord.FileName}: {string.Join("; ", faults)}.", "Train the generator again.");
    }

    private static CausalTransformer LoadBackbone(string folder)
    {
        using var checkpoint = Checkpoint.Open(folder);
        var config = ConfigFile.Read(folder);
        WeightLoader.CheckSize(config, checkpoint);
        var network = new CausalTransformer(config);
        try
        {
            WeightLoader.Load(network, checkpoint);
        }
        catch
        {
            network.Dispose();
            throw;
        }

        network.eval();
        foreach (var parameter in network.parameters())
            parameter.requires_grad = false;
        return network;
    }

    private static IEnumerable<(string Name, Tensor Values)> Stored(GeneratorNetwork network)
    {
        foreach (var (name, parameter) in network.Conditioning.named_parameters())
            yield return (name, parameter);
        if (!network.TrainsBackbone)
            yield break;
        foreach (var (name, parameter) in network.Backbone.named_parameters())
            yield return (TrainedBackbone + name, parameter);
    }

    private GeneratorNetwork Load()
    {
        var network = Allocate(Path.Combine(Folder, BackboneFolder), Record.Options, SiteShape.Of(Record.Sites, Record.SiteWidths));
        try
        {
            LoadConditioning(network, Folder);
            ToDevice(network, _thread);
            // It outlives the scope of whoever asks for it first.
            foreach (var parameter in network.Backbone.parameters().Concat(network.Conditioning.parameters()).Concat(network.Prior.parameters()))
                parameter.DetachFromDisposeScope();
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }
}
