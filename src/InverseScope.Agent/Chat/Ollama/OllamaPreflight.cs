using System.Globalization;
using System.Text.Json;
using InverseScope.Core;
using InverseScope.Core.Machine;
using OllamaSharp.Models;

namespace InverseScope.Agent.Chat.Ollama;

/// <summary>Finds out what an Ollama service and its model can do.</summary>
internal static class OllamaPreflight
{
    /// <param name="findings">Those of <paramref name="report"/>; what is found is added.</param>
    public static async Task<OllamaFacts> CheckAsync(
        OllamaTransport transport, ChatOptions options, PreflightReport report, List<PreflightFinding> findings, TimeProvider clock, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(ChatOpening.Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        try
        {
            return await CheckAsync(transport, options, report, findings, either.Token);
        }
        catch (ChatFaultException e)
        {
            findings.Add(new PreflightFinding("service", PreflightState.Bad, e.Message, "Start Ollama (ollama serve), or give the address where it listens."));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            findings.Add(new PreflightFinding(
                "service", PreflightState.Bad, $"{options.Endpoint} does not answer as Ollama does: {e.Message}", "Give the address where Ollama listens."));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            findings.Add(new PreflightFinding(
                "service", PreflightState.Bad, $"{options.Endpoint} said nothing for {ChatOpening.Patience.TotalSeconds:0} seconds.", "Start Ollama anew."));
        }

        return new OllamaFacts(report, null, null);
    }

    private static async Task<OllamaFacts> CheckAsync(
        OllamaTransport transport, ChatOptions options, PreflightReport report, List<PreflightFinding> findings, CancellationToken cancel)
    {
        var version = await transport.Client.GetVersionAsync(cancel);
        findings.Add(new PreflightFinding("service", PreflightState.Good, $"Ollama {version} answers."));
        report = report with { Version = version };

        var models = (await transport.Client.ListLocalModelsAsync(cancel)).ToList();
        var embedding = options.EmbeddingModel is { } name ? Find("embeddings", name, models, findings) : null;
        if (embedding is not null)
            findings.Add(new PreflightFinding("embeddings", PreflightState.Good, $"{embedding.Name} is there, {embedding.Digest}."));
        if (Find("model", options.Model, models, findings) is not { } model)
            return new OllamaFacts(report, null, embedding?.Digest);

        var shown = await transport.Client.ShowModelAsync(new ShowModelRequest { Model = options.Model }, cancel);
        var capabilities = shown.Capabilities?.ToList() ?? [];
        var length = ContextLength(shown);
        report = report with { Capabilities = capabilities, ContextLength = length };
        findings.Add(capabilities.Count == 0 || capabilities.Contains("completion")
            ? new PreflightFinding("model", PreflightState.Good, $"{model.Name} is there, {model.Digest}.")
            : new PreflightFinding("model", PreflightState.Bad, $"{model.Name} cannot chat: it does {string.Join(", ", capabilities)}.", "Name a model that can."));
        if (options.Think && !capabilities.Contains("thinking"))
            findings.Add(new PreflightFinding("thinking", PreflightState.Bad, $"{model.Name} cannot think before it answers.", "Leave thinking out, or name a model that can."));
        findings.Add(length < options.ContextTokens
            ? new PreflightFinding(
                "context", PreflightState.Bad, $"{model.Name} reads {length:N0} tokens, and {options.ContextTokens:N0} are asked for.", $"Set the context to {length} at most.")
            : new PreflightFinding(
                "context", PreflightState.Good, $"{options.ContextTokens:N0} tokens{(length is null ? "" : $" of the {length:N0} that the model reads")}."));
        if (options.Endpoint.IsLoopback && !await IsLoadedAsync(transport, model, cancel))
            findings.Add(Memory(model, MachineMemory.Free()));
        return new OllamaFacts(report, model.Digest, embedding?.Digest);
    }

    // Not a fault: part of it may lie on a GPU, and Ollama drops what it does not need.
    private static PreflightFinding Memory(Model model, double free) => model.Size <= free
        ? new PreflightFinding("memory", PreflightState.Good, $"{model.Name} takes {Giga(model.Size)} GB, and {Giga(free)} GB are free.")
        : new PreflightFinding(
            "memory", PreflightState.Doubtful, $"{model.Name} takes {Giga(model.Size)} GB, and {Giga(free)} GB are free on this machine, which the target needs too.",
            "Free memory, or name a smaller model, unless a GPU holds it.");

    private static async Task<bool> IsLoadedAsync(OllamaTransport transport, Model model, CancellationToken cancel)
    {
        try
        {
            return (await transport.Client.ListRunningModelsAsync(cancel)).Any(r => r.Name == model.Name);
        }
        catch (ChatFaultException e) when (e.Kind == FaultKind.Rejected)
        {
            // A service that stands in for Ollama may not tell.
            return false;
        }
    }

    private static string Giga(double bytes) => (bytes / 1e9).ToString("N1", CultureInfo.InvariantCulture);

    /// <summary>Null if the model is not there, or nobody answers: that shows when it is asked.</summary>
    public static async Task<string?> DigestNowAsync(OllamaTransport transport, string name, TimeProvider clock, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(ChatOpening.Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        try
        {
            return Named(name, await transport.Client.ListLocalModelsAsync(either.Token))?.Digest;
        }
        catch (Exception e) when (e is ChatFaultException or JsonException or InvalidOperationException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    private static Model? Named(string name, IEnumerable<Model> models)
    {
        var wanted = name.Contains(':', StringComparison.Ordinal) ? name : name + ":latest";
        return models.FirstOrDefault(m => m.Name == wanted);
    }

    private static Model? Find(string what, string name, List<Model> models, List<PreflightFinding> findings)
    {
        if (Named(name, models) is { } model)
            return model;
        var others = models.Count == 0
            ? "It has none at all."
            : $"It has {string.Join(", ", models.Take(10).Select(m => m.Name))}{(models.Count > 10 ? ", …" : "")}.";
        findings.Add(new PreflightFinding(
            what, PreflightState.Bad, $"Ollama has no model '{name}'.{NearestName.Hint(name, models.Select(m => m.Name))} {others}",
            $"Fetch it (ollama pull {name}), or name another."));
        return null;
    }

    /// <summary>Under the key <c>ARCHITECTURE.context_length</c>; null if it is not told.</summary>
    private static int? ContextLength(ShowModelResponse shown) =>
        shown.Info?.ExtraInfo?.FirstOrDefault(i => i.Key.EndsWith(".context_length", StringComparison.Ordinal)).Value is JsonElement { ValueKind: JsonValueKind.Number } number
        && number.TryGetInt32(out var tokens)
            ? tokens
            : null;
}

/// <param name="Digest">Of the model that chats; null if it is not there.</param>
/// <param name="EmbeddingDigest">Of the model that embeds; null if it is not there, or none is wanted.</param>
internal sealed record OllamaFacts(PreflightReport Report, string? Digest, string? EmbeddingDigest);
