using InverseScope.Core;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps;

/// <summary>How the work on one site ended.</summary>
public enum SiteOutcomeKind
{
    /// <summary>Its results are committed.</summary>
    Done,

    /// <summary>By a fault; it is tried again when the sweep is resumed.</summary>
    Failed,

    /// <summary>It waits for a language model that is not there.</summary>
    Parked,

    /// <summary>The sweep's budget ended it.</summary>
    BudgetSpent,
}

/// <summary>How the work on one site ended, and why where it is not done.</summary>
public sealed record SiteOutcome(SiteOutcomeKind Kind, string? Why)
{
    public static SiteOutcome Done { get; } = new(SiteOutcomeKind.Done, null);

    public static SiteOutcome BudgetSpent { get; } = new(SiteOutcomeKind.BudgetSpent, null);

    public static SiteOutcome Failed(string why) => new(SiteOutcomeKind.Failed, why);

    public static SiteOutcome Parked(string why) => new(SiteOutcomeKind.Parked, why);
}

/// <summary>Who works on the sites of a sweep at the same time. Without one they are worked on one after another.</summary>
public interface ISiteDispatch
{
    /// <summary>How many sites of one sweep at once, from 1; it may change at any time.</summary>
    /// <param name="asks">Whether sites wait for a language model now and then.</param>
    int AtOnce(bool asks);

    /// <summary>Has one site worked on, in this process, on another thread.</summary>
    /// <param name="work">Works on it. What it commits is refused once another has taken the fence's scope over.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="BadInputException">The site cannot be worked on.</exception>
    /// <exception cref="OutsideServiceException">What it needs cannot be reached.</exception>
    Task<SiteOutcome> Run(string sweep, string site, Func<StoreFence, CancellationToken, SiteOutcome> work, CancellationToken cancel);
}

/// <summary>How one run of a sweep shares its work with others. The default is to share nothing.</summary>
public sealed record SweepRunOptions
{
    /// <summary>Null: sites are worked on one after another.</summary>
    public ISiteDispatch? Dispatch { get; init; }

    /// <summary>What is written of the sweep is refused once another has taken its scope over; null: nobody can.</summary>
    public StoreFence? Fence { get; init; }
}
