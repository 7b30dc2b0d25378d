using InverseScope.Core;
using InverseScope.Sweeps;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;

namespace InverseScope.Service.Desk;

/// <summary>What is known of a model from its files.</summary>
/// <param name="ContentHash">SHA-256 over config, weights and tokenizer, hex.</param>
/// <param name="Bytes">Of its files.</param>
/// <param name="WeightBytes">Of its weights in memory, by number type.</param>
public sealed record ModelView(
    string Name, string Folder, bool Shipped, string Family, string ContentHash, int Layers, int Heads, int HeadWidth, int Width, int Vocabulary,
    int Context, long Bytes, IReadOnlyDictionary<NumberType, double> WeightBytes);

/// <summary>A generator and what it was trained for.</summary>
/// <param name="Model">Null if its record is damaged, as is all that follows.</param>
public sealed record GeneratorView(string Name, bool Shipped, string Folder, string? Model, string? Task, IReadOnlyList<string>? Sites);

/// <summary>Models and generators that can be named.</summary>
public sealed class ModelDesk(Workspace workspace)
{
    /// <summary>Shipped ones, then imported ones.</summary>
    public IReadOnlyList<ModelEntry> Models => workspace.Models.All;

    public IReadOnlyList<GeneratorView> Generators =>
    [
        .. workspace.Generators.All.Select(g => (Entry: g, Record: GeneratorRecord.TryRead(g.Folder)))
            .Select(g => new GeneratorView(g.Entry.Name, g.Entry.Shipped, g.Entry.Folder, g.Record?.Model, g.Record?.Task, g.Record?.Sites)),
    ];

    /// <exception cref="BadInputException">There is none of this name.</exception>
    public ModelEntry Find(string name) => Named.Model(workspace, name);

    /// <exception cref="BadInputException">Its files cannot be used.</exception>
    public static ModelView Describe(ModelEntry entry)
    {
        // Nothing is computed: what the service computes on stays free.
        using var thread = new TorchThread(threads: 1);
        using var target = TargetModel.Open(entry.Folder, thread, entry.Name, describesOnly: true);
        target.CheckFiles();
        var known = target.Description;
        return new ModelView(
            known.Name, entry.Folder, entry.Shipped, known.Family, known.ContentHash, known.Layers, known.Heads, known.HeadWidth, known.Width,
            known.Vocabulary, known.Context, TargetContent.Files(entry.Folder).Sum(f => new FileInfo(f).Length), target.WeightBytes);
    }
}
