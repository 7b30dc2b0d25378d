using InverseScope.Core;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Cluster;

/// <summary>What the cluster is doing, if this service is in one.</summary>
internal sealed class ClusterDesk(Workspace workspace, ClusterQueue? queue = null, IClusterMembershipService? membership = null, ILocalSiloDetails? own = null)
{
    /// <summary>The cluster as it was last heard of; null: this service is alone.</summary>
    /// <exception cref="OutsideServiceException">Nothing was heard of it yet.</exception>
    public ClusterOverview? Look()
    {
        if (queue is null)
            return null;
        var seen = queue.Seen ?? throw new OutsideServiceException("The cluster has not answered yet. Try again in some seconds.");
        var services = Services();
        return new ClusterOverview(
            seen.Version,
            services,
            [.. seen.Workers.Select(w => new ClusterWorker(
                w.Card.Id, w.Card.Host, w.Card.Process, w.Card.Device, w.Card.FreeBytes, w.Card.LoadedNames, w.Card.Models, w.Card.Generators, w.Busy, w.CallsPerMinute, w.Card.Tickets.Length, w.Seen))],
            [.. seen.Owners.Select(o => new ClusterShare(o.Owner, o.Weight, o.Waiting, o.Running, o.Seconds))],
            [.. seen.Sweeps.Where(s => !s.Ended).OrderBy(s => s.Id, StringComparer.Ordinal).Select(s => new ClusterSweep(
                s.Id, PriorityOf(s.Id), services.FirstOrDefault(m => m.Member == s.Silo) is { } at ? $"{at.Host} (process {at.Process})" : s.Silo, s.Pace, s.Seconds))]);
    }

    private ClusterService[] Services() =>
    [
        .. membership!.CurrentSnapshot.Members.Values
            .Where(m => m.Status == SiloStatus.Active)
            .Select(m => (m.SiloAddress, Name: MemberName.Read(m.Name)))
            .Where(m => m.Name is { Role: MemberName.Service })
            .Select(m => new ClusterService(m.Name!.Host, m.Name.Process, m.SiloAddress.ToString(), m.SiloAddress.Equals(own!.SiloAddress)))
            .OrderBy(m => m.Host, StringComparer.Ordinal).ThenBy(m => m.Member, StringComparer.Ordinal),
    ];

    private SweepPriority PriorityOf(string sweep)
    {
        try
        {
            return workspace.Store.Sweep(sweep).Priority;
        }
        catch (BadInputException)
        {
            // It was taken out of the store meanwhile.
            return SweepPriority.Normal;
        }
    }
}
