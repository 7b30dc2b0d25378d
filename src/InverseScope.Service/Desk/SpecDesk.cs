using System.Globalization;
using System.Text;
using InverseScope.Agent.Labels;
using InverseScope.Core;
using InverseScope.Core.Machine;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Stages;
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

/// <summary>Specs that people write in the service. Thread-safe.</summary>
public sealed class SpecDesk(Workspace workspace, LanguageModelFactory languageModels)
{
    /// <summary>Texts of a dry run at most.</summary>
    public const int MostTexts = 1000;

    /// <summary>Texts of a dry run at most where a language model is asked.</summary>
    public const int MostAsked = 100;

    private const int LongestName = 64;
    private const double HighChance = 0.9;
    private const double ManyUndefined = 0.5;

    // Below so many labels, that all are different proves nothing.
    private const int FewLabels = 10;

    private static readonly TimeSpan CheckTime = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LabelTime = TimeSpan.FromSeconds(5);

    // Specs that are run at once, of all who write some.
    private static readonly SemaphoreSlim Running = new(2);

    private static readonly string[] Extensions = [".yaml", ".json"];

    // Addresses of pages and of the API have them in a spec's place.
    private static readonly string[] Reserved = ["check", "new", "save", "schema", "schema.json", "try", "eval"];

    private readonly Lock _writing = new();

    /// <summary>Compiles a spec and runs its tests, without asking a language model.</summary>
    /// <param name="text">YAML or JSON; may be anything.</param>
    /// <param name="task">Name of the task whose lexicons and variables it uses; null for none.</param>
    /// <param name="model">Name of the model whose tokens it uses; null for none.</param>
    /// <exception cref="BadInputException">There is no such task or model, or its tests take too long.</exception>
    /// <exception cref="OutsideServiceException">Other specs are run at the moment.</exception>
    public SpecCheck Check(string text, string? task, string? model, CancellationToken cancel = default) =>
        Within(CheckTime, token => CheckOf(Compile(text, Context(task, model, null), token)), cancel);

    /// <summary>Labels a few draws of a task. A spec that asks a language model is checked only.</summary>
    /// <param name="count">Texts, 1 to <see cref="MostTexts"/>.</param>
    /// <exception cref="BadInputException">There is no such task or model, or there are more texts than may be.</exception>
    public SpecDryRun DryRun(string text, string task, string? model, int count, long seed, CancellationToken cancel) =>
        DryRun(text, task, model, count, seed, null, cancel);

    /// <summary>Labels a few draws of a task.</summary>
    /// <param name="count">Texts, 1 to <see cref="MostTexts"/>; to <see cref="MostAsked"/> where a language model is asked.</param>
    /// <param name="languageModel">Gives the labels of a spec that asks one; null: such a spec is checked only.</param>
    /// <exception cref="BadInputException">There is no such task or model, or there are more texts than may be.</exception>
    /// <exception cref="OutsideServiceException">The language model cannot be reached.</exception>
    public SpecDryRun DryRun(string text, string task, string? model, int count, long seed, LanguageModelPlan? languageModel, CancellationToken cancel)
    {
        if (count is < 1 or > MostTexts)
            throw new BadInputException($"A dry run takes 1 to {MostTexts} texts, not {count}.");
        var compiled = Within(CheckTime, token => Compile(text, Context(task, model, null), token), cancel);
        if (compiled.Value is not { } spec)
            return new SpecDryRun(CheckOf(compiled), [], [], 0, null, [], null);
        var (draws, random) = (Named.Task(workspace, task), new RunSeed(seed).Stream("task-sample"));
        string[] texts = [.. Enumerable.Range(0, count).Select(_ => draws.Draw(random))];
        if (spec.Spec.Llm is null)
        {
            var began = workspace.Clock.GetTimestamp();
            var outcomes = Within(LabelTime, token => Label(spec.Feature, texts, token), cancel);
            var each = workspace.Clock.GetElapsedTime(began).TotalMicroseconds / count;
            return Told(compiled, texts, outcomes, SpecCost.Of(each));
        }

        if (languageModel is null)
        {
            return new SpecDryRun(
                CheckOf(compiled), [], [], 0, null, ["A language model gives its labels, and none is named: the spec was checked, and nothing was labelled."],
                SpecCost.Of(spec.Spec.Llm, new LabelOptions(), texts));
        }

        if (count > MostAsked)
            throw new BadInputException($"A dry run that asks a language model takes 1 to {MostAsked} texts, not {count}.");
        using var access = languageModels(languageModel.Chat);
        using var labeller = new ChatLabeller(access.Chat, languageModel.Labels, workspace.Store.Labels, access.Embedder);
        var asking = Compile(text, Context(task, model, labeller), cancel);
        return asking.Value is null
            ? new SpecDryRun(CheckOf(asking), [], [], 0, null, [], null)
            : Told(asking, texts, ((IBatchFeature)asking.Value.Feature).RunAll(texts, cancel), SpecCost.Of(spec.Spec.Llm, languageModel.Labels, texts));
    }

    /// <summary>Saved ones, then those that came with the program, each in alphabetical order.</summary>
    public IReadOnlyList<SpecRow> All =>
    [
        .. SavedNames().Select(name => TryRead(name)).OfType<SavedSpec>().Select(s => RowOf(s, isShipped: false)),
        .. ShippedSpecs.All.Select(s => RowOf(s, isShipped: true)),
    ];

    /// <summary>The spec of a name, a saved one before one that came with the program.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public SavedSpec Find(string name) => (IsName(name) ? TryRead(name) : null) ?? ShippedSpecs.All.FirstOrDefault(s => s.Name == name)
        ?? throw new BadInputException($"There is no spec '{name}'.{NearestName.Hint(name, [.. SavedNames(), .. ShippedSpecs.All.Select(s => s.Name)])}");

    /// <summary>Keeps a spec, finished or not.</summary>
    /// <param name="seen">Tag of the version that the writer changed; null for a new one.</param>
    /// <exception cref="BadInputException">It cannot have this name, or is too long.</exception>
    /// <exception cref="EditConflictException">There is another version than the writer saw.</exception>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public SavedSpec Save(string name, string text, string? seen)
    {
        if (!IsName(name))
            throw new BadInputException($"'{Shown(name)}' cannot be the name of a spec.", $"Give 1 to {LongestName} letters, digits, '-', '_' or '.', beginning with a letter or digit; {string.Join(", ", Reserved)} are taken.");
        if (Encoding.UTF8.GetByteCount(text) > FeatureSpecText.MaxBytes)
            throw new BadInputException($"A spec has at most {FeatureSpecText.MaxBytes >> 10} KiB.", "Keep long word lists in a lexicon of the task.");
        var extension = text.AsSpan().TrimStart('\uFEFF').TrimStart() is ['{', ..] ? ".json" : ".yaml";
        lock (_writing)
        {
            CheckSeen(name, seen);
            try
            {
                var path = PathOf(name, extension);
                Directory.CreateDirectory(workspace.Home.Specs);
                WholeFile.Write(path, text);
                foreach (var other in Extensions.Where(e => e != extension))
                    File.Delete(PathOf(name, other));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new OutsideServiceException($"The spec cannot be written: {e.Message}", e);
            }

            return TryRead(name)!;
        }
    }

    /// <summary>Deletes a saved spec. Sweeps that were begun with it have it still.</summary>
    /// <param name="seen">Tag of the version that its reader saw.</param>
    /// <exception cref="BadInputException">No spec of this name is saved.</exception>
    /// <exception cref="EditConflictException">There is another version than the reader saw.</exception>
    /// <exception cref="OutsideServiceException">The disk does not take it.</exception>
    public void Delete(string name, string? seen)
    {
        lock (_writing)
        {
            if (!IsName(name) || TryRead(name) is null)
                throw new BadInputException($"No spec '{Shown(name)}' is saved.");
            CheckSeen(name, seen);
            try
            {
                foreach (var extension in Extensions)
                    File.Delete(PathOf(name, extension));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new OutsideServiceException($"The spec cannot be deleted: {e.Message}", e);
            }
        }
    }

    /// <summary>Whether it can be a spec's name, and with that a file's, on every system.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= LongestName && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && !Reserved.Contains(name, StringComparer.OrdinalIgnoreCase);

    private static string Shown(string name) => name.Length <= LongestName ? name : name[..LongestName] + "…";

    private string PathOf(string name, string extension) => Path.Combine(workspace.Home.Specs, name + extension);

    private IEnumerable<string> SavedNames() => Directory.Exists(workspace.Home.Specs)
        ? Directory.EnumerateFiles(workspace.Home.Specs)
            .Where(f => Extensions.Contains(Path.GetExtension(f))).Select(f => Path.GetFileNameWithoutExtension(f)).Where(IsName).Distinct().Order(StringComparer.Ordinal)
        : [];

    private SavedSpec? TryRead(string name)
    {
        foreach (var extension in Extensions)
        {
            try
            {
                var text = File.ReadAllText(PathOf(name, extension));
                return new SavedSpec(name, text, TagOf(text), $"specs/{name}{extension}");
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
            }
        }

        return null;
    }

    private void CheckSeen(string name, string? seen)
    {
        var there = TryRead(name);
        if (there?.Tag != seen)
        {
            throw new EditConflictException(
                there is null ? $"No spec '{name}' is saved any more." : seen is null ? $"There is a spec '{name}' already." : $"Somebody has changed '{name}' since it was read.");
        }
    }

    internal static string TagOf(string text) => ContentHash.Of(text)[..16];

    private static SpecRow RowOf(SavedSpec saved, bool isShipped)
    {
        var spec = FeatureSpecText.Parse(saved.Text).Value?.Spec;
        return new SpecRow(saved.Name, spec?.Id, spec?.Title, isShipped, spec?.Llm is not null, saved.Tag, saved.File);
    }

    private CompileContext Context(string? task, string? model, ITextLabeller? labeller)
    {
        var read = task is null ? null : Named.Task(workspace, task);
        return new CompileContext(read?.Lexicons)
        {
            Variables = read as IVariableTask,
            ChecksOnly = labeller is null,
            Labeller = labeller,
            AsksInTests = labeller is not null,
            Tokenizer = model is null ? null : TokenizerFolder.Splitter(Named.Model(workspace, model).Folder),
        };
    }

    private static LabelOutcome[] Label(IFeature feature, string[] texts, CancellationToken cancel)
    {
        var outcomes = new LabelOutcome[texts.Length];
        for (var i = 0; i < texts.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            outcomes[i] = feature.Run(texts[i]);
        }

        return outcomes;
    }

    private static SpecDryRun Told(SpecResult<CompiledSpec> compiled, string[] texts, IReadOnlyList<LabelOutcome> outcomes, string cost)
    {
        DryLabel[] rows = [.. texts.Zip(outcomes, (t, o) => new DryLabel(t, o.Label, o.Failure))];
        LabelCount[] labels = [.. rows.Where(r => r.Label is not null).CountBy(r => r.Label!).OrderByDescending(l => l.Value).Select(l => new LabelCount(l.Key, l.Value))];
        var labelled = labels.Sum(l => l.Count);
        double? chance = labelled == 0 ? null : labels.Sum(l => Math.Pow(l.Count / (double)labelled, 2));
        return new SpecDryRun(CheckOf(compiled), rows, labels, rows.Length - labelled, chance, [.. Warnings(rows, labels, labelled, chance)], cost);
    }

    private static IEnumerable<string> Warnings(DryLabel[] rows, LabelCount[] labels, int labelled, double? chance)
    {
        var failed = rows.Where(r => r.Failure is not null).ToArray();
        if (failed.Length > 0)
            yield return $"It fails on {failed.Length} of {rows.Length} texts: {failed[0].Failure}.";
        if (labelled == 0)
            yield return "It is undefined on every text.";
        else if (rows.Length - labelled >= ManyUndefined * rows.Length)
            yield return $"It is undefined on {rows.Length - labelled} of {rows.Length} texts: as many references and samples cannot be used.";
        if (labels.Length == 1)
            yield return "It has the same label wherever it is defined: nothing can be said to encode it.";
        else if (chance > HighChance)
            yield return string.Create(CultureInfo.InvariantCulture, $"Two texts have the same label by chance {chance:0 %} of the time: a difference from that is hard to show.");
        if (labels.Length >= FewLabels && labels.Length >= SpecLint.NearlyUniqueShare * labelled)
            yield return "Nearly every text has a label of its own: it restates the text.";
    }

    private static SpecResult<CompiledSpec> Compile(string text, CompileContext context, CancellationToken cancel) => FeatureCompiler.Compile(text, context, cancel: cancel);

    // Whatever door a spec comes through, and however often. A text alone takes a second at most, whatever the spec does with it.
    private static T Within<T>(TimeSpan limit, Func<CancellationToken, T> work, CancellationToken cancel)
    {
        if (!Running.Wait(limit, cancel))
            throw new OutsideServiceException("Other specs are run at the moment: try again in a few seconds.");
        try
        {
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            both.CancelAfter(limit);
            return work(both.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new BadInputException(
                FormattableString.Invariant($"The spec takes longer than {limit.TotalSeconds:N0} s here."), "Let it do less for each text, give it fewer tests, or try it on fewer texts.");
        }
        finally
        {
            Running.Release();
        }
    }

    private static SpecCheck CheckOf(SpecResult<CompiledSpec> result) =>
        new(result.Value?.Spec.Id, result.Value?.Spec.Title, result.Value?.Feature.Hash, result.Errors);
}
