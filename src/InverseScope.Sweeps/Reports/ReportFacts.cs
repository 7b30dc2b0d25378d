using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InverseScope.Sweeps.Reports;

/// <summary>Everything that decides a sweep's numbers, as names and values for a table.</summary>
internal static class ReportFacts
{
    // What a task-vector experiment takes of the options.
    private static readonly string[] OfTaskVector = ["confidence", "budget_minutes"];

    /// <param name="taskVector">Null where there is no such experiment.</param>
    public static IEnumerable<(string Name, string Value)> Of(SweepRecord sweep, TaskVectorRecord? taskVector)
    {
        var model = sweep.Model;
        yield return ("model", model.Name);
        yield return ("model content hash", model.ContentHash);
        yield return ("model shape", string.Create(
            CultureInfo.InvariantCulture,
            $"{model.Family}, {model.Layers} layers of {model.Heads} heads, width {model.Width}, vocabulary {model.Vocabulary}"));
        if (sweep.Generator is { } generator)
        {
            yield return ("generator", generator.Name);
            yield return ("generator content hash", generator.ContentHash);
        }

        yield return ("task", sweep.Task);
        if (sweep.TaskFingerprint is { } fingerprint)
            yield return ("task fingerprint", fingerprint);
        if (sweep.TaskSize is { } size)
            yield return ("texts of the prior", ReportNumbers.Count(size));
        var isTaskVectorAlone = taskVector is not null && sweep.Sites.Count == 0;
        if (!isTaskVectorAlone)
        {
            yield return ("sites", string.Join(", ", sweep.Sites));
            yield return ("samplers", string.Join(", ", sweep.Samplers.Select(s => ReportNumbers.Words(s))));
        }

        if (taskVector is not null)
        {
            yield return ("task-vector sites", string.Join(", ", taskVector.Sites.Select(s => s.Site)));
            yield return ("task-vector pairs", ReportNumbers.Count(taskVector.PairsWanted));
        }

        foreach (var (name, value) in Flat("", JsonSerializer.SerializeToNode(sweep.Options, ReportJson.Options)))
        {
            if (!isTaskVectorAlone || OfTaskVector.Contains(name))
                yield return (name, value);
        }

        foreach (var (name, value) in sweep.Seeds.OrderBy(s => s.Key, StringComparer.Ordinal))
            yield return ($"seed {name}", value.ToString(CultureInfo.InvariantCulture));
        foreach (var (name, value) in sweep.Versions.OrderBy(s => s.Key, StringComparer.Ordinal))
            yield return ($"version {name}", value);
    }

    private static IEnumerable<(string Name, string Value)> Flat(string prefix, JsonNode? node)
    {
        if (node is JsonObject members)
            return members.SelectMany(m => Flat(prefix.Length == 0 ? m.Key : $"{prefix}.{m.Key}", m.Value));
        return [(prefix, node is null ? "none" : node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString())];
    }
}
