using System.Diagnostics;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Service.Compute;
using InverseScope.Sweeps;
using InverseScope.Torch.Runtime;

namespace InverseScope.Service.Tests.Compute;

[Collection(ProcessCollection.Name)]
public sealed class WorkerComputeTests : IDisposable
{
    private static readonly Site Site = new(new SiteAddress(SiteKind.Head, 0, 1), Position.Last);
    private static readonly Site Other = new(new SiteAddress(SiteKind.Residual, 1), new Position.FromStart(3));
    private static readonly MeasurementOptions Options = new() { BankSize = 600, Epsilon = 0.1 };

    private readonly TempFolder _folder = new();
    private readonly List<string> _said = [];
    private readonly ITask _task = new TaskCatalog().Find("ioi");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_backend_in_the_worker_answers_as_one_in_this_process()
    {
        using var compute = Start(Launch());
        Assert.Equal((ComputeState.Idle, 0), (compute.Health.State, compute.Health.Starts));
        using var remote = Open(compute);
        using var local = OpenHere();
        Assert.Equal(local.Target, remote.Target);
        Assert.Equal(local.PriorTexts, remote.PriorTexts);
        Assert.Equal(local.PriorWeights, remote.PriorWeights);
        // A text of this side alone: ids differ from here on.
        remote.Texts.Add("only here");
        var told = new List<WorkProgress>();
        remote.Prepare([Site, Other], new Told(told.Add), TestContext.Current.CancellationToken);
        local.Prepare([Site, Other], null, TestContext.Current.CancellationToken);
        Assert.NotEmpty(told);

        string[] references = [.. Enumerable.Range(0, 20).Select(i => _task.Draw(new RunSeed(99).Stream("references", $"{i}")))];
        foreach (var site in new[] { Site, Other })
            Assert.Equal(Shown(local, site, references), Shown(remote, site, references));
        // Some of them again, and one twice.
        Assert.Equal(local.CharactersRead(Other, references[..8]), remote.CharactersRead(Other, references[..8]));
        string[] twice = [.. references, references[0]];
        Assert.Equal(local.CharactersRead(Other, twice), remote.CharactersRead(Other, twice));
        PatchRequest[] patches = [new(references[0], null, [references[1], references[2]])];
        Assert.Equal(
            local.Patch(Site, patches, TestContext.Current.CancellationToken)[0]!.Effects, remote.Patch(Site, patches, TestContext.Current.CancellationToken)[0]!.Effects);
        ContinuationRequest[] more = [new(references[0], null, 5), new(references[1], references[2], 5)];
        Assert.Equal(local.Continue(Site, more, TestContext.Current.CancellationToken), remote.Continue(Site, more, TestContext.Current.CancellationToken));

        var health = compute.Health;
        Assert.Equal((ComputeState.Running, 1, (string?)null, "cpu"), (health.State, health.Starts, health.LastFault, health.Device));
        Assert.NotEqual(Environment.ProcessId, health.Process);
        Assert.True(health.ResidentBytes > 1 << 20);
    }

    [Fact]
    public void What_cannot_be_used_is_told_as_it_would_be_here()
    {
        using var compute = Start(Launch());
        Assert.Throws<BadInputException>(() => compute.Open("nobody", TargetWeights.Trained, _task, Options, new RunSeed(1)));
        using var remote = Open(compute);
        using var local = OpenHere();
        var tooLong = string.Join(' ', Enumerable.Repeat("the", 5000));
        var (there, here) = (Assert.Throws<BadInputException>(() => remote.CharactersRead(Site, [tooLong])), Assert.Throws<BadInputException>(() => local.CharactersRead(Site, [tooLong])));
        Assert.Equal((here.What, here.Fix), (there.What, there.Fix));
        // Not prepared: a fault of whoever calls.
        Assert.Contains("not prepared", Assert.Throws<WorkerFaultException>(() => remote.Sample(Site, ["x"], "s", default)).Message, StringComparison.Ordinal);
        Assert.Equal(1, compute.Health.Starts);
    }

    [Fact]
    public void Killed_within_a_call_or_between_two_the_worker_is_started_again_and_the_numbers_are_the_same()
    {
        using var compute = Start(Launch());
        using var remote = Open(compute);
        using var local = OpenHere();
        local.Prepare([Site], null, TestContext.Current.CancellationToken);
        var kills = 0;
        remote.Prepare(
            [Site],
            new Told(_ =>
            {
                if (kills++ == 0)
                    Kill(compute);
            }),
            TestContext.Current.CancellationToken);
        string[] references = [.. Enumerable.Range(0, 20).Select(i => _task.Draw(new RunSeed(99).Stream("references", $"{i}")))];
        var shown = Shown(remote, Site, references);
        Assert.Equal(Shown(local, Site, references), shown);
        Kill(compute);
        Assert.Equal(shown, Shown(remote, Site, references));

        Assert.Equal((ComputeState.Running, 3), (compute.Health.State, compute.Health.Starts));
        Assert.Contains("signal 9", compute.Health.LastFault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_threads_use_several_backends_at_once()
    {
        using var compute = Start(Launch());
        using var one = Open(compute);
        using var two = compute.Open("ioi", TargetWeights.Random, _task, Options, new RunSeed(1));
        one.Prepare([Site], null, TestContext.Current.CancellationToken);
        two.Prepare([Site], null, TestContext.Current.CancellationToken);
        string[] references = [.. Enumerable.Range(0, 8).Select(i => _task.Draw(new RunSeed(5).Stream("references", $"{i}")))];
        string[] alone = [Shown(one, Site, references), Shown(two, Site, references)];
        Assert.NotEqual(alone[0], alone[1]);
        var together = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => Shown(i % 2 == 0 ? one : two, Site, references))));
        Assert.All(Enumerable.Range(0, 8), i => Assert.Equal(alone[i % 2], together[i]));
    }

    [Fact]
    public void A_cancelled_call_ends_and_the_backend_stays()
    {
        using var compute = Start(Launch());
        using var remote = Open(compute);
        using var source = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => remote.Prepare([Site], new Told(_ => source.Cancel()), source.Token));
        remote.Prepare([Site], null, TestContext.Current.CancellationToken);
        Assert.Single(remote.Sample(Site, [_task.Draw(new RunSeed(1).Stream("x"))], "s", default).Sets);
        Assert.Equal(1, compute.Health.Starts);
    }

    [Theory]
    [InlineData("echo no luck >&2; exit 3", "exit code 3", "no luck")]
    [InlineData("echo this is no message, and longer than one", "begins with the lengths", "")]
    [InlineData("kill -6 $$", "abort", "")]
    [InlineData("exit 0", "output ended", "")]
    public void One_that_always_ends_is_given_up_with_its_last_words(string script, string why, string words)
    {
        using var compute = Start(new WorkerLaunch("sh", ["-c", script]));
        var error = Assert.Throws<OutsideServiceException>(() => Open(compute));
        Assert.Contains("3 times", error.Message, StringComparison.Ordinal);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Equal((ComputeState.Failed, 3), (compute.Health.State, compute.Health.Starts));
        if (words.Length > 0)
            Assert.Contains(words, _said);
    }

    [Fact]
    public void A_program_that_is_not_there_is_told()
    {
        using var compute = Start(new WorkerLaunch(_folder["nothing"], []));
        Assert.Contains("cannot be started", Assert.Throws<OutsideServiceException>(() => Open(compute)).Message, StringComparison.Ordinal);
        Assert.Equal(ComputeState.Failed, compute.Health.State);
        Assert.Contains("cannot be started", compute.Health.LastFault, StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_answers_by_the_wrong_kind_makes_way_for_the_next()
    {
        File.WriteAllBytes(_folder["ready"], WorkerStreamTests.Bytes(s => s.Write(new ReadyTold("cpu"))));
        File.WriteAllBytes(_folder["odd"], WorkerStreamTests.Bytes(s => s.Write(new ReadAnswer(1, [7]))));
        var odd = $"touch '{_folder["once"]}'; cat '{_folder["ready"]}'; head -c 9 >/dev/null; cat '{_folder["odd"]}'; cat >/dev/null";
        var launch = Launch();
        var right = string.Join(' ', launch.Arguments.Prepend(launch.File).Select(a => $"'{a}'"));
        using var compute = Start(new WorkerLaunch("sh", ["-c", $"if [ -e '{_folder["once"]}' ]; then exec {right}; else {odd}; fi"]));
        using var remote = Open(compute);
        using var second = Open(compute);
        Assert.Equal((ComputeState.Running, 2), (compute.Health.State, compute.Health.Starts));
        Assert.Contains("answered by", compute.Health.LastFault, StringComparison.Ordinal);
        remote.Dispose();
        Assert.True(second.PriorTexts > 0);
    }

    [Fact]
    public void One_that_hangs_is_killed_and_the_next_has_the_same_numbers()
    {
        using var compute = Start(Launch(), TimeSpan.FromSeconds(4));
        using var remote = Open(compute);
        remote.Prepare([Site], null, TestContext.Current.CancellationToken);
        string[] references = [.. Enumerable.Range(0, 5).Select(i => _task.Draw(new RunSeed(99).Stream("references", $"{i}")))];
        var shown = Shown(remote, Site, references);
        var hung = compute.Health.Process!.Value;
        using (var stop = Process.Start("kill", ["-STOP", $"{hung}"]))
            stop.WaitForExit();
        Assert.Equal(shown, Shown(remote, Site, references));
        Assert.NotEqual(hung, compute.Health.Process);
        Assert.Contains("no sign of life", compute.Health.LastFault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Opening_again_that_is_given_up_leaves_nothing_behind_and_mixes_no_texts()
    {
        using var compute = Start(Launch());
        using var remote = Open(compute);
        remote.Prepare([Site], null, TestContext.Current.CancellationToken);
        string[] references = [.. Enumerable.Range(0, 5).Select(i => _task.Draw(new RunSeed(99).Stream("references", $"{i}")))];
        var shown = Shown(remote, Site, references);
        Kill(compute);
        using var source = new CancellationTokenSource();
        var asked = Task.Run(() => remote.Sample(Site, references, "stream", source.Token), TestContext.Current.CancellationToken);
        // The next one runs, and has all to do still.
        await ServeProcess.WaitAsync(() => compute.Health is { Starts: 2, Process: not null } ? "runs" : null);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        Assert.Equal(shown, Shown(remote, Site, references));
        Assert.Equal(2, compute.Health.Starts);
        remote.Dispose();
        remote.Dispose();
    }

    [Fact]
    public void A_device_that_is_not_there_is_told_once()
    {
        var launch = Launch();
        using var compute = Start(launch with { Arguments = [.. launch.Arguments, "--device", "cuda:77"] });
        var told = Assert.Throws<BadInputException>(compute.Start).Message;
        Assert.Equal((ComputeState.Failed, 1, told), (compute.Health.State, compute.Health.Starts, compute.Health.LastFault));
    }

    [Fact]
    public void It_ignores_what_the_terminal_sends_and_ends_with_its_input()
    {
        var launch = Launch();
        using var process = Process.Start(new ProcessStartInfo(launch.File, launch.Arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var stream = new WorkerStream(process.StandardOutput.BaseStream, process.StandardInput.BaseStream);
        Assert.IsType<ReadyTold>(stream.Read()!.Value.Message);
        foreach (var signal in new[] { "-INT", "-TERM" })
        {
            using var kill = Process.Start("kill", [signal, $"{process.Id}"]);
            kill.WaitForExit();
        }

        stream.Write(new CloseCall(1, 1));
        Assert.IsType<DoneAnswer>(stream.Read()!.Value.Message);
        process.StandardInput.Close();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(20)));
        Assert.Equal(0, process.ExitCode);
    }

    private static void Kill(WorkerCompute compute)
    {
        using var process = Process.GetProcessById(compute.Health.Process!.Value);
        process.Kill();
    }

    private WorkerLaunch Launch() => new("dotnet", [CliProcess.ProgramPath, "worker", "--for-service", "--home", _folder["home"]]);

    private WorkerCompute Start(WorkerLaunch launch, TimeSpan? silence = null) =>
        new(new Home(_folder["home"]), launch, new TorchThread(1), TimeProvider.System, Say) { Silence = silence ?? TimeSpan.FromMinutes(1) };

    private void Say(string line)
    {
        lock (_said)
            _said.Add(line);
    }

    private IInversionBackend Open(WorkerCompute compute) => compute.Open("ioi", TargetWeights.Trained, _task, Options, new RunSeed(1));

    // With its own home: banks of one are not those of the other.
    private Here OpenHere() => new(new LocalCompute(new Home(_folder["here"]), new TorchThread()), _task);

    private static string Shown(IInversionBackend backend, Site site, string[] references)
    {
        var samples = backend.Sample(site, references, "stream", TestContext.Current.CancellationToken);
        return string.Join('\n', samples.Sets.Select(s =>
            $"{backend.Texts[s.Reference]}: {s.Ess:R} {s.Neighbours} {s.Bits:R} {string.Join(';', s.Texts.Select((t, i) => $"{backend.Texts[t]},{s.Weights[i]:R},{s.Distances.ElementAtOrDefault(i):R}"))}"))
            + $"\n{samples.Rows} {samples.PriorShareWithPosition:R} {string.Join(';', samples.WithoutPosition.Select(t => backend.Texts[t]))}";
    }

    private sealed class Told(Action<WorkProgress> told) : IProgress<WorkProgress>
    {
        public void Report(WorkProgress value) => told(value);
    }

    /// <summary>A backend of this process with the compute that it belongs to.</summary>
    private sealed class Here(LocalCompute compute, ITask task) : IInversionBackend
    {
        private readonly IInversionBackend _backend = compute.Open("ioi", TargetWeights.Trained, task, WorkerComputeTests.Options, new RunSeed(1));

        public TargetDescription Target => _backend.Target;

        public MeasurementOptions Options => _backend.Options;

        public TextPool Texts => _backend.Texts;

        public int PriorTexts => _backend.PriorTexts;

        public double[]? PriorWeights => _backend.PriorWeights;

        public void Prepare(IReadOnlyList<Site> sites, IProgress<WorkProgress>? progress, CancellationToken cancel) => _backend.Prepare(sites, progress, cancel);

        public SiteSamples Sample(Site site, IReadOnlyList<string> references, string streamName, CancellationToken cancel) => _backend.Sample(site, references, streamName, cancel);

        public IReadOnlyList<PatchOutcome?> Patch(Site site, IReadOnlyList<PatchRequest> requests, CancellationToken cancel) => _backend.Patch(site, requests, cancel);

        public IReadOnlyList<string?> Continue(Site site, IReadOnlyList<ContinuationRequest> requests, CancellationToken cancel) => _backend.Continue(site, requests, cancel);

        public IReadOnlyList<int?> CharactersRead(Site site, IReadOnlyList<string> texts) => _backend.CharactersRead(site, texts);

        public void Dispose()
        {
            _backend.Dispose();
            compute.Dispose();
        }
    }
}
