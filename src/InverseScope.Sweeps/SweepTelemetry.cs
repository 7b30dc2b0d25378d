using System.Diagnostics;
using System.Diagnostics.Metrics;
using InverseScope.Core.Sampling;

namespace InverseScope.Sweeps;

/// <summary>What tools for traces and metrics can listen to. Names are those of a contract: only add.</summary>
public static class SweepTelemetry
{
    /// <summary>Of the source of traces and of the meter.</summary>
    public const string Name = "InverseScope.Sweeps";

    private static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Stages = Meter.CreateCounter<long>(
        "inversescope.stages", "{stage}", "Stages of sweeps, by whether they were computed or found in the store.");

    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "inversescope.stage.duration", "s", "What a stage took that was computed.");

    private static readonly Counter<long> Samples = Meter.CreateCounter<long>(
        "inversescope.samples", "{text}", "Texts found near references, by the way of sampling.");

    internal static ActivitySource Source { get; } = new(Name);

    /// <param name="stage">Its name without the version.</param>
    /// <param name="seconds">Null if its result was there.</param>
    internal static void CountStage(string stage, double? seconds)
    {
        var name = new KeyValuePair<string, object?>("stage", stage);
        Stages.Add(1, name, new("found", seconds is null));
        if (seconds is { } took)
            Duration.Record(took, name);
    }

    internal static void CountSamples(SiteSamples samples, SamplerKind sampler) =>
        Samples.Add(samples.Sets.Sum(s => (long)s.Texts.Length), new KeyValuePair<string, object?>("sampler", sampler.ToString().ToLowerInvariant()));
}
