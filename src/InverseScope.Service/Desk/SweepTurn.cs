using InverseScope.Core;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Desk;

/// <summary>One run of a sweep in a service.</summary>
internal static class SweepTurn
{
    /// <summary>Runs what is left of a sweep, and takes its turn from it unless it is to go on when the service does.</summary>
    /// <returns>Whether it is to go on.</returns>
    /// <exception cref="BadInputException">The model or a site cannot be used.</exception>
    /// <exception cref="OutsideServiceException">The disk is full or the store is out of reach.</exception>
    /// <exception cref="FencedException">Another process has taken the sweep over.</exception>
    public static bool Run(Workspace workspace, SweepRunner runner, RunningSweep running, CancellationToken stopping, SweepRunOptions? options = null)
    {
        try
        {
            // Without a person's reason it is the service that ends: the sweep goes on with the next.
            if (runner.Run(running.Id, running, running.Cancel, () => running.Reason, options).State == SweepState.Running)
                return true;
            workspace.Store.Change(running.Id, s => s.Turn = null, options?.Fence);
            return false;
        }
        catch (ObjectDisposedException) when (stopping.IsCancellationRequested && running.Reason is null)
        {
            // The service ended without waiting for it longer: it goes on with the next one.
            return true;
        }
        catch (Exception e) when (e is not (BadInputException or OutsideServiceException or FencedException))
        {
            workspace.Store.Change(running.Id, s => (s.State, s.StopReason, s.Turn) = (SweepState.Failed, $"{e.GetType().Name}: {e.Message}", null), options?.Fence);
            throw;
        }
    }
}
