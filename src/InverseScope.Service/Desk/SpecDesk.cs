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

/// <summary>A spec in the home.</summary>
/// <param name="Text">YAML or JSON, as it was written.</param>
/// <param name="Tag">Changes with the text.</param>
public sealed record SavedSpec(string Name, string Text, string Tag);

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
