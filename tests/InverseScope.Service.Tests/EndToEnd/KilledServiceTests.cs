using InverseScope.Sweeps;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Tests.EndToEnd;

/// <summary>Whatever ends the worker or the service during a sweep, the sweep completes with the numbers of one that nothing disturbed.</summary>
[Collection(ProcessCollection.Name)]
public sealed class KilledServiceTests : IDisposable
{
    private const string Id = "killed-001";

    private static readonly string Plan = ShortPlan.Whole("killed", "'L0H0-2'");

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Killed_workers_and_killed_services_change_no_number()
    {
        var whole = Undisturbed();
        int orphan;
        using (var service = await ServeProcess.StartAsync(_folder["home"]))
        {
            await service.PostAsync("/api/v1/sweeps", Plan);
            using (var collecting = await service.WorkerAsync())
            {
                await service.WaitAsync(Id, p => p.Stage == "activations");
                collecting.Kill();
                await collecting.WaitForExitAsync(TestContext.Current.CancellationToken);
            }

            await service.WaitAsync(Id, p => p.SitesDone == 1);
            using (var sampling = await service.WorkerAsync())
            {
                sampling.Kill();
                await sampling.WaitForExitAsync(TestContext.Current.CancellationToken);
            }

            await service.WaitAsync(Id, p => p.SitesDone == 2);
            using var last = await service.WorkerAsync();
            orphan = last.Id;
            await service.KillAsync();
        }

        await ServeProcess.WaitAsync(() => Directory.Exists($"/proc/{orphan}") ? null : "gone");
        using (var service = await ServeProcess.StartAsync(_folder["home"]))
        {
            await service.WaitAsync(Id, p => p.State == SweepState.Finished && p.Stage == "report");
            AssertSame(whole, service.Report(Id));
            Assert.Equal(0, await service.TerminateAsync());
        }
    }

    [Fact]
    public async Task Told_to_end_the_service_parks_its_sweep_and_the_next_goes_on()
    {
        var whole = Undisturbed();
        using (var service = await ServeProcess.StartAsync(_folder["home"]))
        {
            await service.PostAsync("/api/v1/sweeps", Plan);
            await service.PostAsync("/api/v1/sweeps", Plan.Replace("killed", "second", StringComparison.Ordinal));
            await service.WaitAsync(Id, p => p.SitesDone >= 1);
            Assert.Equal(0, await service.TerminateAsync());
        }

        using (var store = SweepStore.Open(new Home(_folder["home"]).Store))
            Assert.Equal([SweepState.Running, SweepState.Running], store.Sweeps().Select(s => s.State));
        using (var service = await ServeProcess.StartAsync(_folder["home"]))
        {
            await service.WaitAsync("second-001", p => p.State == SweepState.Finished && p.Stage == "report");
            AssertSame(whole, service.Report(Id));
            await service.TerminateAsync();
        }

        // First come, first served, also over the end of a service.
        var (first, second) = (ServeProcess.ReportOf(new Home(_folder["home"]), Id), ServeProcess.ReportOf(new Home(_folder["home"]), "second-001"));
        Assert.True(first.Sweep.Finished < second.Sweep.Finished);
    }

    private ReportDocument Undisturbed()
    {
        File.WriteAllText(_folder["plan.yaml"], Plan);
        Assert.Equal(0, CliProcess.Run("sweep", "run", _folder["plan.yaml"], "--home", _folder["whole"], "--quiet").Code);
        return ServeProcess.ReportOf(new Home(_folder["whole"]), Id);
    }

    private static void AssertSame(ReportDocument whole, ReportDocument report)
    {
        Assert.Equal(SweepState.Finished, report.Sweep.State);
        var comparison = ReportComparison.Of(whole, report);
        Assert.True(comparison.SameResults, ReportJson.Write(comparison));
        Assert.NotEqual(0, comparison.Shared);
        Assert.Equal(whole.Sites.SelectMany(s => s.Hypotheses).Select(h => (h.Site, h.SpecHash, h.Kappa, h.Fcr, h.Bits)), report.Sites.SelectMany(s => s.Hypotheses).Select(h => (h.Site, h.SpecHash, h.Kappa, h.Fcr, h.Bits)));
        Assert.Equal(whole.Sites.Select(s => (s.Bits, s.Ess)), report.Sites.Select(s => (s.Bits, s.Ess)));
    }
}
