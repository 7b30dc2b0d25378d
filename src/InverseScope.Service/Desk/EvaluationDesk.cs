using System.Collections.Concurrent;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Service.Compute;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using Microsoft.Extensions.Logging;

namespace InverseScope.Service.Desk;

/// <summary>Specs to be measured at sites, as the command <c>spec eval</c> does.</summary>
public sealed record EvaluationOrder
{
    /// <summary>Texts of specs, YAML or JSON each; 1 to 20.</summary>
    public required IReadOnlyList<string> Specs { get; init; }

    /// <summary>Name of the target.</summary>
    public required string Model { get; init; }

    /// <summary>Name of the prior.</summary>
    public required string Task { get; init; }

    /// <summary>Patterns, e.g. <c>L*H*@last</c>; at most 1,000 sites in all.</summary>
    public required IReadOnlyList<string> Sites { get; init; }

    /// <summary>Distinct reference texts, 2 to 10,000. Default 300.</summary>
    public int References { get; init; } = 300;

    /// <summary>Values that variables of the task have on all references. Default none: every text will do.</summary>
    public IReadOnlyDictionary<string, string> Where { get; init; } = new Dictionary<string, string>();

    /// <summary>Of all chance in it. Default 1.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>As plans have them; null: a plan's defaults.</summary>
    public MeasurementOptions? Measurement { get; init; }
}

/// <summary>Where a job stands.</summary>
public enum JobState
{
    Queued,

    Running,

    Done,

    /// <summary>It broke; the fault says why.</summary>
    Failed,

    Cancelled,
}

/// <summary>An evaluation that was asked for.</summary>
/// <param name="Doing">In a few words; null unless it runs.</param>
/// <param name="Fault">Null unless it failed.</param>
/// <param name="Result">A record for each spec and site; null until it is done.</param>
public sealed record JobView(
    string Id, JobState State, string? Doing, DateTimeOffset Asked, DateTimeOffset? Ended, string? Fault, IReadOnlyList<HypothesisRecord>? Result);

/// <summary>
/// Evaluations, one after the other. They are kept in memory, so that a service that is started again knows none; what has to last is a
/// sweep.
/// </summary>
public sealed partial class EvaluationDesk(Workspace workspace, ICompute compute, ILogger<EvaluationDesk> logger) : IDisposable
{
    /// <summary>Jobs that wait or run at the same time.</summary>
    public const int MostOpen = 8;

    private const int MostKept = 50;
    private const int MostSpecs = 20;
    private const int MostSites = 1000;
    private const int MostReferences = 10_000;

    private readonly ConcurrentDictionary<string, Job> _jobs = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _lock = new();

    /// <summary>All jobs that are known, the latest first.</summary>
    public IReadOnlyList<JobView> All => [.. _jobs.Values.Select(j => j.View with { Result = null }).OrderByDescending(j => j.Asked)];

    /// <summary>Checks the order and lets it wait for its turn.</summary>
    /// <returns>Null if too many wait already.</returns>
    /// <exception cref="BadInputException">The order cannot be carried out.</exception>
    public JobView? Begin(EvaluationOrder order)
    {
        var work = Prepare(order);
        Job job;
        lock (_lock)
        {
            if (_jobs.Values.Count(j => j.IsOpen) >= MostOpen)
                return null;
            job = new Job(Guid.NewGuid().ToString("n"), workspace.Clock.GetUtcNow(), CancellationTokenSource.CreateLinkedTokenSource(_ending.Token));
            _jobs[job.View.Id] = job;
            foreach (var old in _jobs.Values.Where(j => !j.IsOpen).OrderByDescending(j => j.View.Asked).Skip(MostKept))
                _jobs.TryRemove(old.View.Id, out _);
        }

        job.Work = Task.Run(() => RunAsync(job, work), CancellationToken.None);
        return job.View;
    }

    /// <exception cref="BadInputException">There is no such job, or no longer.</exception>
    public JobView Find(string id) => JobOf(id).View;

    /// <summary>Ends a job at its next batch; one that has ended stays as it is.</summary>
    /// <exception cref="BadInputException">There is no such job, or no longer.</exception>
    public JobView Cancel(string id)
    {
        var job = JobOf(id);
        job.Cancel();
        return job.View;
    }

    public void Dispose()
    {
        _ending.Cancel();
        Task.WaitAll([.. _jobs.Values.Select(j => j.Work)]);
        _ending.Dispose();
        _turn.Dispose();
    }

    private Job JobOf(string id) => _jobs.TryGetValue(id, out var job)
        ? job
        : throw new BadInputException($"There is no job '{id}'.", "Jobs end with the service, and the oldest are forgotten.");

    private Func<IProgress<WorkProgress>, CancellationToken, IReadOnlyList<HypothesisRecord>> Prepare(EvaluationOrder order)
    {
        if (order.Specs.Count is < 1 or > MostSpecs)
            throw new BadInputException($"specs must be 1 to {MostSpecs} texts, found {order.Specs.Count}.");
        if (order.References is < 2 or > MostReferences)
            throw new BadInputException($"references must be from 2 to {MostReferences}, found {order.References}.");
        var options = order.Measurement ?? new MeasurementOptions();
        MeasurementCheck.Check(workspace, options);
        var model = Named.Model(workspace, order.Model);
        var task = Named.Task(workspace, order.Task);
        ReferenceDraws.Check(task, order.Where);
        var outline = compute.Describe(model.Name);
        var specs = SpecReading.Drafts(order.Specs, task, outline.Tokenizer);
        var sites = SitePattern.ExpandAll(order.Sites, outline.Target.Layers, outline.Target.Heads, null, task);
        if (sites.Count is < 1 or > MostSites)
            throw new BadInputException($"sites must name 1 to {MostSites} sites, found {sites.Count}.");
        var (seed, rule) = (new RunSeed(order.Seed), new SweepPlan { Name = "", Model = "", Task = "", Sites = [] });
        return (progress, cancel) =>
        {
            using var backend = compute.Open(model.Name, TargetWeights.Trained, task, options, seed);
            return SpecEvaluation.Measure(
                backend, task, specs, sites, order.References, order.Where, rule.MinimumKappa, rule.FalseDiscoveryRate, seed, progress, cancel);
        };
    }

    private async Task RunAsync(Job job, Func<IProgress<WorkProgress>, CancellationToken, IReadOnlyList<HypothesisRecord>> work)
    {
        var hasTurn = false;
        try
        {
            await _turn.WaitAsync(job.Token);
            hasTurn = true;
            job.Report(new WorkProgress("opening the model", 0, 0, ""));
            job.End(JobState.Done, workspace.Clock.GetUtcNow(), null, work(job, job.Token));
        }
        catch (OperationCanceledException)
        {
            job.End(JobState.Cancelled, workspace.Clock.GetUtcNow(), null, null);
        }
        catch (Exception e) when (e is BadInputException or OutsideServiceException)
        {
            job.End(JobState.Failed, workspace.Clock.GetUtcNow(), e.Message, null);
        }
#pragma warning disable CA1031 // What one job dies of must not end the service; it is logged.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFault(logger, job.View.Id, e);
            job.End(JobState.Failed, workspace.Clock.GetUtcNow(), "This is a fault of the program; its log tells more.", null);
        }
        finally
        {
            if (hasTurn)
                _turn.Release();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {Id} failed.")]
    private static partial void LogFault(ILogger logger, string id, Exception fault);

    private sealed class Job(string id, DateTimeOffset asked, CancellationTokenSource cancel) : IProgress<WorkProgress>
    {
        private readonly Lock _lock = new();
        private volatile JobView _view = new(id, JobState.Queued, null, asked, null, null, null);

        public JobView View => _view;

        public bool IsOpen => _view.State is JobState.Queued or JobState.Running;

        public CancellationToken Token { get; } = cancel.Token;

        public Task Work { get; set; } = Task.CompletedTask;

        public void Report(WorkProgress value) => _view = _view with
        {
            State = JobState.Running,
            Doing = value.Total == 0 ? value.Stage : FormattableString.Invariant($"{value.Stage}, {value.Done} of {value.Total} {value.Unit}"),
        };

        public void Cancel()
        {
            lock (_lock)
            {
                if (IsOpen)
                    cancel.Cancel();
            }
        }

        public void End(JobState state, DateTimeOffset at, string? fault, IReadOnlyList<HypothesisRecord>? result)
        {
            lock (_lock)
            {
                _view = _view with { State = state, Doing = null, Ended = at, Fault = fault, Result = result };
                cancel.Dispose();
            }
        }
    }
}
