using System.Globalization;
using InverseScope.Core.Seeds;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>Whatever ends or halts members and the database, every site is done once, with the numbers of one process.</summary>
[Collection(ProcessCollection.Name)]
public sealed class ChaosTests
{
    // How often a worker and a service are killed, e.g. 50; once where nobody says otherwise. After the first time a worker is halted, after the second a
    // service, after the third the database is restarted.
    private const string Variable = "INVERSESCOPE_CHAOS";
    private const int Sweeps = 5;

    private static readonly TimeSpan GoesOnWithin = TimeSpan.FromMinutes(2);

    private readonly RandomStream _chance = new RunSeed(20260729).Stream("chaos");
    private readonly List<(string Plan, string Id)> _begun = [];

    private static int Rounds => int.Parse(Environment.GetEnvironmentVariable(Variable) ?? "1", CultureInfo.InvariantCulture);

    private IEnumerable<string> Ids => _begun.Select(b => b.Id);

    [Fact]
    public async Task Killed_and_halted_members_and_a_restarted_database_change_no_number()
    {
        using var cluster = new ClusterProcesses();
        cluster.AddService();
        cluster.AddService();
        for (var worker = 0; worker < 3; worker++)
            cluster.AddWorker();
        await cluster.JoinedAsync();
        while (_begun.Count < Sweeps)
            await BeginAsync(cluster);

        for (var round = 0; round < Rounds; round++)
        {
            await DisturbAsync(cluster, () => Killed(cluster.Workers));
            await DisturbAsync(cluster, () => Killed(cluster.Services));
            switch (round)
            {
                case 0:
                    await DisturbAsync(cluster, () => HaltedAsync(cluster, cluster.Workers));
                    break;
                case 1:
                    await DisturbAsync(cluster, () => HaltedAsync(cluster, cluster.Services));
                    break;
                case 2:
                    await DisturbAsync(cluster, () =>
                    {
                        cluster.Server.Restart();
                        return Task.CompletedTask;
                    });
                    break;
            }
        }

        await cluster.FinishedAsync([.. Ids]);
        ClusterReports.AssertAsAlone(cluster, ShortPlan.QuickSites, _begun);
    }

    private Task Killed(IReadOnlyList<ClusterMember> members)
    {
        _chance.Pick(members).Kill();
        return Task.CompletedTask;
    }

    // It is alive again only when the others have gone on without it.
    private async Task HaltedAsync(ClusterProcesses cluster, IReadOnlyList<ClusterMember> members)
    {
        // One that was killed just before is no member yet that could be missed.
        await cluster.JoinedAsync();
        var member = _chance.Pick(members);
        var process = member.Id;
        member.Freeze();
        await cluster.UntilAsync($"{member.Name} was declared dead", GoesOnWithin, () => Task.FromResult(cluster.IsDead(process)));
        await GoneOnAsync(cluster, cluster.Steps());
        member.Thaw();
        // Its successor is another process.
        await cluster.UntilAsync($"{member.Name} gave way", GoesOnWithin, () => Task.FromResult(member.Id != process));
    }

    // At a moment that chance chooses by what is done until then.
    private async Task DisturbAsync(ClusterProcesses cluster, Func<Task> disturb)
    {
        var wanted = cluster.Steps().Values.Sum() + _chance.NextInt(4);
        await cluster.UntilAsync("Stages ended", GoesOnWithin, async () =>
        {
            // What there is to disturb may be done already.
            if (await cluster.SweepsAsync() is { } sweeps && Ids.All(i => sweeps.Any(s => s.Id == i && s.Status == "finished")))
                await BeginAsync(cluster);
            return cluster.Steps().Values.Sum() >= wanted;
        });
        var before = cluster.Steps();
        await disturb();
        await GoneOnAsync(cluster, before);
    }

    // Every sweep has more than before, or is finished.
    private async Task GoneOnAsync(ClusterProcesses cluster, Dictionary<string, int> before)
    {
        var waiting = Ids.ToHashSet(StringComparer.Ordinal);
        await cluster.UntilAsync(() => $"{string.Join(", ", waiting)} went on", GoesOnWithin, async () =>
        {
            if (await cluster.SweepsAsync() is not { } sweeps)
                return false;
            if (sweeps.FirstOrDefault(s => s.Status is "failed" or "stopped") is { } broken)
                Assert.Fail($"{broken.Id} is {broken.Status}: {broken.Reason}\n{cluster.Logs}");
            var now = cluster.Steps();
            waiting.RemoveWhere(i => sweeps.Any(s => s.Id == i && s.Status == "finished") || now.GetValueOrDefault(i) > before.GetValueOrDefault(i));
            return waiting.Count == 0;
        });
    }

    private async Task BeginAsync(ClusterProcesses cluster)
    {
        var number = _begun.Count + 1;
        var plan = ShortPlan.Quick(string.Create(CultureInfo.InvariantCulture, $"chaos-{number}"), number);
        _begun.Add((plan, await cluster.BeginAsync(plan)));
    }
}
