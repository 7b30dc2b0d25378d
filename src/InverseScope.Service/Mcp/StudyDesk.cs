using InverseScope.Agent.Budgets;
using InverseScope.Agent.Proposals;
using InverseScope.Core;
using InverseScope.Core.Proposals;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Service.Compute;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Stages;
using Microsoft.Extensions.Hosting;

namespace InverseScope.Service.Mcp;

/// <summary>The studies of all sessions, one open at a time in each. Those that nobody uses are closed.</summary>
internal sealed class StudyDesk(Workspace workspace, ICompute compute) : BackgroundService
{
    private const string Author = "mcp";
    private static readonly TimeSpan LookInterval = TimeSpan.FromMinutes(1);

    private static readonly SemaphoreSlim Beginning = new(StudyLimits.Begun);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Study> _open = new(StringComparer.Ordinal);
    private int _opening;

    /// <summary>Studies that are open.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _open.Count;
        }
    }

    /// <summary>Measures a site's explore references, and opens a study in place of the session's last.</summary>
    /// <exception cref="BadInputException">Model, task, site or options cannot be used, or too many studies are open.</exception>
    public (Study Study, IExploreBoard Board) Begin(
        string session, StudySubject subject, BudgetLimits limits, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        Close(session);
        lock (_lock)
        {
            if (_open.Count + _opening >= StudyLimits.Open)
                throw new BadInputException($"{StudyLimits.Open} studies are open already, as many as there may be.", $"Try again later: a study is closed when its session ends, or after {StudyLimits.Idle.TotalMinutes:0} idle minutes.");
            _opening++;
        }

        try
        {
            // Names only: an agent reads no folder or file that nobody gave to the service.
            var (_, task) = (Named.Model(workspace, subject.Model), Named.Task(workspace, subject.Task));
            MeasurementCheck.Check(workspace, subject.Measurement);
            var budget = new Budget(limits, workspace.Clock);
            var (board, site) = MeasureInTurn(subject, task, budget, progress, cancel);
            var study = new Study(
                subject with { Site = site }, new SpecStudy(board, new ToolOptions { LongestResult = StudyLimits.LongestResult }, Author), budget, workspace.Clock);
            lock (_lock)
                _open[session] = study;
            return (study, board);
        }
        finally
        {
            lock (_lock)
                _opening--;
        }
    }

    /// <summary>The study of a session.</summary>
    /// <exception cref="BadInputException">None is open.</exception>
    public Study Of(string session)
    {
        lock (_lock)
        {
            return _open.GetValueOrDefault(session) ?? throw new BadInputException(
                "No study is open here.", $"Call begin_study first. A study that nobody uses for {StudyLimits.Idle.TotalMinutes:0} minutes is closed.");
        }
    }

    /// <summary>Ends the study of a session, if there is one.</summary>
    public void Close(string session)
    {
        lock (_lock)
            _open.Remove(session);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookInterval, workspace.Clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            CloseIdle();
    }

    private void CloseIdle()
    {
        lock (_lock)
        {
            foreach (var session in _open.Where(s => s.Value.Idle >= StudyLimits.Idle).Select(s => s.Key).ToArray())
                _open.Remove(session);
        }
    }

    // Models take what memory there is: no more of them at once than requests of people have.
    private (IExploreBoard Board, string Site) MeasureInTurn(StudySubject subject, ITask task, Budget budget, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        Beginning.Wait(cancel);
        using var limit = new CancellationTokenSource(StudyLimits.Begin, workspace.Clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        try
        {
            return Measure(subject, task, budget, progress, both.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new BadInputException($"Measuring the site takes longer than {StudyLimits.Begin.TotalMinutes:0} minutes.", "Ask for fewer references or samples, or for a smaller bank_size.");
        }
        finally
        {
            Beginning.Release();
        }
    }

    // The backend is needed for samples alone: what an agent does with them afterwards takes no model.
    private (IExploreBoard Board, string Site) Measure(StudySubject subject, ITask task, Budget budget, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        var outline = compute.Describe(subject.Model);
        var sites = SitePattern.ExpandAll([subject.Site], outline.Target.Layers, outline.Target.Heads, null, task);
        if (sites is not [var site])
            throw new BadInputException($"'site': {sites.Count} sites are meant, and a study is of one.", "Name one, such as L0H0@last.");
        using var reserved = budget.TryReserve(new BudgetCost(Samples: (long)subject.References * Math.Max(1, subject.Measurement.Samples)), out var stop)
            ?? throw new BadInputException(stop!.Message, "Ask for fewer references or samples, or for a larger max_samples.");
        var seed = new RunSeed(subject.Seed);
        var references = SweepReferences.Draw(task, subject.References, SweepPlan.DefaultConfirmReferences, seed).Explore;
        using var backend = compute.Open(subject.Model, TargetWeights.Trained, task, subject.Measurement, seed);
        backend.Prepare([site], progress, cancel);
        progress?.Report(new WorkProgress("samples", 0, references.Count, "references"));
        var samples = backend.Sample(site, references, "explore", cancel);
        reserved.Settle(new BudgetCost(Samples: samples.Sets.Sum(s => (long)s.Texts.Length)));
        var measured = new MeasuredSite(site, samples, PriorSample.Of(backend, site, samples, seed), backend.Texts);
        return (new ExploreBoard(measured, task, new SpecLibrary(task, outline.Tokenizer), subject.Measurement.MinimumEss, SweepReferences.Confirms, seed), site.ToString());
    }
}
