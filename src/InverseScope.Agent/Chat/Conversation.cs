using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using InverseScope.Agent.Prompts;
using InverseScope.Agent.Telemetry;
using InverseScope.Core.Seeds;

namespace InverseScope.Agent.Chat;

/// <summary>
/// Asks through a transport until there is an outcome. A reply of the wrong form is repaired once: the model is told its
/// errors. Any other bad reply is asked for anew, with another seed and, if it was cut, with more room.
/// </summary>
/// <param name="repeatsSilence">Whether a message is sent once more after its deadline passed.</param>
internal sealed class Conversation(IChatTransport transport, ChatModel model, ChatOptions options, TimeProvider clock, bool repeatsSilence = true) : IChat, IDisposable
{
    // After the first message of a question.
    private const int Repetitions = 2;

    private const string RepairPrompt = "repair-reply";

    // What a model has written is shown to it again, but not without end.
    private const int LongestShown = 8000;

    private readonly ChatResilience _resilience = new(transport, options, clock, repeatsSilence);

    public ChatModel Model { get; } = model;

    public async Task<ChatReply> AskAsync(ChatRequest request, CancellationToken cancel)
    {
        using var activity = AgentTelemetry.Source.StartActivity("chat " + request.Purpose, ActivityKind.Client);
        var started = clock.GetTimestamp();
        var attempts = new List<ChatAttempt>();
        var verdict = await ConverseAsync(request, attempts, cancel);
        var reply = new ChatReply
        {
            Outcome = verdict.Outcome,
            Text = verdict.Text,
            Json = verdict.Json,
            Calls = verdict.Calls,
            Problem = verdict.Problem,
            Model = Model,
            RequestHash = request.HashFor(Model),
            Attempts = attempts,
            Duration = clock.GetElapsedTime(started),
            RetryAfter = verdict.RetryAfter,
        };
        AgentTelemetry.Record(request, reply, activity);
        return reply;
    }

    public void Dispose() => transport.Dispose();

    private async Task<Verdict> ConverseAsync(ChatRequest request, List<ChatAttempt> attempts, CancellationToken cancel)
    {
        var asked = Turns(request);
        var (turns, seed, room, repaired) = (asked, request.Seed, request.MaxReplyTokens, false);
        if (Tokens(request, asked, TokenEstimate.AtLeast) is var tokens && tokens > options.ContextTokens)
        {
            return new Verdict(ChatOutcome.PromptTooLong, "", null,
                $"The prompt has more than {tokens:N0} tokens, and the context {options.ContextTokens:N0}. Make the context larger, or send less at once.");
        }

        for (var round = 0; ; round++)
        {
            var isRepair = turns.Count > asked.Count;
            var exchange = new ChatExchange(request, turns, seed, room);
            Verdict verdict;
            try
            {
                var raw = await _resilience.RunAsync(token => AttemptAsync(exchange, isRepair, attempts, token), cancel);
                verdict = Judge(raw, request, turns);
                attempts[^1] = attempts[^1] with { Problem = verdict.Problem };
            }
            catch (ChatFaultException fault)
            {
                verdict = Judge(fault);
            }

            if (round == Repetitions || verdict.Outcome is not (ChatOutcome.Malformed or ChatOutcome.Truncated or ChatOutcome.Failed))
                return verdict;
            if (verdict.Outcome == ChatOutcome.Malformed && !repaired && verdict.Text.Length > 0)
            {
                repaired = true;
                turns = [.. asked, new ChatTurn(ChatRole.Assistant, Start(verdict.Text)), new ChatTurn(ChatRole.User, Repair(verdict.Errors))];
            }
            else
            {
                turns = asked;
            }

            seed = new RunSeed(request.Seed).Stream("repeated reply", $"{round}").NextInt(int.MaxValue);
            if (verdict.Outcome == ChatOutcome.Truncated)
                room = (int)Math.Min(2L * room, Math.Max(room, options.ContextTokens));
        }
    }

    private async Task<RawReply> AttemptAsync(
        ChatExchange exchange, bool isRepair, List<ChatAttempt> attempts, CancellationToken cancel)
    {
        var started = clock.GetTimestamp();
        var attempt = new ChatAttempt { IsRepair = isRepair, Seed = exchange.Seed, MaxReplyTokens = exchange.MaxReplyTokens };
        try
        {
            var raw = await transport.SendAsync(exchange, cancel);
            attempts.Add(attempt with
            {
                Text = raw.Text,
                PromptTokens = raw.PromptTokens,
                ReplyTokens = raw.ReplyTokens,
                Duration = clock.GetElapsedTime(started),
                ModelTime = raw.ModelTime,
            });
            return raw;
        }
        catch (ChatFaultException fault)
        {
            attempts.Add(attempt with { Problem = fault.Message, Duration = clock.GetElapsedTime(started) });
            throw;
        }
        catch (OperationCanceledException)
        {
            attempts.Add(attempt with { Problem = "The deadline passed.", Duration = clock.GetElapsedTime(started) });
            throw;
        }
    }

    private static List<ChatTurn> Turns(ChatRequest request)
    {
        var turns = new List<ChatTurn>();
        if (request.Prompt.System.Length > 0)
            turns.Add(new ChatTurn(ChatRole.System, request.Prompt.System));
        // Some models and versions take no heed of a schema that is sent beside the prompt.
        turns.Add(new ChatTurn(ChatRole.User, request.Schema is null
            ? request.Prompt.User
            : $"{request.Prompt.User}\n\nThe JSON Schema of the reply:\n{request.Schema.Json}"));
        foreach (var round in request.Earlier)
        {
            if (round.Said.Length > 0 || round.Calls.Count > 0)
                turns.Add(new ChatTurn(ChatRole.Assistant, round.Said) { Calls = round.Calls });
            turns.AddRange(round.Results.Select(r => new ChatTurn(ChatRole.Tool, r)));
            if (round.Told is { } told)
                turns.Add(new ChatTurn(ChatRole.User, told));
        }

        return turns;
    }

    /// <param name="of">Tokens of a text.</param>
    private static int Tokens(ChatRequest request, IReadOnlyList<ChatTurn> turns, Func<string, int> of) =>
        turns.Sum(t => of(t.Read)) + of(request.ToolsJson ?? "");

    private Verdict Judge(RawReply raw, ChatRequest request, List<ChatTurn> turns)
    {
        var text = JsonReply.WithoutThoughts(raw.Text).Trim();
        if (raw.Refusal is { } refusal)
            return new Verdict(ChatOutcome.Refused, text, null, $"The model refused: {ChatHttp.Shown(refusal)}");
        // A service that drops the beginning of a long prompt does not say so; it only counts fewer tokens, as it also does for
        // the beginning that it has seen before. So only a prompt that could be too long is suspected.
        if (raw.PromptTokens > 0
            && Tokens(request, turns, TokenEstimate.About) + request.MaxReplyTokens > options.ContextTokens / 2
            && Tokens(request, turns, TokenEstimate.AtLeast) is var least && raw.PromptTokens < least)
        {
            return new Verdict(ChatOutcome.PromptTooLong, text, null,
                $"The prompt was cut: the service read {raw.PromptTokens:N0} tokens of more than {least:N0}. Make the context larger, or send less at once.");
        }

        if (request.Tools.Count > 0 && raw.Calls.Count > 0)
            return new Verdict(ChatOutcome.Answered, text, null, null) { Calls = raw.Calls };
        var reading = request.Schema is null ? null : JsonReply.Read(text, request.Schema);
        if (reading?.Value is { } value)
            return new Verdict(ChatOutcome.Answered, text, value, null);
        if (reading?.HasJson != true && RefusalText.Is(text))
            return new Verdict(ChatOutcome.Refused, text, null, $"The model refused: {ChatHttp.Shown(text)}");
        if (raw.IsCut)
            return new Verdict(ChatOutcome.Truncated, text, null, $"The reply was cut off after {raw.ReplyTokens:N0} tokens.");
        if (text.Length == 0)
            return new Verdict(ChatOutcome.Malformed, text, null, "The reply is empty.") { Errors = ["the reply is empty"] };
        if (reading is null)
            return new Verdict(ChatOutcome.Answered, text, null, null);
        return new Verdict(ChatOutcome.Malformed, text, null, $"The reply does not fit: {ChatHttp.Shown(string.Join("; ", reading.Errors))}.") { Errors = reading.Errors };
    }

    private static Verdict Judge(ChatFaultException fault) => fault.Kind switch
    {
        FaultKind.Garbled => new Verdict(ChatOutcome.Failed, "", null, fault.Message),
        FaultKind.Rejected => new Verdict(ChatOutcome.Rejected, "", null, fault.Message),
        FaultKind.TooLong => new Verdict(ChatOutcome.PromptTooLong, "", null, fault.Message),
        _ => new Verdict(ChatOutcome.Unavailable, "", null, fault.Message) { RetryAfter = fault.Wait },
    };

    private static string Start(string text) => text.Length <= LongestShown ? text : text[..LongestShown] + "…";

    private static string Repair(IReadOnlyList<string> errors) => ShippedPrompts.Find(RepairPrompt).Render(
        new Dictionary<string, JsonNode?> { ["errors"] = new JsonArray([.. errors.Select(e => JsonValue.Create(ChatHttp.Shown(e)))]) }).User;

    /// <param name="Problem">Null if there is an answer.</param>
    private sealed record Verdict(ChatOutcome Outcome, string Text, JsonElement? Json, string? Problem)
    {
        public IReadOnlyList<string> Errors { get; init; } = [];

        public IReadOnlyList<ChatCall> Calls { get; init; } = [];

        public TimeSpan? RetryAfter { get; init; }
    }
}
