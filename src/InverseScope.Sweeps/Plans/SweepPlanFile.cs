using System.Text.Json.Nodes;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Yaml;

namespace InverseScope.Sweeps.Plans;

/// <summary>Reads a sweep's declarative file. Its keys are those of <see cref="SweepPlan"/> in snake_case.</summary>
public static class SweepPlanFile
{
    /// <summary>The value of the key <c>schema</c>.</summary>
    public const string Schema = "inversescope/sweep/v1";

    private const int MinimumReferences = 20;
    private const int MaximumPairs = 100_000;

    /// <summary>Reads a file; relative paths of specs, model and task in it count from its folder.</summary>
    /// <exception cref="BadInputException">Missing or faulty; all faults with their places.</exception>
    public static SweepPlan Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"Cannot read the sweep file '{path}': {e.Message}");
        }

        return Parse(path, text, Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <param name="file">Name for messages.</param>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="folder">Where relative paths start.</param>
    /// <param name="refuse">
    /// Why the value of a key (<c>model</c>, <c>task</c>, <c>generator</c>, <c>specs</c>, <c>script</c>) may not be looked for among files; null
    /// if it may. What is refused is told with the other faults, and not looked for. Null: everything may.
    /// </param>
    /// <exception cref="BadInputException">Faulty; all faults with their places.</exception>
    public static SweepPlan Parse(string file, string text, string folder, Func<string, string, string?>? refuse = null)
    {
        var fields = YamlFields.Parse(file, text);
        if (fields.Text("schema") is not Schema)
            fields.Fault("schema", $"expected 'schema: {Schema}', found '{fields.Text("schema") ?? "none"}'");
        var references = fields.Section("references");
        var where = references.Section("where");
        var search = fields.Section("search");
        var budget = fields.Section("budget");
        var controls = fields.Section("controls");
        var causal = fields.Section("causal_check");
        var taskVector = fields.Section("task_vector");
        var hasTaskVector = fields.Keys.Contains("task_vector");
        var taskVectorSites = taskVector.Texts("sites");
        var sites = fields.Texts("sites");
        var defaults = new SweepPlan { Name = "", Model = "", Task = "", Sites = [] };
        var measured = defaults.Measurement;
        var plan = new SweepPlan
        {
            Name = fields.Text("name") ?? Path.GetFileNameWithoutExtension(file),
            Model = Located(fields, "model", Required(fields, "model"), folder, refuse),
            Task = Located(fields, "task", Required(fields, "task"), folder, refuse),
            Sites = sites,
            Positions = fields.Texts("positions"),
            Measurement = new MeasurementOptions
            {
                Sampler = fields.Choice("sampler", measured.Sampler),
                Kernel = fields.Choice("kernel", measured.Kernel),
                Distance = fields.Choice("distance", measured.Distance),
                Epsilon = fields.Number("epsilon", measured.Epsilon, above: 0),
                NormBand = fields.Number("norm_band", measured.NormBand, above: 0),
                Basis = fields.Choice("basis", measured.Basis),
                Weighting = fields.Choice("weighting", measured.Weighting),
                Samples = (int)fields.Integer("samples", measured.Samples, min: 0, max: 100_000),
                BankSize = (int)fields.Integer("bank_size", measured.BankSize, min: 2, max: 100_000_000),
                Generator = fields.Text("generator") is { Length: > 0 } generator ? Located(fields, "generator", generator, folder, refuse) : null,
                Draws = (int)fields.Integer("draws", measured.Draws, min: 2, max: 100_000),
                Temperature = fields.Number("temperature", measured.Temperature, above: 0),
                TopP = fields.Number("top_p", measured.TopP, above: 0),
                MinimumEss = fields.Number("minimum_ess", measured.MinimumEss, above: -1e-12),
                IncludeReference = fields.Flag("include_reference", measured.IncludeReference),
            },
            ExploreReferences = (int)references.Integer("explore", defaults.ExploreReferences, MinimumReferences, 1_000_000),
            ConfirmReferences = (int)references.Integer("confirm", defaults.ConfirmReferences, MinimumReferences, 1_000_000),
            ReferencesWhere = new SortedDictionary<string, string>(where.Keys.ToDictionary(key => key, key => Value(where, key)), StringComparer.Ordinal),
            Seed = fields.Integer("seed", defaults.Seed),
            SpecFiles = [.. fields.Texts("specs").SelectMany(pattern => Matching(fields, pattern, folder, refuse))],
            Search = search.Flag("enabled", defaults.Search),
            MaxProposals = (int)search.Integer("max_proposals", defaults.MaxProposals, 1, 100),
            LanguageModel = LanguageModelOf(fields, folder, refuse),
            RandomWeightControl = controls.Flag("random_weights", defaults.RandomWeightControl),
            KnownSites = (int)controls.Integer("known_sites", defaults.KnownSites, 0, 100),
            CausalReferences = (int)causal.Integer("references", defaults.CausalReferences, 0, 100_000),
            CausalDonors = (int)causal.Integer("donors", defaults.CausalDonors, 1, 50),
            // Where its pairs are faulty, that no sites are named or nothing is tested is not a fault besides.
            TaskVectorPairs = (int)taskVector.Integer("pairs", hasTaskVector ? 1 : 0, hasTaskVector && sites.Count == 0 ? 1 : 0, MaximumPairs),
            TaskVectorSites = taskVector.Keys.Contains("sites") ? taskVectorSites : defaults.TaskVectorSites,
            MinimumKappa = fields.Number("minimum_kappa", defaults.MinimumKappa, above: 0),
            FalseDiscoveryRate = fields.Number("false_discovery_rate", defaults.FalseDiscoveryRate, above: 0),
            BudgetMinutes = budget.Text("minutes") is null ? null : budget.Number("minutes", 0, above: 0),
            BudgetSamples = budget.Text("samples") is null ? null : budget.Integer("samples", 0, 1, long.MaxValue),
        };
        if (plan.Name.Length is 0 or > 64 || !plan.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            fields.Fault("name", $"the sweep's name must be 1 to 64 of a-z, A-Z, 0-9, '-', '_' and '.', found '{plan.Name}'{(fields.Text("name") is null ? ", from the file's own name: write another, as in 'name: first-sweep'" : "")}");
        // An unknown key may be the number misspelt, and is told anyway.
        if (fields.Json("task_vector") is JsonObject told && told.All(f => f.Key == "sites"))
            fields.Fault("task_vector", "'task_vector' must say how many pairs of texts it takes, as in task_vector: { pairs: 200 }");
        foreach (var problem in plan.Check())
            fields.Fault(problem.Split(' ')[0], problem);
        fields.ThrowIfFaulty();
        return plan;
    }

    /// <summary>Reads the part of a plan that names a language model.</summary>
    /// <param name="folder">That relative paths count from.</param>
    /// <param name="refuse">As in <see cref="Parse"/>.</param>
    /// <returns>Null where it is empty.</returns>
    /// <exception cref="BadInputException">It is faulty; all its faults.</exception>
    public static LanguageModelPlan? ParseLanguageModel(JsonObject section, string folder, Func<string, string, string?>? refuse = null)
    {
        var fields = YamlFields.Parse("language_model", new JsonObject { ["language_model"] = section.DeepClone() }.ToJsonString());
        var read = LanguageModelOf(fields, folder, refuse);
        fields.ThrowIfFaulty();
        return read;
    }

    private static LanguageModelPlan? LanguageModelOf(YamlFields fields, string folder, Func<string, string, string?>? refuse)
    {
        var section = fields.Section("language_model");
        if (section.Keys.Count == 0)
            return null;
        var defaults = new LanguageModelPlan();
        var (chat, loop, labels) = (defaults.Chat, defaults.Loop, defaults.Labels);
        Uri? address = null;
        if (section.Text("address") is { } given && !Uri.TryCreate(given, UriKind.Absolute, out address))
            section.Fault("address", $"'{given}' is not the address of a service: write it with http:// or https://");
        var modes = new List<LanguageModelMode>();
        foreach (var name in section.Texts("propose"))
        {
            var mode = Enum.GetValues<LanguageModelMode>().Cast<LanguageModelMode?>().FirstOrDefault(m => NameOf(m!.Value) == name);
            if (mode is null)
                section.Fault("propose", $"there is no way of proposing '{name}': choose of {string.Join(", ", Enum.GetValues<LanguageModelMode>().Select(NameOf))}");
            else if (!modes.Contains(mode.Value))
                modes.Add(mode.Value);
        }

        var told = loop with
        {
            Rounds = (int)section.Integer("rounds", loop.Rounds, 1, 100),
            PerRound = (int)section.Integer("per_round", loop.PerRound, 1, 50),
            References = (int)section.Integer("references_shown", loop.References, 1, 1000),
            Samples = (int)section.Integer("samples_shown", loop.Samples, 1, 1000),
            MaxProposals = (int)section.Integer("max_proposals", loop.MaxProposals, 1, 100),
            Temperature = section.Number("temperature", loop.Temperature, above: -1e-12),
            MaxReplyTokens = (int)section.Integer("max_reply_tokens", loop.MaxReplyTokens, 64, 1_000_000),
        };
        return new LanguageModelPlan
        {
            Chat = chat with
            {
                Provider = section.Text("provider") ?? chat.Provider,
                Model = section.Text("model") ?? chat.Model,
                Address = address,
                EmbeddingModel = section.Text("embedding_model"),
                KeyVariable = section.Text("key_variable") ?? chat.KeyVariable,
                Script = section.Text("script") is { } script && !IsRefused(section, "script", script, refuse) ? Path.GetFullPath(script, folder) : null,
                ContextTokens = (int)section.Integer("context", chat.ContextTokens, 512, 10_000_000),
                Think = section.Flag("think", chat.Think),
                Deadline = TimeSpan.FromSeconds(Math.Min(section.Number("deadline_seconds", chat.Deadline.TotalSeconds, above: 0), LongestSeconds)),
                Retries = (int)section.Integer("retries", chat.Retries, 1, 100),
            },
            Propose = section.Keys.Contains("propose") ? modes : defaults.Propose,
            Loop = told,
            Tools = defaults.Tools with
            {
                Steps = (int)section.Integer("steps", defaults.Tools.Steps, 1, 1000),
                References = told.References,
                Samples = told.Samples,
                MaxProposals = told.MaxProposals,
                Temperature = told.Temperature,
                MaxReplyTokens = told.MaxReplyTokens,
            },
            Labels = labels with
            {
                BatchSize = (int)section.Integer("label_batch", labels.BatchSize, 1, 200),
                Parallelism = (int)section.Integer("parallel", labels.Parallelism, 1, 64),
            },
            Relabelled = (int)section.Integer("relabelled", defaults.Relabelled, 0, 100_000),
            MaxCalls = section.Text("max_calls") is null ? null : section.Integer("max_calls", 0, 0),
            MaxTokens = section.Text("max_tokens") is null ? null : section.Integer("max_tokens", 0, 0),
        };
    }

    // More than may be asked for, and little enough for a span of time.
    private const double LongestSeconds = 1e9;

    private static string NameOf(LanguageModelMode mode) => LanguageModelPlan.NameOf(mode)["llm_".Length..];

    private static string Value(YamlFields where, string key)
    {
        if (where.Json(key) is null || where.Text(key) is "")
            where.Fault(key, $"'{key}' must say which value references have, as in {{ {key}: true }}");
        return where.Text(key) ?? "";
    }

    private static string Required(YamlFields fields, string key)
    {
        if (fields.Text(key) is { Length: > 0 } value)
            return value;
        fields.Fault(key, $"'{key}' is missing");
        return "";
    }

    // A plain word is a name unless a file of that name lies beside the plan; anything with a separator is a path.
    private static string Located(YamlFields fields, string key, string nameOrPath, string folder, Func<string, string, string?>? refuse) =>
        !IsRefused(fields, key, nameOrPath, refuse) && (nameOrPath.Contains('/', StringComparison.Ordinal) || File.Exists(Path.GetFullPath(nameOrPath, folder)))
            ? Path.GetFullPath(nameOrPath, folder)
            : nameOrPath;

    private static bool IsRefused(YamlFields fields, string key, string value, Func<string, string, string?>? refuse)
    {
        if (refuse?.Invoke(key, value) is not { } why)
            return false;
        fields.Fault(key, why);
        return true;
    }

    private static string[] Matching(YamlFields fields, string pattern, string folder, Func<string, string, string?>? refuse)
    {
        if (IsRefused(fields, "specs", pattern, refuse))
            return [];
        var full = Path.GetFullPath(pattern, folder);
        if (!full.Contains('*', StringComparison.Ordinal))
        {
            if (File.Exists(full))
                return [full];
            fields.Fault("specs", $"no spec file '{full}'");
            return [];
        }

        var parent = Path.GetDirectoryName(full)!;
        string[] found;
        try
        {
            found = Directory.Exists(parent) ? [.. Directory.GetFiles(parent, Path.GetFileName(full)).Order(StringComparer.Ordinal)] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fields.Fault("specs", $"the folder of '{full}' cannot be read: {e.Message}");
            return [];
        }

        if (found.Length == 0)
            fields.Fault("specs", $"no spec file matches '{full}'");
        return found;
    }
}
