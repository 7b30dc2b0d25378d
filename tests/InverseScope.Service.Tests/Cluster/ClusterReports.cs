using System.Text.Json.Nodes;
using InverseScope.Sweeps;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>Reports of the same plans, run in one process and on a cluster.</summary>
internal static class ClusterReports
{
    // When, by whom and at what cost, which is all that may differ.
    private static readonly HashSet<string> Circumstances = ["id", "time", "started", "finished", "seconds", "wall_seconds", "peak_memory_bytes", "command"];

    /// <summary>Runs plans one after another in a process each, without cluster.</summary>
    public static void RunAlone(Home home, IEnumerable<string> plans)
    {
        home.Make();
        foreach (var plan in plans)
        {
            var file = Path.Combine(home.Path, "plan.yaml");
            File.WriteAllText(file, plan);
            Assert.Equal(0, ServeProcess.Run("sweep", "run", file, "--home", home.Path, "--threads", "1", "--quiet"));
        }
    }

    /// <summary>Fails at the first thing in which reports of one sweep differ.</summary>
    public static void AssertSame(Home alone, Home cluster, string id)
    {
        var (expected, actual) = (ReportOf(alone, id), ReportOf(cluster, id));
        Assert.NotEmpty(expected["sites"]!.AsArray());
        AssertSame(id, expected, actual);
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
