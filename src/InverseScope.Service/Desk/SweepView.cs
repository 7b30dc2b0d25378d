using InverseScope.Core.Sampling;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Desk;

/// <summary>Where a sweep stands in the service.</summary>
public enum SweepStatus
{
    /// <summary>Waits for its turn.</summary>
    Queued,

    /// <summary>Is being worked on.</summary>
    Running,

    /// <summary>A person set it aside; it goes on when asked to.</summary>
    Paused,

    /// <summary>Ended early by a person, its budget or an outage, or broke off; it goes on when asked to.</summary>
    Stopped,

    /// <summary>Every site was investigated.</summary>
    Finished,

    /// <summary>Ended by a fault; it can be tried again once that is mended.</summary>
    Failed,
}

/// <summary>A sweep as the service shows it.</summary>
public sealed record SweepView
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required SweepStatus Status { get; init; }

    /// <summary>Why it ended, or waits; null while it runs.</summary>
    public string? Reason { get; init; }

    public required string Model { get; init; }

    public required string Task { get; init; }

    /// <summary>Name of the language model that it asks; null if it asks none.</summary>
    public string? LanguageModel { get; init; }

    /// <summary>The sweep whose answers it repeats; null for most.</summary>
    public string? ReplayOf { get; init; }

    /// <summary>How large a share of a cluster's workers it gets beside others.</summary>
    public required SweepPriority Priority { get; init; }

    public required DateTimeOffset Started { get; init; }

    public DateTimeOffset? Finished { get; init; }

    public required SweepPace Pace { get; init; }

    public required SweepSpend Spend { get; init; }

    /// <summary>The last line of its log that tells of a fault; null if there is none.</summary>
    public string? LastFault { get; init; }

    /// <summary>The command that repeats it; where none can, in words how it was begun.</summary>
    public required string Command { get; init; }

    /// <summary>Where it is computed, e.g. <c>cuda:0</c>; null unless it runs.</summary>
    public string? Device { get; init; }
}

/// <summary>How far a sweep is.</summary>
/// <param name="Doing">What is being done, in a few words; null unless it runs.</param>
/// <param name="SitesDone">Sites finished.</param>
/// <param name="Sites">Sites in all; 0 until they are counted.</param>
/// <param name="Step">Progress within what is being done; null where nothing is told.</param>
/// <param name="SecondsLeft">Estimated from sites done in this run; null until there are any.</param>
public sealed record SweepPace(string? Doing, int SitesDone, int Sites, WorkProgress? Step, double? SecondsLeft);

/// <summary>What a sweep has used, and what it may; limits are of each run, null for none.</summary>
/// <param name="WorkSeconds">Over all runs.</param>
/// <param name="LanguageModelCalls">Messages sent, over all runs.</param>
/// <param name="LanguageModelTokens">Read and written, over all runs.</param>
public sealed record SweepSpend(double WorkSeconds, long LanguageModelCalls, long LanguageModelTokens, SweepLimits Limits)
{
    /// <summary>Samples of the sites that are done, over all runs.</summary>
    public long Samples { get; init; }
}

/// <summary>What one run of a sweep may use; null for no limit.</summary>
/// <param name="Minutes">Above 0.</param>
/// <param name="Samples">From 1, as the others.</param>
public sealed record SweepLimits(double? Minutes, long? Samples, long? LanguageModelCalls, long? LanguageModelTokens)
{
    /// <summary>All that is wrong, each a sentence; empty if nothing.</summary>
    public IEnumerable<string> Check()
    {
        if (Minutes is { } minutes && !(minutes > 0 && minutes <= TimeSpan.MaxValue.TotalMinutes / 2))
            yield return FormattableString.Invariant($"The budget of minutes must be a number above 0, found {minutes}; leave it out for no limit.");
        foreach (var (name, limit) in new[] { ("samples", Samples), ("language-model calls", LanguageModelCalls), ("language-model tokens", LanguageModelTokens) })
        {
            if (limit <= 0)
                yield return FormattableString.Invariant($"The budget of {name} must be at least 1, found {limit}; leave it out for no limit.");
        }
    }
}
