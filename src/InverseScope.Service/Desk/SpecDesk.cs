using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Tokenizers;

namespace InverseScope.Service.Desk;

/// <summary>What the compiler says of a spec.</summary>
/// <param name="Id">Null if it does not compile, as is the hash.</param>
/// <param name="Errors">With line and column; empty if it compiles.</param>
public sealed record SpecCheck(string? Id, string? Title, string? Hash, IReadOnlyList<SpecError> Errors);

/// <summary>What a spec says of a few texts.</summary>
/// <param name="Labels">Labels by how often they came, the most frequent first; undefined ones are not counted.</param>
/// <param name="Undefined">Texts that it is undefined on, failed ones included.</param>
/// <param name="Chance">Share of pairs of texts with the same label: the rate that chance alone would give; null without a label.</param>
/// <param name="Warnings">What a person should look at before a device is busy for hours, a sentence each.</param>
/// <param name="Cost">What evaluating it would take, a sentence.</param>
public sealed record SpecDryRun(
    SpecCheck Check, IReadOnlyList<DryLabel> Rows, IReadOnlyList<LabelCount> Labels, int Undefined, double? Chance, IReadOnlyList<string> Warnings, string? Cost);

/// <param name="Label">Null where it is undefined.</param>
/// <param name="Failure">Why labelling failed; null if it did not.</param>
public sealed record DryLabel(string Text, string? Label, string? Failure);

/// <summary>A spec in the home, or one that came with the program.</summary>
/// <param name="Text">YAML or JSON, as it was written.</param>
/// <param name="Tag">Changes with the text.</param>
/// <param name="File">What a plan's <c>specs</c> name it by; null where it came with the program.</param>
public sealed record SavedSpec(string Name, string Text, string Tag, string? File);

/// <summary>A spec in a list.</summary>
/// <param name="Id">Null if it cannot be read, as is the title.</param>
/// <param name="Shipped">Whether it came with the program; such ones are not changed, but copies of them can be saved.</param>
/// <param name="AsksLanguageModel">Whether a language model gives its labels.</param>
/// <param name="File">As in <see cref="SavedSpec.File"/>.</param>
public sealed record SpecRow(string Name, string? Id, string? Title, bool Shipped, bool AsksLanguageModel, string Tag, string? File);

/// <summary>Specs that people write in the service.</summary>
public sealed class SpecDesk(Workspace workspace)
{
    /// <summary>Compiles a spec and runs its tests, without asking a language model.</summary>
    /// <param name="text">YAML or JSON; may be anything.</param>
    /// <param name="task">Name of the task whose lexicons and variables it uses; null for none.</param>
    /// <param name="model">Name of the model whose tokens it uses; null for none.</param>
    /// <exception cref="BadInputException">There is no such task or model.</exception>
    public SpecCheck Check(string text, string? task, string? model) => CheckOf(Compile(text, Context(task, model)));

    /// <summary>Labels a few draws of a task.</summary>
    /// <param name="count">Texts, 1 to 1,000.</param>
    /// <exception cref="BadInputException">There is no such task or model.</exception>
    public SpecDryRun DryRun(string text, string task, string? model, int count, long seed, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var compiled = Compile(text, Context(task, model));
        if (compiled.Value is not { } spec)
            return new SpecDryRun(CheckOf(compiled), [], [], 0, null, [], null);
        var (draws, random) = (workspace.Tasks.Find(task), new RunSeed(seed).Stream("task-sample"));
        var rows = new List<DryLabel>(count);
        for (var i = 0; i < count; i++)
        {
            cancel.ThrowIfCancellationRequested();
            var sample = draws.Draw(random);
            var outcome = spec.Feature.Run(sample);
            rows.Add(new DryLabel(sample, outcome.Label, outcome.Failure));
        }

        LabelCount[] labels = [.. rows.Where(r => r.Label is not null).CountBy(r => r.Label!).OrderByDescending(l => l.Value).Select(l => new LabelCount(l.Key, l.Value))];
        var labelled = labels.Sum(l => l.Count);
        double? chance = labelled == 0 ? null : labels.Sum(l => Math.Pow(l.Count / (double)labelled, 2));
        return new SpecDryRun(CheckOf(compiled), rows, labels, count - labelled, chance, [], null);
    }

    /// <summary>Saved ones, in alphabetical order.</summary>
    public IReadOnlyList<SpecRow> All => Directory.Exists(workspace.Home.Specs)
        ? [.. Directory.EnumerateFiles(workspace.Home.Specs, "*.yaml").Select(f => Find(Path.GetFileNameWithoutExtension(f))).OrderBy(s => s.Name, StringComparer.Ordinal).Select(RowOf)]
        : [];

    /// <exception cref="BadInputException">There is none.</exception>
    public SavedSpec Find(string name)
    {
        var path = PathOf(name);
        if (!File.Exists(path))
            throw new BadInputException($"There is no spec '{name}'.");
        var text = File.ReadAllText(path);
        return new SavedSpec(name, text, ContentHash.Of(text)[..16], $"specs/{name}.yaml");
    }

    /// <summary>Keeps a spec, finished or not.</summary>
    /// <param name="seen">Tag of the version that the writer changed; null for a new one.</param>
    /// <exception cref="BadInputException">It cannot have this name.</exception>
    /// <exception cref="EditConflictException">There is another version than the writer saw.</exception>
    public SavedSpec Save(string name, string text, string? seen)
    {
        var path = PathOf(name);
        if ((File.Exists(path) ? Find(name).Tag : null) != seen)
            throw new EditConflictException(seen is null ? $"There is a spec '{name}' already." : $"Somebody has changed '{name}' since it was read.");
        Directory.CreateDirectory(workspace.Home.Specs);
        File.WriteAllText(path, text);
        return Find(name);
    }

    private string PathOf(string name) => name.Length is > 0 and <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && name[0] != '.'
        ? Path.Combine(workspace.Home.Specs, name + ".yaml")
        : throw new BadInputException($"'{name}' cannot be the name of a spec.");

    private static SpecRow RowOf(SavedSpec saved)
    {
        var spec = FeatureSpecText.Parse(saved.Text).Value?.Spec;
        return new SpecRow(saved.Name, spec?.Id, spec?.Title, false, spec?.Llm is not null, saved.Tag, saved.File);
    }

    private CompileContext Context(string? task, string? model)
    {
        var read = task is null ? null : workspace.Tasks.Find(task);
        return new CompileContext(read?.Lexicons)
        {
            Variables = read as IVariableTask,
            ChecksOnly = true,
            Tokenizer = model is null ? null : TokenizerFolder.Splitter(workspace.Models.Find(model).Folder),
        };
    }

    private static SpecResult<CompiledSpec> Compile(string text, CompileContext context) => FeatureCompiler.Compile(text, context);

    private static SpecCheck CheckOf(SpecResult<CompiledSpec> result) =>
        new(result.Value?.Spec.Id, result.Value?.Spec.Title, result.Value?.Feature.Hash, result.Errors);
}
