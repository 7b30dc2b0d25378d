using InverseScope.Core;

namespace InverseScope.Service.Desk;

/// <summary>A sweep that is being worked on, at one moment.</summary>
/// <param name="Seconds">Of work in this run.</param>
public sealed record RunningPlace(SweepPace Pace, double Seconds);

/// <summary>Where sweeps wait and are worked on: one after another in this process, or all together in a cluster.</summary>
public interface ISweepQueue
{
    /// <summary>Whether sweeps are worked on at all.</summary>
    bool IsWorking { get; }

    /// <summary>Cancelled when the service begins to end.</summary>
    CancellationToken Stopping { get; }

    /// <summary>Grows with everything that changes here of a sweep, from 0.</summary>
    long ChangesOf(string id);

    /// <summary>Where a sweep stands here, at one moment.</summary>
    /// <returns>The run that works on it, null if none does; and whether it waits for its turn.</returns>
    (RunningPlace? Running, bool IsQueued) PlaceOf(string id);

    /// <summary>What a sweep broke at since the service began, whether that could be stored or not; null if nothing, or it was asked for again.</summary>
    string? FaultOf(string id);

    /// <summary>Lets a sweep wait for its turn; one that waits or runs already does so once.</summary>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    /// <exception cref="OutsideServiceException">The store cannot be written: nothing waits then.</exception>
    void Add(string id);

    /// <summary>Takes a sweep out of the queue, or stops it at the next batch.</summary>
    /// <param name="reason">Stored as why it ended.</param>
    /// <returns>Whether it waited or ran.</returns>
    /// <exception cref="OutsideServiceException">The store cannot be written: it still waits then.</exception>
    bool Interrupt(string id, string reason);

    /// <summary>Has those who watch a sweep look again.</summary>
    void Tell(string id);
}
