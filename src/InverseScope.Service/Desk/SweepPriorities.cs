using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Desk;

/// <summary>What priorities of sweeps mean where several run at the same time.</summary>
internal static class SweepPriorities
{
    /// <summary>The share of the workers' time beside those of other sweeps that wait: 1, 4 and 16.</summary>
    public static double WeightOf(SweepPriority priority) => priority switch
    {
        SweepPriority.Low => 1,
        SweepPriority.Normal => 4,
        SweepPriority.High => 16,
        _ => throw new ArgumentOutOfRangeException(nameof(priority), priority, "No such priority."),
    };
}
