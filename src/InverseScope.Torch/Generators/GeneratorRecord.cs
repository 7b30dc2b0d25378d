using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using InverseScope.Core;
using InverseScope.Core.Machine;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;

namespace InverseScope.Torch.Generators;

/// <summary>What a generator is for and how it was made: <c>generator.json</c> in its folder.</summary>
public sealed record GeneratorRecord
{
    public const string FileName = "generator.json";

    /// <summary>Changes when folders of this kind can no longer be read.</summary>
    public const string CurrentFormat = "inversescope/generator/2";

    // Beside the record in its file: who changes what the weights mean gets wrong numbers from the right weights.
    private const string HashName = "record_hash";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public required string Format { get; init; }

    /// <summary>The target's name when the generator was made.</summary>
    public required string Model { get; init; }

    /// <summary>The target's content hash: a generator is of one target only.</summary>
    public required string ModelHash { get; init; }

    public required string Task { get; init; }

    public required string TaskFingerprint { get; init; }

    /// <summary>Sites in full form, in the order of the encoders.</summary>
    public required IReadOnlyList<string> Sites { get; init; }

    /// <summary>Width of each site.</summary>
    public required IReadOnlyList<int> SiteWidths { get; init; }

    public required GeneratorOptions Options { get; init; }

    /// <summary>Kernel width that the noise has at each width of a site, where <c>noise_distance</c> is its typical distance.</summary>
    public required IReadOnlyDictionary<string, double> NoiseEpsilon { get; init; }

    /// <summary>Hash of backbone, tokenizer and conditioning, by which a changed file is noticed.</summary>
    public required string Content { get; init; }

    /// <summary>Command line that makes the generator again.</summary>
    public required string Command { get; init; }

    /// <summary>Training of the backbone on the prior, before any activations; null where another generator's was taken.</summary>
    public TrainingCourse? Backbone { get; init; }

    /// <summary>Training on activations.</summary>
    public required TrainingCourse Conditioning { get; init; }

    /// <summary>Self-distillation after that; null without.</summary>
    public TrainingCourse? Distillation { get; init; }

    /// <summary>Held-out loss of the backbone without activations, nats a token: what the activations have to beat.</summary>
    public required double PriorLoss { get; init; }

    /// <summary>Share of control weights beyond ±0.99 on held-out texts; null where there are none.</summary>
    public double? Saturation { get; init; }

    /// <summary>Parameters of the backbone.</summary>
    public required long BackboneParameters { get; init; }

    /// <summary>Parameters of what conditions it.</summary>
    public required long ConditioningParameters { get; init; }

    /// <summary>Time that the steps took, resumed parts not counted.</summary>
    public required double Seconds { get; init; }

    /// <summary>Whether it is of a target, a task and a basis.</summary>
    public bool Fits(TargetDescription target, ITask task, Basis basis) =>
        ModelHash == target.ContentHash && TaskFingerprint == task.Fingerprint && Options.Basis == basis;

    /// <summary>Refuses another target, task or basis than it was trained on.</summary>
    /// <param name="folder">The generator's, for messages.</param>
    /// <exception cref="BadInputException">It is of another.</exception>
    public void CheckFits(string folder, TargetDescription target, ITask task, Basis basis)
    {
        if (ModelHash != target.ContentHash)
        {
            throw new BadInputException(
                $"The generator {folder} was trained on model '{Model}' (content {ModelHash[..12]}), not on '{target.Name}' ({target.ContentHash[..12]}).",
                "Train one for this model with 'generator train'; of the same model, give the --dtype that it was trained with.");
        }

        if (TaskFingerprint != task.Fingerprint)
        {
            throw new BadInputException(
                $"The generator {folder} was trained on {(Task == task.Name ? "an earlier state of " : "")}task '{Task}', not on '{task.Name}' as it is.",
                "Train one for this task with 'generator train'.");
        }

        if (Options.Basis != basis)
            throw new BadInputException($"The generator {folder} was trained in the basis '{Named(Options.Basis)}', not '{Named(basis)}'.", $"Give --basis {Named(Options.Basis)}, or basis: {Named(Options.Basis)} in a plan.");
    }

    private static string Named(Basis basis) => basis.ToString().ToLowerInvariant();

    /// <summary>Refuses sites that it was not trained on.</summary>
    /// <param name="folder">The generator's, for messages.</param>
    /// <exception cref="BadInputException">There is one.</exception>
    public void CheckSites(string folder, IReadOnlyList<Site> sites)
    {
        const int Named = 40;
        string[] missing = [.. sites.Select(s => s.ToString()).Where(s => !Sites.Contains(s))];
        if (missing.Length == 0)
            return;
        throw new BadInputException(
            $"The generator {folder} was not trained on {string.Join(", ", missing.Take(Named))}{(missing.Length > Named ? ", …" : "")}.",
            $"It has {string.Join(", ", Sites.Take(Named))}{(Sites.Count > Named ? $" and {Sites.Count - Named} more" : "")}; train one for others with 'generator train', or use the sampler 'bank'.");
    }

    /// <summary>The record; null if it is missing, malformed, or of another format.</summary>
    public static GeneratorRecord? TryRead(string folder)
    {
        try
        {
            return Read(folder);
        }
        catch (BadInputException)
        {
            return null;
        }
    }

    /// <exception cref="BadInputException">Missing, malformed, or of another format.</exception>
    public static GeneratorRecord Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            var stored = JsonNode.Parse(File.ReadAllBytes(path)) ?? throw new BadInputException($"{path} is empty.");
            if (stored is JsonObject whole && whole[HashName] is { } hash && hash.ToString() != HashOf(whole))
                throw new BadInputException($"{path} is not as the training wrote it.", "Restore it, or train the generator again.");
            // Those from before these options were trained so, whatever is usual now.
            if (stored is JsonObject && stored["options"] is JsonObject options)
            {
                options.TryAdd("joint_share", 0);
                options.TryAdd("allocation", "uniform");
            }

            var record = stored.Deserialize<GeneratorRecord>(Json)!;
            return record.Format == CurrentFormat
                ? record
                : throw new BadInputException($"{path} is of the format '{record.Format}'; this program reads {CurrentFormat}.", "Train the generator again.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new BadInputException($"{path} is damaged, or of another format than {CurrentFormat}.", "Train the generator again, or restore the file.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path} cannot be read: {e.Message}", inner: e);
        }
    }

    /// <summary>Writes the file, whole or not at all: a folder with it is a finished generator.</summary>
    public void Write(string folder)
    {
        var whole = JsonNode.Parse(JsonSerializer.Serialize(this, Json))!.AsObject();
        whole[HashName] = HashOf(whole);
        WholeFile.Write(Path.Combine(folder, FileName), whole.ToJsonString(Json) + "\n");
    }

    // Of all other fields as they stand there, numbers as they are written: against accidents, not against who means to.
    private static string HashOf(JsonObject whole)
    {
        var others = whole.DeepClone().AsObject();
        others.Remove(HashName);
        return ContentHash.Of(others.ToJsonString());
    }
}
