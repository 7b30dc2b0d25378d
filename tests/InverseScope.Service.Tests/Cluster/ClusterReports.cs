using System.Text.Json.Nodes;
using InverseScope.Sweeps;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>What sweeps of a cluster came to, beside the same plans in one process.</summary>
internal static class ClusterReports
{
    // When, by whom and at what cost, which is all that may differ.
    private static readonly HashSet<string> Circumstances = ["id", "time", "started", "finished", "seconds", "wall_seconds", "peak_memory_bytes", "command"];

    /// <summary>
    /// Runs plans one after another in a process each, without cluster, and fails unless the cluster came to the same numbers, and did each stage of each site
    /// once.
    /// </summary>
    /// <param name="sites">How many each sweep has.</param>
    /// <param name="sweeps">Plans with the ids of their sweeps, which are the same alone.</param>
    public static void AssertAsAlone(ClusterProcesses cluster, int sites, params IReadOnlyList<(string Plan, string Id)> sweeps)
    {
        cluster.Alone.Make();
        foreach (var (plan, id) in sweeps)
        {
            var file = Path.Combine(cluster.Alone.Path, "plan.yaml");
            File.WriteAllText(file, plan);
            var run = CliProcess.Run("sweep", "run", file, "--home", cluster.Alone.Path, "--threads", "1", "--quiet");
            Assert.True(run.Code == 0, run.Error);
            var (expected, actual) = (ReportOf(cluster.Alone, id), ReportOf(cluster.Home, id));
            Assert.NotEmpty(expected["sites"]!.AsArray());
            AssertSame(id, expected, actual);
            AssertOnce(cluster, id, sites);
        }
    }

    // Each site has each of its stages once, in the results and in the log, and nothing else.
    private static void AssertOnce(ClusterProcesses cluster, string sweep, int sites)
    {
        var steps = cluster.Sql($"SELECT body->>'site' || ' ' || split_part(body->>'stage', '/', 1) FROM inversescope.steps WHERE sweep = '{sweep}' AND body->>'site' <> '' ORDER BY 1");
        var log = cluster.Sql($"SELECT body->>'site' || ' ' || split_part(body->>'step', '/', 1) FROM inversescope.log WHERE sweep = '{sweep}' AND body->>'site' <> '' ORDER BY 1");
        Assert.True(steps.SequenceEqual(log), $"{sweep}: results\n{string.Join('\n', steps)}\nlog\n{string.Join('\n', log)}\n{cluster.Logs}");
        var stages = steps.GroupBy(s => s[..s.IndexOf(' ', StringComparison.Ordinal)], s => s[(s.IndexOf(' ', StringComparison.Ordinal) + 1)..]).ToArray();
        Assert.Equal(sites, stages.Length);
        Assert.All(stages, s => Assert.Equal(stages[0], s));
        Assert.Equal(steps.Distinct(StringComparer.Ordinal), steps);
    }

    private static JsonNode ReportOf(Home home, string id) => JsonNode.Parse(File.ReadAllText(Path.Combine(home.Sweep(id), "report.json")))!;

    private static void AssertSame(string path, JsonNode? expected, JsonNode? actual)
    {
        switch (expected, actual)
        {
            case (JsonObject one, JsonObject other):
                Assert.Equal(one.Select(p => p.Key), other.Select(p => p.Key));
                foreach (var (key, value) in one.Where(p => !Circumstances.Contains(p.Key)))
                    AssertSame($"{path}.{key}", value, other[key]);
                break;
            case (JsonArray one, JsonArray other):
                Assert.True(one.Count == other.Count, $"{path}: {one.ToJsonString()} is {other.ToJsonString()}");
                foreach (var (index, value) in one.Index())
                    AssertSame($"{path}[{index}]", value, other[index]);
                break;
            default:
                Assert.True(JsonNode.DeepEquals(expected, actual), $"{path}: {expected?.ToJsonString() ?? "null"} is {actual?.ToJsonString() ?? "null"}");
                break;
        }
    }
}
