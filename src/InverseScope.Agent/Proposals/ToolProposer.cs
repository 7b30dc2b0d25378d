using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Prompts;
using InverseScope.Core.Proposals;
using InverseScope.Core.Seeds;

namespace InverseScope.Agent.Proposals;

/// <summary>
/// Lets a language model find proposals by calling functions: it decides what to read, try and score, and when to stop. Every call
/// is run and counted here, so that it ends whatever the model does. What compiles and scores on explore references is kept, as with
/// <see cref="LoopProposer"/>.
/// </summary>
/// <param name="chat">Asked in sequence; whoever wants records, budgets or replays puts them around it.</param>
public sealed partial class ToolProposer(IChat chat, ToolOptions options)
{
    private const string AgentPrompt = "tool-agent";
    private const string ReminderPrompt = "tool-reminder";

    /// <summary>Proposes specs for the site of a board.</summary>
    /// <param name="seed">Of the site and the proposer; what is asked depends on nothing else.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was.</exception>
    public async Task<ProposalRun> ProposeAsync(IExploreBoard board, RunSeed seed, CancellationToken cancel)
    {
        var run = new Run(chat, options, board, seed);
        await run.LoopAsync(cancel);
        return run.Result(cancel);
    }

    [GeneratedRegex(@"^[A-Za-z0-9_.-]{1,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex NameForm();

    private sealed class Run
    {
        // What a model writes beside calls is shown to it again, but not without end.
        private const int LongestSaid = 1000;

        private readonly IChat _chat;
        private readonly ToolOptions _options;
        private readonly IExploreBoard _board;
        private readonly RunSeed _seed;
        private readonly SpecPool _pool;
        private readonly SpecTools _tools;
        private readonly RenderedPrompt _prompt;
        private readonly List<ProposalStep> _steps = [];
        private readonly List<ChatRound> _rounds = [];
        private readonly List<(ChatCall Call, int Times)> _made = [];
        private ProposalStop _stop = ProposalStop.StepLimit;
        private string? _problem;
        private int _longestResult;
        private int _used;
        private int _asked;
        private bool _isReminded;

        public Run(IChat chat, ToolOptions options, IExploreBoard board, RunSeed seed)
        {
            (_chat, _options, _board, _seed) = (chat, options, board, seed);
            _pool = new SpecPool(board);
            _tools = new SpecTools(board, _pool, options);
            _longestResult = options.LongestResult;
            _prompt = ShippedPrompts.Find(AgentPrompt).Render(new Dictionary<string, JsonNode?>
            {
                ["task"] = BoardJson.Task(board.Task),
                ["steps"] = options.Steps,
                ["proposals"] = options.MaxProposals,
            });
        }

        public ProposalRun Result(CancellationToken cancel)
        {
            _tools.EndMending();
            return new ProposalRun(
                [.. _pool.Best(_options.MaxProposals, cancel).Select(e => new ProposedSpec(e.Hash, e.Spec, e.Score, e.Trail))],
                _stop, _problem, _steps, _pool.Entries.Count, _pool.Faulty);
        }

        public async Task LoopAsync(CancellationToken cancel)
        {
            while (_used < _options.Steps)
            {
                var reply = await AskAsync(cancel);
                if ((Ends(reply) ?? (reply.Calls.Count > 0 ? CallsOf(reply, cancel) : WithoutCall(reply))) is not { } stop)
                    continue;
                _stop = stop;
                return;
            }
        }

        private async Task<ChatReply> AskAsync(CancellationToken cancel)
        {
            var step = _asked++;
            var reply = await _chat.AskAsync(
                new ChatRequest
                {
                    Purpose = "tools",
                    Prompt = _prompt,
                    Tools = SpecTools.All,
                    Earlier = [.. _rounds],
                    Step = step,
                    Seed = _seed.Stream("question", _board.Site, Invariant($"{step}")).NextInt(int.MaxValue),
                    Temperature = _options.Temperature,
                    MaxReplyTokens = _options.MaxReplyTokens,
                },
                cancel);
            _steps.Add(new ProposalStep(
                "asked",
                Invariant($"{reply.Outcome.ToString().ToLowerInvariant()}, {reply.Calls.Count} calls, {reply.PromptTokens} tokens read, {reply.ReplyTokens} written{(reply.Problem is null ? "" : $": {reply.Problem}")}"),
                reply.RequestHash));
            return reply;
        }

        // Null: go on.
        private ProposalStop? Ends(ChatReply reply)
        {
            var stop = ProposalStops.After(reply.Outcome);
            if (stop is not null)
            {
                _problem = reply.Problem?.Contains("does not support tools", StringComparison.OrdinalIgnoreCase) == true
                    ? $"{_chat.Model.Name} cannot call functions. Name a model that can, or let it be led by fixed steps. {reply.Problem}"
                    : reply.Problem;
            }

            return stop;
        }

        // Null: go on. A failure that is not the end, a refusal and mere prose are all the same here: the model is reminded once.
        private ProposalStop? WithoutCall(ChatReply reply)
        {
            _used++;
            if (reply.Outcome == ChatOutcome.PromptTooLong && Forget())
                return null;
            if (reply.Outcome == ChatOutcome.PromptTooLong || _isReminded)
            {
                _problem = reply.Problem;
                return ProposalStop.NoProgress;
            }

            _isReminded = true;
            var said = PromptJson.Plain(reply.Text.Length <= LongestSaid ? reply.Text : reply.Text[..LongestSaid] + "…");
            _rounds.Add(new ChatRound(said, [], [], ShippedPrompts.Find(ReminderPrompt).Render(new Dictionary<string, JsonNode?>
            {
                ["functions"] = new JsonArray([.. SpecTools.Names.Select(n => JsonValue.Create(n))]),
            }).User));
            return null;
        }

        // The older half of what was told goes, and what is told from now on is shorter.
        private bool Forget()
        {
            if (_rounds.Count == 0)
                return false;
            _rounds.RemoveRange(0, (_rounds.Count + 1) / 2);
            _longestResult = Math.Max(SpecTools.LeastResult, _longestResult / 2);
            // What is forgotten may be asked for again.
            _made.Clear();
            return true;
        }

        // Null: go on.
        private ProposalStop? CallsOf(ChatReply reply, CancellationToken cancel)
        {
            _isReminded = false;
            var (calls, results) = (new List<ChatCall>(), new List<string>());
            foreach (var call in reply.Calls.Take(_options.Steps - _used))
            {
                cancel.ThrowIfCancellationRequested();
                _used++;
                var times = Made(call);
                if (times >= _options.Repeats)
                {
                    _steps.Add(new ProposalStep(Shown(call), Invariant($"the same call {times} times, which ends it"), reply.RequestHash));
                    return ProposalStop.Repeating;
                }

                var known = _pool.Entries.Count;
                var result = _tools.Call(call, _used, reply.RequestHash, cancel);
                _steps.Add(new ProposalStep(Shown(call), result.Detail, reply.RequestHash));
                if (result.IsStop)
                    return ProposalStop.ModelStopped;
                if (_pool.Entries.Count > known)
                {
                    if (_pool.Explain(_pool.Best(_options.MaxProposals, cancel), cancel))
                        return ProposalStop.Explained;
                    // With something new, what was asked before may have another answer.
                    _made.Clear();
                }

                if (times == _options.Repeats - 1)
                    result.Value["repeated"] = "You made this call before, and this is what came of it. Made once more it ends the study: make another one, or stop.";
                calls.Add(Echo(call));
                results.Add(SpecTools.Bounded(result.Value, _longestResult));
            }

            _rounds.Add(new ChatRound("", calls, results, null));
            return null;
        }

        /// <returns>How often the call was made now, this time included.</returns>
        private int Made(ChatCall call)
        {
            var i = _made.FindIndex(m => IsSame(m.Call, call));
            if (i < 0)
            {
                _made.Add((call, 1));
                return 1;
            }

            _made[i] = (call, _made[i].Times + 1);
            return _made[i].Times;
        }

        private static bool IsSame(ChatCall one, ChatCall other) =>
            one.Name == other.Name && (one.Arguments == other.Arguments
                || (SpecTools.ArgumentsOf(one) is { } a && SpecTools.ArgumentsOf(other) is { } b && JsonElement.DeepEquals(a, b)));

        // A model can be led to write what ends a message, and would read it as such the next time.
        private static ChatCall Echo(ChatCall call) =>
            new(Shown(call), SpecTools.ArgumentsOf(call) is { } arguments ? Plain(JsonObject.Create(arguments))!.ToJsonString() : "{}");

        private static string Shown(ChatCall call) => NameForm().IsMatch(call.Name) ? call.Name : "unknown";

        private static JsonNode? Plain(JsonNode? node) => node switch
        {
            // Two keys may become the same one; the last counts.
            JsonObject given => given.Aggregate(new JsonObject(), (all, p) =>
            {
                all[PromptJson.Plain(p.Key)] = Plain(p.Value);
                return all;
            }),
            JsonArray given => new JsonArray([.. given.Select(Plain)]),
            JsonValue value when value.TryGetValue<string>(out var text) => JsonValue.Create(PromptJson.Plain(text)),
            _ => node?.DeepClone(),
        };

        private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }
}
