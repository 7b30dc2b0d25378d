using System.Diagnostics;
using System.Diagnostics.Metrics;
using InverseScope.Agent.Telemetry;
using InverseScope.Agent.Tests.Labels;
using InverseScope.Core.Specs;

namespace InverseScope.Agent.Tests;

public sealed class TelemetryTests
{
    [Fact]
    public async Task Calls_tokens_labels_and_cache_hits_can_be_listened_to()
    {
        await using var server = await LabelServer.StartAsync(_ => "telemetry");
        var question = new LlmQuestion("What is it?", ["telemetry", "other"], null);
        var sums = new Dictionary<string, long>();
        var activities = new List<Activity>();
        // Other tests count at the same time: those of this one are told by its model.
        using var meters = new MeterListener { InstrumentPublished = (instrument, l) => l.EnableMeasurementEvents(instrument, null) };
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (instrument.Meter.Name != AgentTelemetry.Name)
                return;
            lock (sums)
                sums[instrument.Name] = sums.GetValueOrDefault(instrument.Name) + value;
        });
        meters.Start();
        using var traces = new ActivityListener
        {
            ShouldListenTo = source => source.Name == AgentTelemetry.Name,
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                lock (activities)
                    activities.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(traces);

        var labeller = server.Labeller();
        await LabelServer.LabelAsync(labeller, question, "a", "b");
        await LabelServer.LabelAsync(labeller, question, "a", "b");

        lock (sums)
        {
            Assert.True(sums["inversescope.chat.calls"] >= 1);
            Assert.True(sums["inversescope.chat.tokens"] > 0);
            Assert.True(sums["inversescope.labels"] >= 4);
            Assert.True(sums["inversescope.labels.cache_hits"] >= 2);
        }

        lock (activities)
            Assert.Contains(activities, a => a.OperationName == "chat label" && (string?)a.GetTagItem("inversescope.outcome") == "Answered");
    }
}
