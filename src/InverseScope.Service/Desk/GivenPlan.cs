using System.Text.Json;
using System.Text.Json.Nodes;
using InverseScope.Core;
using InverseScope.Core.Yaml;
using InverseScope.Sweeps.Plans;

namespace InverseScope.Service.Desk;

/// <summary>
/// A plan that somebody sent. Unlike one in a file of this machine it reads nothing outside the home: whoever sends it need not be one who may
/// read this machine's files.
/// </summary>
/// <param name="Text">What repeats it as a file: as it was sent, or with the paths that it names in full.</param>
internal sealed record GivenPlan(SweepPlan Plan, string Text)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <exception cref="BadInputException">It cannot be used, or names what is not in the home.</exception>
    public static GivenPlan Read(string text, Workspace workspace)
    {
        var fields = YamlFields.Parse("plan", text);
        var languageModel = fields.Section("language_model");
        var home = workspace.Home.Path;
        // Tells all faults of the file at once.
        var plan = SweepPlanFile.Parse("plan", text, home);
        var (model, task, generator, script) = (fields.Text("model"), fields.Text("task"), fields.Text("generator"), languageModel.Text("script"));
        Check("model", model, workspace.Models.All.Select(m => m.Name), home);
        Check("task", task, workspace.Tasks.Names, home);
        Check("generator", generator, workspace.Generators.All.Select(g => g.Name), home);
        CheckLanguageModel(script, languageModel.Text("key_variable"), home);
        var specs = fields.Texts("specs");
        foreach (var spec in specs)
            Check("specs", spec, null, home);
        if (specs.Count == 0 && script is null && plan.Model == model && plan.Task == task && plan.Measurement.Generator == generator)
            return new GivenPlan(plan, text);

        // The file lies elsewhere than its relative paths count from.
        var root = new JsonObject(fields.Keys.Select(key => KeyValuePair.Create(key, fields.Json(key)?.DeepClone())));
        (root["model"], root["task"]) = (plan.Model, plan.Task);
        if (generator is not null)
            root["generator"] = plan.Measurement.Generator;
        if (specs.Count > 0)
            root["specs"] = new JsonArray([.. plan.SpecFiles.Select(file => (JsonNode)file)]);
        if (script is not null)
            root["language_model"]!["script"] = plan.LanguageModel!.Chat.Script;
        return new GivenPlan(plan, root.ToJsonString(Indented) + "\n");
    }

    /// <summary>What a language model that somebody named may read of this machine.</summary>
    /// <exception cref="BadInputException">It would read what is not in the home, or be sent the key of this service.</exception>
    public static void CheckLanguageModel(string? script, string? keyVariable, string home)
    {
        Check("script", script, null, home);
        if (keyVariable == ServiceOptions.KeyVariable)
            throw new BadInputException($"plan: key_variable: {ServiceOptions.KeyVariable} is the key of this service.", "Name the variable that holds the key of the language model.");
    }

    // A plain word that is no name might still be a folder where the service was started.
    private static void Check(string key, string? value, IEnumerable<string>? names, string home)
    {
        if (string.IsNullOrEmpty(value) || names?.Contains(value) == true)
            return;
        if (value.Contains('\0', StringComparison.Ordinal))
            throw new BadInputException($"plan: {key}: no name holds a zero character.");
        var full = Path.GetFullPath(value, home);
        if (!full.StartsWith(Path.TrimEndingDirectorySeparator(home) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new BadInputException($"plan: {key}: '{value}' lies outside the home of this service.", "Name what is in the home, e.g. specs/NAME.yaml; relative paths count from it.");
        // Whatever is said of it is said of the home's.
        if (names is not null && !value.Contains('/', StringComparison.Ordinal) && !File.Exists(full))
            throw new BadInputException($"plan: {key}: there is no {key} '{value}'.{NearestName.Hint(value, names)}", $"Known: {string.Join(", ", names)}.");
    }
}
