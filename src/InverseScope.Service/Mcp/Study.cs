using System.Text.Json;
using InverseScope.Agent.Budgets;
using InverseScope.Agent.Proposals;
using InverseScope.Core.Sampling;

namespace InverseScope.Service.Mcp;

/// <summary>What an agent studies, and how it is measured.</summary>
/// <param name="Site">In full form, e.g. <c>L9H6@last</c>.</param>
/// <param name="References">Explore references.</param>
internal sealed record StudySubject(string Model, string Task, string Site, MeasurementOptions Measurement, int References, long Seed);

/// <summary>
/// A site that an agent studies: an explore board and what was scored on it. It holds no model, and nothing of the half of references
/// that confirms. Calls come one after another, from whatever threads.
/// </summary>
internal sealed class Study(StudySubject subject, SpecStudy specs, Budget budget, TimeProvider clock)
{
    private readonly Lock _turn = new();
    private long _used = clock.GetTimestamp();
    private int _calls;

    public StudySubject Subject => subject;

    /// <summary>Id of the sweep that tests what was chosen; null until something is submitted.</summary>
    public string? Sweep { get; private set; }

    public BudgetCost Spent => budget.Spent;

    /// <summary>Since it was last asked something.</summary>
    public TimeSpan Idle => clock.GetElapsedTime(Interlocked.Read(ref _used));

    /// <summary>Runs a function of <see cref="SpecStudy.Tools"/>.</summary>
    public StudyReply Call(string name, JsonElement arguments, CancellationToken cancel)
    {
        lock (_turn)
        {
            Touch();
            using var call = budget.TryReserve(new BudgetCost(Calls: 1), out var stop);
            if (call is null)
                return StudyReply.Wrong($"{stop!.Message} The study is over: nothing more can be read, tried or scored. Submit what was scored (see results), or begin another study.");
            call.Settle(new BudgetCost(Calls: 1));
            var reply = specs.Call(name, arguments, ++_calls, cancel);
            Touch();
            return reply;
        }
    }

    /// <summary>What was scored, as told to the agent, and as it may be submitted.</summary>
    public T Read<T>(Func<SpecStudy, T> read)
    {
        lock (_turn)
        {
            Touch();
            return read(specs);
        }
    }

    /// <summary>Chosen specs go to a sweep, once.</summary>
    /// <param name="submit">Gives the sweep's id.</param>
    /// <returns>Whether nothing had been submitted before.</returns>
    public bool TrySubmit(Func<string> submit)
    {
        lock (_turn)
        {
            if (Sweep is not null)
                return false;
            Sweep = submit();
            return true;
        }
    }

    private void Touch() => Interlocked.Exchange(ref _used, clock.GetTimestamp());
}
