namespace InverseScope.Service.Tests.Cluster;

/// <summary>What the store has of the sites of a sweep.</summary>
internal static class ClusterSteps
{
    /// <summary>Fails unless each site has each of its stages once, in the results and in the log, and nothing else.</summary>
    public static void AssertOnce(ClusterProcesses cluster, string sweep, int sites)
    {
        var steps = cluster.Sql($"SELECT body->>'site' || ' ' || split_part(body->>'stage', '/', 1) FROM inversescope.steps WHERE sweep = '{sweep}' AND body->>'site' <> '' ORDER BY 1");
        var log = cluster.Sql($"SELECT body->>'site' || ' ' || split_part(body->>'step', '/', 1) FROM inversescope.log WHERE sweep = '{sweep}' AND body->>'site' <> '' ORDER BY 1");
        Assert.True(steps.SequenceEqual(log), $"{sweep}: results\n{string.Join('\n', steps)}\nlog\n{string.Join('\n', log)}\n{cluster.Logs}");
        var stages = steps.GroupBy(s => s[..s.IndexOf(' ', StringComparison.Ordinal)], s => s[(s.IndexOf(' ', StringComparison.Ordinal) + 1)..]).ToArray();
        Assert.Equal(sites, stages.Length);
        Assert.All(stages, s => Assert.Equal(stages[0], s));
        Assert.Equal(steps.Distinct(StringComparer.Ordinal), steps);
    }
}
