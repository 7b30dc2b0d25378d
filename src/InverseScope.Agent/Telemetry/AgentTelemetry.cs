using System.Diagnostics;
using System.Diagnostics.Metrics;
using InverseScope.Agent.Chat;

namespace InverseScope.Agent.Telemetry;

/// <summary>What tools for traces and metrics can listen to. Names are those of a contract: only add.</summary>
public static class AgentTelemetry
{
    /// <summary>Of the source of traces and of the meter.</summary>
    public const string Name = "InverseScope.Agent";

    private static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Calls = Meter.CreateCounter<long>(
        "inversescope.chat.calls", "{call}", "Questions to language models, by outcome.");

    private static readonly Counter<long> Tokens = Meter.CreateCounter<long>(
        "inversescope.chat.tokens", "{token}", "Tokens that language models read and wrote.");

    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "inversescope.chat.duration", "s", "From a question to its outcome.");

    private static readonly Counter<long> Labels = Meter.CreateCounter<long>(
        "inversescope.labels", "{label}", "Answers about texts, by kind.");

    private static readonly Counter<long> CacheHits = Meter.CreateCounter<long>(
        "inversescope.labels.cache_hits", "{label}", "Answers about texts that were known already.");

    internal static ActivitySource Source { get; } = new(Name);

    internal static void Record(ChatRequest request, ChatReply reply, Activity? activity)
    {
        var model = new KeyValuePair<string, object?>("model", reply.Model.Name);
        var purpose = new KeyValuePair<string, object?>("purpose", request.Purpose);
        Calls.Add(1, model, purpose, new("outcome", reply.Outcome.ToString()));
        Tokens.Add(reply.PromptTokens, model, purpose, new("kind", "prompt"));
        Tokens.Add(reply.ReplyTokens, model, purpose, new("kind", "reply"));
        Duration.Record(reply.Duration.TotalSeconds, model, purpose);
        if (activity is null)
            return;
        activity.SetTag("gen_ai.request.model", reply.Model.Name);
        activity.SetTag("gen_ai.usage.input_tokens", reply.PromptTokens);
        activity.SetTag("gen_ai.usage.output_tokens", reply.ReplyTokens);
        activity.SetTag("inversescope.prompt", request.Prompt.Id);
        activity.SetTag("inversescope.attempts", reply.Attempts.Count);
        activity.SetTag("inversescope.outcome", reply.Outcome.ToString());
        if (reply.Problem is { } problem)
            activity.SetStatus(ActivityStatusCode.Error, problem);
    }

    internal static void CountLabels(string kind, int labels) => Labels.Add(labels, new KeyValuePair<string, object?>("kind", kind));

    internal static void CountCacheHits(int labels) => CacheHits.Add(labels);
}
