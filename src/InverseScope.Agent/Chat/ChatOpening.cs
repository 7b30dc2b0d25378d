using System.Globalization;
using InverseScope.Agent.Chat.Ollama;
using InverseScope.Agent.Chat.OpenAi;
using InverseScope.Agent.Chat.Scripted;
using InverseScope.Agent.Labels;
using InverseScope.Agent.Prompts;
using InverseScope.Core;

namespace InverseScope.Agent.Chat;

/// <summary>A language model that was looked at, and can be asked if it is ready. Disposing it closes its connections.</summary>
public sealed class ChatOpening : IDisposable
{
    private const string ProbePrompt = "preflight-probe";
    private const int ProbeReplyTokens = 64;

    // Listing takes no model; a service that needs longer is not well.
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly IDisposable _conversation;
    private readonly Func<CancellationToken, Task<string?>>? _digest;

    private ChatOpening(PreflightReport report, Conversation conversation, ILabelEmbedder? embedder, Func<CancellationToken, Task<string?>>? digest)
    {
        (Report, Chat, Embedder, _conversation, _digest) = (report, report.IsReady ? conversation : null, embedder, conversation, digest);
    }

    public PreflightReport Report { get; }

    /// <summary>Null unless <see cref="PreflightReport.IsReady"/>.</summary>
    public IChat? Chat { get; }

    /// <summary>Embeddings by <see cref="ChatOptions.EmbeddingModel"/>; null without one.</summary>
    public ILabelEmbedder? Embedder { get; }

    /// <summary>
    /// The digest of the model as it is there now, which differs from that of <see cref="Chat"/> after it was fetched anew. Null where nothing
    /// tells, or nobody answers.
    /// </summary>
    public async Task<string?> DigestNowAsync(CancellationToken cancel) => _digest is null ? null : await _digest(cancel);

    /// <summary>Connects to a language model and finds out, in seconds unless it has to be loaded, whether it can do what it will be asked.</summary>
    /// <param name="environment">Values of variables by name, for the key.</param>
    /// <exception cref="BadInputException">The options, the script or the key cannot be used. That a service or model is not there is a finding.</exception>
    public static async Task<ChatOpening> OpenAsync(
        ChatOptions options, Func<string, string?> environment, TimeProvider clock, CancellationToken cancel)
    {
        if (options.Check().ToList() is { Count: > 0 } problems)
            throw new BadInputException(string.Join(' ', problems));
        var findings = new List<PreflightFinding>();
        var report = new PreflightReport { Findings = findings };
        var digest = (string?)null;
        IChatTransport transport;
        ILabelEmbedder? embedder = null;
        Func<CancellationToken, Task<string?>>? digestNow = null;
        switch (options.Provider)
        {
            case ChatProvider.Ollama:
                var ollama = new OllamaTransport(options, clock);
                transport = ollama;
                var facts = await OllamaPreflight.CheckAsync(ollama, options, report, findings, clock, cancel);
                (report, digest) = (facts.Report, facts.Digest);
                digestNow = token => OllamaPreflight.DigestNowAsync(ollama, options.Model, clock, token);
                embedder = facts.EmbeddingDigest is { } embedding ? new OllamaEmbedder(ollama, options, embedding, clock) : null;
                break;
            case ChatProvider.OpenAi:
                var openAi = new OpenAiTransport(options, KeyFor(options, environment), clock);
                transport = openAi;
                await CheckAsync(openAi, options, findings, clock, cancel);
                break;
            default:
                var script = ChatScript.Read(options.Script!);
                transport = new ScriptedTransport(script);
                digest = script.Digest;
                findings.Add(new PreflightFinding("script", PreflightState.Good, $"Replies come from {options.Script}; no language model is asked."));
                break;
        }

        var conversation = new Conversation(transport, ModelOf(options, digest), options, clock);
        if (report.IsReady && options.Provider != ChatProvider.Scripted)
        {
            // Whoever opens waits for it: a deadline passes once at most, which a model may take to load.
            var probed = new Conversation(transport, conversation.Model, options, clock, repeatsSilence: false);
            findings.Add(await ProbeAsync(probed, cancel));
        }

        return new ChatOpening(report, conversation, embedder, digestNow);
    }

    public void Dispose() => _conversation.Dispose();

    private static ChatModel ModelOf(ChatOptions options, string? digest) => new(options.Provider, options.Model, digest)
    {
        Address = options.Provider == ChatProvider.OpenAi ? options.Endpoint.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/') : null,
        Settings = SettingsOf(options),
    };

    // What is as it is by default is left out, so that answers are found that were kept before anything was said of it.
    private static string? SettingsOf(ChatOptions options)
    {
        var usual = new ChatOptions();
        var settings = new List<string>();
        if (options.ContextTokens != usual.ContextTokens)
            settings.Add(string.Create(CultureInfo.InvariantCulture, $"context {options.ContextTokens}"));
        if (options.Provider == ChatProvider.Ollama && options.Think != usual.Think)
            settings.Add("thinks");
        return settings.Count == 0 ? null : string.Join(", ", settings);
    }

    private static ApiKey? KeyFor(ChatOptions options, Func<string, string?> environment)
    {
        var key = ApiKey.From(options.KeyVariable, environment);
        return key is null || ApiKey.MayTravelTo(options.Endpoint)
            ? key
            : throw new BadInputException(
                $"{options.KeyVariable} is not sent to {options.Endpoint.GetLeftPart(UriPartial.Path)} without encryption.",
                $"Give the address with https, or unset {options.KeyVariable} if the service needs no key.");
    }

    private static async Task CheckAsync(OpenAiTransport transport, ChatOptions options, List<PreflightFinding> findings, TimeProvider clock, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        try
        {
            var models = await transport.ListModelsAsync(either.Token);
            findings.Add(models.Contains(options.Model)
                ? new PreflightFinding("model", PreflightState.Good, $"{options.Model} is listed.")
                : new PreflightFinding(
                    "model", PreflightState.Doubtful, $"{options.Model} is not among the {models.Count} models that the service lists.{NearestName.Hint(options.Model, models)}",
                    "Check its name."));
        }
        catch (ChatFaultException e) when (e.Kind is FaultKind.Rejected or FaultKind.Garbled)
        {
            // Not every service has a list; the probe tells what counts.
            findings.Add(new PreflightFinding("model", PreflightState.Doubtful, $"The service lists no models: {e.Message}", "Look at what the probe says."));
        }
        catch (ChatFaultException e)
        {
            findings.Add(new PreflightFinding("service", PreflightState.Bad, e.Message, "Start it, or give another address."));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            findings.Add(new PreflightFinding(
                "service", PreflightState.Bad, $"{options.Endpoint.GetLeftPart(UriPartial.Path)} said nothing for {Patience.TotalSeconds:0} seconds.",
                "Start it anew, or give another address."));
        }
    }

    private static async Task<PreflightFinding> ProbeAsync(Conversation conversation, CancellationToken cancel)
    {
        var prompt = ShippedPrompts.Find(ProbePrompt);
        var reply = await conversation.AskAsync(
            new ChatRequest
            {
                Purpose = "preflight",
                Prompt = prompt.Render(new Dictionary<string, System.Text.Json.Nodes.JsonNode?> { ["word"] = "ready" }),
                Schema = prompt.Reply,
                MaxReplyTokens = ProbeReplyTokens,
            },
            cancel);
        const string name = "structured reply";
        var cure = "Choose a model that follows a JSON Schema, or a newer version of the service.";
        return reply.Outcome switch
        {
            ChatOutcome.Answered when reply.Attempts.Count == 1 =>
                new PreflightFinding(name, PreflightState.Good, $"The model keeps to a JSON Schema; its reply took {reply.Duration.TotalSeconds:0.0} s."),
            ChatOutcome.Answered => new PreflightFinding(
                name, PreflightState.Doubtful, $"The model kept to a JSON Schema at message {reply.Attempts.Count} only: {reply.Attempts[0].Problem}", cure),
            ChatOutcome.Malformed or ChatOutcome.Truncated or ChatOutcome.Refused =>
                new PreflightFinding(name, PreflightState.Bad, $"The model does not keep to a JSON Schema: {reply.Problem}", cure),
            ChatOutcome.Rejected => new PreflightFinding(name, PreflightState.Bad, reply.Problem!, "Mend what the service complains of: key, model or options."),
            _ => new PreflightFinding(name, PreflightState.Bad, reply.Problem!, "Look at the log of the service, and start it anew."),
        };
    }
}
