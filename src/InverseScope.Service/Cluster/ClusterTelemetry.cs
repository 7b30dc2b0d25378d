using System.Diagnostics;
using System.Diagnostics.Metrics;
using InverseScope.Core.Sampling;

namespace InverseScope.Service.Cluster;

/// <summary>What a cluster tells of itself to whoever listens: what workers compute for whom, and how much waits for them.</summary>
public static class ClusterTelemetry
{
    /// <summary>Of the source of traces and of the meter.</summary>
    public const string Name = "InverseScope.Cluster";

    /// <summary>The meter of the members' own doings.</summary>
    public const string MemberMeter = "Microsoft.Orleans";

    // Goes with a call from its sweep to the worker.
    private const string OwnerKey = "inversescope.sweep";

    private static readonly ActivitySource Source = new(Name);

    private static readonly Meter Meter = new(Name);

    private static readonly Gauge<int> Workers = Meter.CreateGauge<int>("inversescope.cluster.workers", "{worker}", "Workers of the cluster.");

    private static readonly Gauge<int> Waiting = Meter.CreateGauge<int>("inversescope.cluster.calls.waiting", "{call}", "Calls that no worker has yet.");

    private static readonly Gauge<int> Running = Meter.CreateGauge<int>("inversescope.cluster.calls.running", "{call}", "Calls that a worker has.");

    private static readonly Gauge<double> Busy = Meter.CreateGauge<double>("inversescope.cluster.busy", "1", "Share of the last minute in which a worker computed.");

    /// <summary>Sources of traces: its own, and those of calls between members.</summary>
    public static IReadOnlyList<string> Sources { get; } = [Name, "Microsoft.Orleans.Runtime", "Microsoft.Orleans.Application"];

    /// <summary>Says for whom the calls are that are made from here on.</summary>
    internal static void CallFor(string owner) => RequestContext.Set(OwnerKey, owner);

    /// <summary>A call that a worker computes, as part of whatever called it; null where nobody listens.</summary>
    internal static Activity? Begin(string call, TargetKey key, string? site, string device) => Source.StartActivity(call)
        ?.SetTag("inversescope.sweep", RequestContext.Get(OwnerKey)).SetTag("inversescope.site", site).SetTag("inversescope.model", key.Model)
        .SetTag("inversescope.random_weights", key.Weights != TargetWeights.Trained).SetTag("inversescope.device", device);

    /// <summary>Told by the one place that knows all workers.</summary>
    internal static void Tell(WorkerView[] workers, OwnerView[] owners)
    {
        Workers.Record(workers.Length);
        Waiting.Record(owners.Sum(o => o.Waiting));
        Running.Record(owners.Sum(o => o.Running));
        foreach (var worker in workers)
            Busy.Record(worker.Busy, new("worker", worker.Card.Id), new("host", worker.Card.Host), new("device", worker.Card.Device));
    }
}
