using InverseScope.Core;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps.Stages;

/// <summary>
/// Runs the stages of one sweep: finds the result that an earlier run committed under the same key, or computes and
/// commits it. That, and seeds by name, is all that resuming takes.
/// </summary>
/// <param name="fence">What is committed is refused once another has taken its scope over; null: nobody can.</param>
internal sealed class StageLog(SweepStore store, string sweep, string sweepKey, TimeProvider clock, StoreFence? fence = null)
{
    /// <summary>The same log, for whoever works under another fence.</summary>
    public StageLog Under(StoreFence other) => new(store, sweep, sweepKey, clock, other);

    /// <param name="site">The site's full form; empty for a stage of the whole sweep.</param>
    /// <param name="stage">Name and version, e.g. <c>propose/1</c>: a new version makes earlier results stale.</param>
    /// <param name="inputs">Whatever the result depends on beyond the sweep's plan, target and task.</param>
    /// <param name="compute">Gives the result as JSON, and a sentence for the log.</param>
    public string Run(string site, string stage, string inputs, Func<(string Result, string Detail)> compute)
    {
        var key = ContentHash.Of(sweepKey, site, stage, inputs);
        var name = stage[..stage.IndexOf('/', StringComparison.Ordinal)];
        if (store.Find(sweep, site, stage, key) is { } done)
        {
            SweepTelemetry.CountStage(name, null);
            return done.Result;
        }

        using var activity = SweepTelemetry.Source.StartActivity(name);
        activity?.SetTag("inversescope.sweep", sweep).SetTag("inversescope.site", site);
        var began = clock.GetTimestamp();
        var (result, detail) = compute();
        var now = clock.GetUtcNow();
        var seconds = clock.GetElapsedTime(began).TotalSeconds;
        SweepTelemetry.CountStage(name, seconds);
        var step = new StoredStep
        {
            Sweep = sweep,
            Site = site,
            Stage = stage,
            Key = key,
            Finished = Timestamp.Of(now),
            Seconds = seconds,
            Result = result,
        };
        // Who else did the same meanwhile was first, and what was committed is what counts.
        return store.Commit(step, [Line(site, stage, detail, key, now)], fence) ? result : store.Find(sweep, site, stage, key)!.Result;
    }

    /// <summary>Whether the stage's result is there already.</summary>
    public bool IsDone(string site, string stage, string inputs) =>
        store.Find(sweep, site, stage, ContentHash.Of(sweepKey, site, stage, inputs)) is not null;

    /// <summary>A line for what is no stage: beginnings, faults, the end.</summary>
    public void Note(string site, string step, string detail) =>
        store.Log(Line(site, step, detail, sweepKey, clock.GetUtcNow()), fence);

    /// <summary>Before files are written, which the store does not refuse.</summary>
    /// <exception cref="FencedException">Another has taken over.</exception>
    public void CheckFence()
    {
        if (fence is { } own)
            store.Check(own);
    }

    private StoredLogLine Line(string site, string step, string detail, string inputs, DateTimeOffset now) => new()
    {
        Sweep = sweep,
        Site = site,
        Time = Timestamp.Of(now),
        Step = step,
        Detail = detail,
        InputsHash = inputs,
    };
}
