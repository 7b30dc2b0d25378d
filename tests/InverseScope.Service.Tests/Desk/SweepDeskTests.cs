using InverseScope.Core;
using InverseScope.Core.Tasks;
using InverseScope.Service.Desk;
using InverseScope.Service.Tests.Api;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Tests.Desk;

public sealed class SweepDeskTests : IDisposable
{
    private static readonly string Plan = PlantedPlan.Searched("desk");

    private readonly TempFolder _folder = new();
    private readonly PlantedCompute _compute = new();

    private Home Home => new(_folder["home"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_paused_sweep_keeps_what_it_has_and_goes_on_to_the_same_numbers()
    {
        var whole = await Undisturbed();
        using var hold = new Hold(_compute, "L0H1@last");
        await using var service = await StartAsync();
        var desk = Desk(service);
        desk.Begin(Plan);
        await hold.ReachedAsync();
        var running = desk.Find("desk-001");
        Assert.Equal((SweepStatus.Running, "planted:0", 1, 3), (running.Status, running.Device, running.Pace.SitesDone, running.Pace.Sites));
        Assert.True(running.Spend.Samples > 0);
        desk.Pause("desk-001");
        hold.Release();

        var paused = await Until(desk, "desk-001", v => v.Status == SweepStatus.Paused);
        Assert.Equal(("paused", 1, 3), (paused.Reason, paused.Pace.SitesDone, paused.Pace.Sites));
        // A report of what is there is written at once.
        var part = Report("desk-001");
        Assert.Equal((SweepState.Stopped, Correction.Online), (part.Sweep.State, part.Sweep.Options.Correction));
        Assert.Equal([SiteStatus.Done, SiteStatus.Skipped, SiteStatus.Skipped], part.Sites.Select(s => s.Status));
        Assert.Throws<BadInputException>(() => desk.Pause("desk-001"));

        desk.Resume("desk-001");
        await hold.ReachedAsync();
        hold.Release();
        var done = await Until(desk, "desk-001", v => v.Status == SweepStatus.Finished);
        Assert.True(ReportComparison.Of(whole, Report("desk-001")).SameResults);
        Assert.Equal(Report("desk-001").Sweep.Cost.Samples, done.Spend.Samples);
        Assert.Null(done.Device);
        Assert.Contains("is finished", Assert.Throws<BadInputException>(() => desk.SetPriority("desk-001", SweepPriority.High)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stopped_sweep_stays_stopped_over_a_restart_and_one_that_ran_or_waited_goes_on_in_its_order()
    {
        var whole = await Undisturbed();
        using var hold = new Hold(_compute, "L0H1@last");
        await using (var service = await StartAsync())
        {
            var desk = Desk(service);
            desk.Begin(PlantedPlan.Searched("first"));
            desk.Begin(PlantedPlan.Searched("second"));
            desk.Begin(PlantedPlan.Searched("third"));
            await hold.ReachedAsync();
            Assert.Equal([SweepStatus.Queued, SweepStatus.Queued, SweepStatus.Running], desk.All().Select(v => v.Status));
            desk.Stop("second-001");
            Assert.Equal((SweepStatus.Stopped, "user"), (desk.Find("second-001").Status, desk.Find("second-001").Reason));
            // Last in the queue from now on.
            desk.Stop("first-001");
            desk.Resume("first-001");
            hold.Release();
            await hold.ReachedAsync();
            Assert.Equal("third-001", Queue(service).Running!.Id);
            // The service ends with one that runs and one that waits.
            using var stopping = Queue(service).Stopping.Register(hold.Release);
            await service.DisposeAsync();
        }

        using (var store = SweepStore.Open(Home.Store))
            Assert.Equal([SweepState.Running, SweepState.Stopped, SweepState.Running], store.Sweeps().Select(s => s.State));
        var order = new List<string>();
        await using (var service = await StartAsync())
        {
            var (desk, queue) = (Desk(service), Queue(service));
            for (var i = 0; i < 2; i++)
            {
                await hold.ReachedAsync();
                order.Add(queue.Running!.Id);
                hold.Release();
            }

            await Until(desk, "first-001", v => v.Status == SweepStatus.Finished);
            await Until(desk, "third-001", v => v.Status == SweepStatus.Finished);
            Assert.Equal(SweepStatus.Stopped, desk.Find("second-001").Status);
        }

        Assert.Equal(["third-001", "first-001"], order);
        Assert.All(order, id => Assert.True(ReportComparison.Of(whole, Report(id)).SameResults));
    }

    [Fact]
    public async Task What_one_sweep_dies_of_is_told_and_the_next_goes_on()
    {
        var opened = 0;
        _compute.BeforeOpening = () =>
        {
            if (opened++ == 0)
                throw new OutsideServiceException("The worker process that computes ended 3 times.");
            if (opened == 2)
                throw new InvalidOperationException("no luck");
        };
        await using var service = await StartAsync();
        var desk = Desk(service);
        desk.Begin(PlantedPlan.Searched("outage"));
        desk.Begin(PlantedPlan.Searched("fault"));
        desk.Begin(PlantedPlan.Searched("good"));
        await Until(desk, "good-001", v => v.Status == SweepStatus.Finished);
        var (outage, fault) = (desk.Find("outage-001"), desk.Find("fault-001"));
        Assert.Equal((SweepStatus.Failed, SweepStatus.Failed), (outage.Status, fault.Status));
        Assert.Contains("3 times", outage.LastFault, StringComparison.Ordinal);
        Assert.Contains("no luck", fault.LastFault, StringComparison.Ordinal);
        desk.Resume("fault-001");
        Assert.Null((await Until(desk, "fault-001", v => v.Status == SweepStatus.Finished)).LastFault);
    }

    [Fact]
    public async Task A_finished_sweep_is_refused_when_asked_for_again_and_so_is_one_that_is_not_there()
    {
        await using var service = await StartAsync();
        var desk = Desk(service);
        desk.Begin(Plan);
        await Until(desk, "desk-001", v => v.Status == SweepStatus.Finished);
        var before = File.ReadAllText(ReportFile);
        var refused = await service.Client.ProblemAsync(409, ApiCalls.Request("POST", "/api/v1/sweeps/desk-001/resume"));
        Assert.Contains("is finished", refused["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Contains("sweep run", refused["fix"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(SweepStatus.Finished, desk.Find("desk-001").Status);
        Assert.Equal(before, File.ReadAllText(ReportFile));
        foreach (var asked in new Action[] { () => desk.Resume("desk-002"), () => desk.Pause("desk-002"), () => desk.Stop("desk-002"), () => desk.SetLimits("desk-002", new SweepLimits(1, null, null, null)) })
            Assert.Throws<BadInputException>(asked);
        Assert.Throws<BadInputException>(() => desk.Stop("desk-001"));
    }

    [Fact]
    public async Task A_finished_sweep_with_a_site_that_failed_or_without_its_report_is_resumed()
    {
        var whole = await Undisturbed();
        var fails = true;
        _compute.BeforeSampling = site =>
        {
            if (fails && site.ToString() == "L0H1@last")
                throw new InvalidOperationException("no luck");
        };
        await using var service = await StartAsync();
        var desk = Desk(service);
        desk.Begin(Plan);
        await Until(desk, "desk-001", v => v.Status == SweepStatus.Finished);
        Assert.Contains(SiteStatus.Failed, Report("desk-001").Sites.Select(s => s.Status));
        fails = false;
        foreach (var damage in new Action[] { () => { }, () => File.Delete(ReportFile), () => File.WriteAllText(ReportFile, "{") })
        {
            damage();
            desk.Resume("desk-001");
            await Until(desk, "desk-001", v => v.Status == SweepStatus.Finished);
            Assert.True(ReportComparison.Of(whole, Report("desk-001")).SameResults);
        }

        Assert.Throws<BadInputException>(() => desk.Resume("desk-001"));
    }

    [Fact]
    public async Task Limits_that_are_changed_hold_from_the_next_site_on_and_stand_in_the_report()
    {
        using var hold = new Hold(_compute, "L0H1@last");
        await using var service = await StartAsync();
        var desk = Desk(service);
        desk.Begin(Plan);
        await hold.ReachedAsync();
        Assert.Throws<BadInputException>(() => desk.SetLimits("desk-001", new SweepLimits(double.NaN, null, null, null)));
        var limits = new SweepLimits(null, 1, null, null);
        Assert.Equal(limits, desk.SetLimits("desk-001", limits).Spend.Limits);
        hold.Release();

        Assert.Equal("budget", (await Until(desk, "desk-001", v => v.Status == SweepStatus.Stopped)).Reason);
        var report = Report("desk-001");
        Assert.Equal(1, report.Sweep.Options.BudgetSamples);
        Assert.Equal([SiteStatus.Done, SiteStatus.Done, SiteStatus.Skipped], report.Sites.Select(s => s.Status));

        desk.SetLimits("desk-001", new SweepLimits(60, null, null, null));
        desk.Resume("desk-001");
        await Until(desk, "desk-001", v => v.Status == SweepStatus.Finished);
        Assert.Equal((60.0, null), (Report("desk-001").Sweep.Options.BudgetMinutes, Report("desk-001").Sweep.Options.BudgetSamples));
    }

    [Theory]
    [InlineData(0.0, null, null, null)]
    [InlineData(-1.0, null, null, null)]
    [InlineData(double.NaN, null, null, null)]
    [InlineData(double.PositiveInfinity, null, null, null)]
    [InlineData(null, 0L, null, null)]
    [InlineData(null, null, -1L, null)]
    [InlineData(null, null, null, 0L)]
    public void Limits_that_are_none_are_told(double? minutes, long? samples, long? calls, long? tokens) =>
        Assert.Single(new SweepLimits(minutes, samples, calls, tokens).Check());

    [Theory]
    [InlineData("task: addition", "task: /etc/passwd")]
    [InlineData("task: addition", "task: ../../secret.txt")]
    [InlineData("task: addition", "task: tests")]
    [InlineData("model: ioi", "model: /root")]
    [InlineData("model: ioi", "model: ..")]
    [InlineData("model: ioi", "model: src")]
    [InlineData("name: desk", "name: desk\ngenerator: ../elsewhere")]
    [InlineData("name: desk", "name: desk\nspecs: [/etc/passwd]")]
    [InlineData("name: desk", "name: desk\nspecs: ['specs/../../x.yaml']")]
    [InlineData("name: desk", "name: desk\nspecs: ['/etc/*']")]
    [InlineData("name: desk", "name: desk\nspecs: ['/root/*']")]
    [InlineData("name: desk", "name: desk\nspecs: ['keys/*']")]
    [InlineData("name: desk", "name: desk\nspecs: [store.db]")]
    [InlineData("name: desk", "name: desk\nspecs: ['specs*/../store.db']")]
    [InlineData("name: desk", "name: desk\nlanguage_model: { provider: script, script: keys/key.xml }")]
    [InlineData("task: addition", "task: ./store.db")]
    [InlineData("name: desk", "name: desk\nlanguage_model: { provider: script, script: /etc/passwd }")]
    [InlineData("name: desk", "name: desk\nlanguage_model: { model: x, key_variable: INVERSESCOPE_API_KEY }")]
    [InlineData("name: desk", "name: desk\nspecs: [\"a\\0b\"]")]
    public async Task A_plan_that_somebody_sends_reads_nothing_outside_the_home(string here, string there)
    {
        await using var service = await StartAsync();
        var error = Assert.Throws<BadInputException>(() => Desk(service).Begin(Plan.Replace(here, there, StringComparison.Ordinal)));
        Assert.StartsWith("plan", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("root:", error.Message, StringComparison.Ordinal);
        Assert.Empty(Desk(service).All());
    }

    [Fact]
    public async Task While_a_language_model_is_waited_for_at_a_site_others_are_sampled()
    {
        await using var model = await FakeOllama.StartAsync();
        var (sampled, goOn) = (new HashSet<string>(), new TaskCompletionSource());
        _compute.BeforeSampling = site =>
        {
            lock (sampled)
            {
                sampled.Add(site.ToString());
                if (sampled.Count == 3)
                    goOn.TrySetResult();
            }
        };
        // Asked at a site, it is silent until all three were sampled, which they would never be if they took turns.
        model.Answer = async (context, request) =>
        {
            bool isAtSite;
            lock (sampled)
                isAtSite = sampled.Count > 0;
            if (isAtSite)
                await goOn.Task.WaitAsync(context.RequestAborted);
            await FakeOllama.SayAsync(context, request, isAtSite ? """{"hypotheses": []}""" : """{"word": "ready", "letters": 5}""");
        };
        await using var service = await StartAsync();
        var desk = Desk(service);
        desk.Begin(Plan + $$"""

            language_model: { model: {{FakeOllama.Model}}, address: "{{model.Address}}", rounds: 1, relabelled: 0 }
            """);

        var done = await Until(desk, "desk-001", v => v.Status == SweepStatus.Finished);
        Assert.Equal(3, done.Pace.SitesDone);
        Assert.All(Report("desk-001").Sites, s => Assert.Equal(SiteStatus.Done, s.Status));
        Assert.NotEmpty(model.Chats);
    }

    [Fact]
    public async Task A_file_outside_is_refused_alike_whether_it_is_there_or_not_and_other_faults_are_told_with_it()
    {
        await using var service = await StartAsync();
        string Told(string path) => Assert.Throws<BadInputException>(() => Desk(service).Begin(Plan + $"\nspecs: ['{path}']\nsampels: 3\n")).Message;
        File.WriteAllText(_folder["secret.yaml"], "x");
        var (there, missing) = (Told(_folder["secret.yaml"]), Told(_folder["absent.yaml"]));
        Assert.Equal(there.Replace("secret.yaml", "absent.yaml", StringComparison.Ordinal), missing);
        Assert.Contains("outside the home", there, StringComparison.Ordinal);
        Assert.Contains("sampels", there, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_spec_of_the_home_names_no_lexicon_file_outside_its_folder()
    {
        await using var service = await StartAsync();
        Directory.CreateDirectory(Home.Specs);
        File.WriteAllText(_folder["secret.txt"], "secret\n");
        File.CreateSymbolicLink(Path.Combine(Home.Specs, "link.txt"), _folder["secret.txt"]);
        foreach (var file in new[] { "../../secret.txt", "link.txt", _folder["secret.txt"], "..", "../store.db" })
        {
            File.WriteAllText(
                Path.Combine(Home.Specs, "words.yaml"), $"schema: inversescope/feature-spec/v1\nid: words\nlexicons: {{ w: {{ file: '{file}' }} }}\nrule: [ chars, first, {{ in: w }} ]\n");
            var error = Assert.Throws<BadInputException>(() => Desk(service).Begin(Plan + "\nspecs: [specs/words.yaml]\n"));
            Assert.Matches("not a file beside the spec|is a link", error.Message);
        }
    }

    [Fact]
    public async Task What_cannot_be_begun_whole_waits_for_nothing()
    {
        await using var service = await StartAsync();
        var desk = Desk(service);
        // In place of the folder of sweeps.
        File.WriteAllText(Path.Combine(Home.Path, "sweeps"), "");
        Assert.Throws<OutsideServiceException>(() => desk.Begin(Plan));
        var view = desk.Find("desk-001");
        Assert.Equal(SweepStatus.Failed, view.Status);
        Assert.Contains("cannot be written", view.Reason, StringComparison.Ordinal);
        await foreach (var seen in desk.Watch("desk-001", TestContext.Current.CancellationToken))
            Assert.Equal(SweepStatus.Failed, seen.Status);
    }

    [Fact]
    public async Task What_the_store_was_told_of_a_run_is_not_counted_once_more()
    {
        using var hold = new Hold(_compute, "L0H1@last");
        await using var service = await StartAsync();
        var (desk, store) = (Desk(service), service.Services.GetRequiredService<Workspace>().Store);
        desk.Begin(Plan);
        await hold.ReachedAsync();
        store.Change("desk-001", s => (s.EarlierSeconds, s.WorkSeconds) = (100_000, 200_000));
        Assert.Equal(200_000, desk.Find("desk-001").Spend.WorkSeconds);
        store.Change("desk-001", s => s.WorkSeconds = 100_000);
        Assert.InRange(desk.Find("desk-001").Spend.WorkSeconds, 100_000.000_001, 199_999);
        hold.Release();
        await Until(desk, "desk-001", v => v.Status == SweepStatus.Finished);
    }

    [Fact]
    public async Task What_broke_off_without_a_turn_waits_for_a_person()
    {
        Home.Make();
        using (var store = SweepStore.Open(Home.Store))
            Begin(store, "elsewhere", turn: null);
        await using var service = await StartAsync();
        var desk = Desk(service);
        desk.Begin(PlantedPlan.Searched("after"));
        await Until(desk, "after-001", v => v.Status == SweepStatus.Finished);
        Assert.Equal((SweepStatus.Stopped, "broke off"), (desk.Find("elsewhere-001").Status, desk.Find("elsewhere-001").Reason));
        await foreach (var seen in desk.Watch("elsewhere-001", TestContext.Current.CancellationToken))
            Assert.Equal(SweepStatus.Stopped, seen.Status);
        desk.Resume("elsewhere-001");
        await Until(desk, "elsewhere-001", v => v.Status == SweepStatus.Finished);
    }

    [Fact]
    public async Task What_was_there_comes_before_what_is_begun_as_soon_as_the_service_listens()
    {
        Home.Make();
        using (var store = SweepStore.Open(Home.Store))
        {
            Begin(store, "later", turn: 7);
            Begin(store, "earlier", turn: 3);
        }

        using var hold = new Hold(_compute, "L0H1@last");
        await using var service = await StartAsync();
        var (desk, queue) = (Desk(service), Queue(service));
        desk.Begin(PlantedPlan.Searched("new"));
        var order = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            await hold.ReachedAsync();
            order.Add(queue.Running!.Id);
            hold.Release();
        }

        Assert.Equal(["earlier-001", "later-001", "new-001"], order);
        await Until(desk, "new-001", v => v.Status == SweepStatus.Finished);
        // Who is done waits for no turn.
        Assert.All(service.Services.GetRequiredService<Workspace>().Store.Sweeps(), s => Assert.Null(s.Turn));
    }

    [Fact]
    public async Task A_sweep_that_does_not_run_is_looked_at_quickly_and_every_change_of_it_is_seen()
    {
        await using var service = await StartAsync();
        var (desk, store) = (Desk(service), service.Services.GetRequiredService<Workspace>().Store);
        desk.Begin(Plan);
        var view = await Until(desk, "desk-001", v => v.Status == SweepStatus.Finished);
        Assert.Same(desk.Find("desk-001"), desk.Find("desk-001"));
        Assert.Same(desk.Find("desk-001"), desk.All()[0]);
        // What others do changes nothing of it.
        desk.Begin(PlantedPlan.Searched("other"));
        await Until(desk, "other-001", v => v.Status == SweepStatus.Finished);
        var before = desk.Find("desk-001");
        Assert.Same(before, desk.Find("desk-001"));
        Assert.Equal(["other-001", "desk-001"], desk.All().Select(v => v.Id));

        Assert.Equal(5, desk.SetLimits("desk-001", new SweepLimits(5, null, null, null)).Spend.Limits.Minutes);
        store.Change("desk-001", s => (s.State, s.StopReason) = (SweepState.Stopped, "paused"));
        Assert.Equal(SweepStatus.Paused, desk.Find("desk-001").Status);
        Assert.Throws<BadInputException>(() => desk.Find("DESK-001"));
        Assert.Throws<BadInputException>(() => desk.Pause("Desk-001"));
        Assert.Equal("desk-001", view.Id);
    }

    [Fact]
    public async Task A_plan_is_kept_as_a_file_that_repeats_it()
    {
        await using var service = await StartAsync();
        Directory.CreateDirectory(Home.Specs);
        File.WriteAllText(Path.Combine(Home.Specs, "first.yaml"), "schema: inversescope/feature-spec/v1\nid: first\nrule: [ chars, first ]\n");
        var plain = Desk(service).Begin(Plan);
        Assert.Equal(Plan, File.ReadAllText(Path.Combine(Home.Sweep("desk-001"), "plan.yaml")));
        Desk(service).Begin(Plan + "\nspecs: [specs/first.yaml]\n");
        Assert.Contains($"sweep run {Path.Combine(Home.Sweep("desk-001"), "plan.yaml")} --home {Home.Path}", plain.Command, StringComparison.Ordinal);

        var kept = Sweeps.Plans.SweepPlanFile.Read(Path.Combine(Home.Sweep("desk-002"), "plan.yaml"));
        Assert.Equal([Path.Combine(Home.Specs, "first.yaml")], kept.SpecFiles);
        Assert.Equal((0.6, 400, 30), (kept.Measurement.Epsilon, kept.Measurement.BankSize, kept.ExploreReferences));
        await Until(Desk(service), "desk-002", v => v.Status == SweepStatus.Finished);
    }

    // As the service that was killed, or a command, left it.
    private static void Begin(SweepStore store, string name, long? turn)
    {
        var runner = new SweepRunner(
            null!, store, (_, _, _, _, _) => throw new InvalidOperationException(), new PlantedCompute().Describe, new TaskCatalog(), TimeProvider.System, "test",
            _ => throw new InvalidOperationException());
        var plan = Sweeps.Plans.SweepPlanFile.Parse("plan", PlantedPlan.Searched(name), Path.GetTempPath());
        store.Change(runner.Begin(plan, "inversescope sweep run plan.yaml").Id, s => s.Turn = turn);
    }

    private static SweepDesk Desk(ServiceHost service) => service.Services.GetRequiredService<SweepDesk>();

    private static SweepQueue Queue(ServiceHost service) => service.Services.GetRequiredService<SweepQueue>();

    private static async Task<SweepView> Until(SweepDesk desk, string id, Func<SweepView, bool> wanted)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        while (true)
        {
            var view = desk.Find(id);
            if (wanted(view))
                return view;
            Assert.False(patience.IsCancellationRequested, $"{id} is {view.Status} at {view.Pace} ({view.Reason}; {view.LastFault}).");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    private Task<ServiceHost> StartAsync() => ServiceHost.StartAsync(Home, compute: _compute);

    private async Task<ReportDocument> Undisturbed()
    {
        var home = new Home(_folder["whole"]);
        await using var service = await ServiceHost.StartAsync(home, compute: new PlantedCompute());
        Desk(service).Begin(Plan);
        await Until(Desk(service), "desk-001", v => v.Status == SweepStatus.Finished);
        return ServeProcess.ReportOf(home, "desk-001");
    }

    private string ReportFile => Path.Combine(Home.Sweep("desk-001"), "report.json");

    private ReportDocument Report(string id) => ServeProcess.ReportOf(Home, id);
}
