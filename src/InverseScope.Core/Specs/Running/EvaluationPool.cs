using System.Collections.Concurrent;

namespace InverseScope.Core.Specs.Running;

/// <summary>Evaluations at rest. Thread-safe.</summary>
internal sealed class EvaluationPool
{
    private readonly ConcurrentBag<Evaluation> _others = [];
    private Evaluation? _first;

    public Evaluation Rent() =>
        Interlocked.Exchange(ref _first, null) ?? (_others.TryTake(out var other) ? other : new Evaluation());

    public void Return(Evaluation evaluation)
    {
        // One that ran out may hold lists of its whole budget: better to make a new one some day.
        if (!evaluation.RanOut && Interlocked.CompareExchange(ref _first, evaluation, null) is not null)
            _others.Add(evaluation);
    }
}
