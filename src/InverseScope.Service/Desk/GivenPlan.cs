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
    // Of replies for a language model that is none.
    private const string ScriptsName = "scripts";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <exception cref="BadInputException">It cannot be used, or names what is not in the home.</exception>
    public static GivenPlan Read(string text, Workspace workspace)
    {
        var fields = YamlFields.Parse("plan", text);
        var languageModel = fields.Section("language_model");
        var home = workspace.Home;
        // What may not be read is not even looked for: that it is there is nobody's business either.
        var plan = SweepPlanFile.Parse("plan", text, home.Path, (key, value) => WhyRefused(key, value, workspace));
        var (model, task, generator, script) = (fields.Text("model"), fields.Text("task"), fields.Text("generator"), languageModel.Text("script"));
        CheckKey(languageModel.Text("key_variable"));
        var specs = fields.Texts("specs");
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

    /// <summary>A language model that somebody named must not be sent the key of this service.</summary>
    /// <exception cref="BadInputException">It would be.</exception>
    public static void CheckKey(string? keyVariable)
    {
        if (keyVariable == ServiceOptions.KeyVariable)
            throw new BadInputException($"plan: key_variable: {ServiceOptions.KeyVariable} is the key of this service.", "Name the variable that holds the key of the language model.");
    }

    /// <summary>As <see cref="SweepPlanFile.Parse"/> asks: null if the value is a name, or a file where the home keeps those of its kind.</summary>
    public static string? WhyRefused(string key, string value, Workspace workspace)
    {
        var home = workspace.Home;
        var (folder, names) = key switch
        {
            "model" => (home.Models, workspace.Models.All.Select(m => m.Name)),
            "task" => (home.Tasks, workspace.Tasks.Names),
            "generator" => (home.Generators, workspace.Generators.All.Select(g => g.Name)),
            "specs" => (home.Specs, null),
            "script" => (Path.Combine(home.Path, ScriptsName), (IEnumerable<string>?)null),
            _ => throw new ArgumentOutOfRangeException(nameof(key), key, "No key that names files."),
        };
        if (value.Length == 0 || names?.Contains(value) == true)
            return null;
        if (value.Contains('\0', StringComparison.Ordinal))
            return $"{key}: no name holds a zero character";
        // A plain word that is no name might still be a file where the service was started.
        if (names is not null && !value.Contains('/', StringComparison.Ordinal))
            return $"{key}: there is no {key} '{value}'.{NearestName.Hint(value, names)} Known: {string.Join(", ", names)}";
        return Path.GetFullPath(value, home.Path).StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? null
            : $"{key}: '{value}' lies outside the home of this service, or not in its folder {Path.GetFileName(folder)}; name what is there, e.g. {Path.GetFileName(folder)}/NAME: relative paths count from the home";
    }
}
