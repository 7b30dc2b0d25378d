using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Prompts;
using InverseScope.Core.Proposals;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;

namespace InverseScope.Agent.Proposals;

/// <summary>
/// Leads a language model to proposals by fixed steps with one structured question each: propose, mend what does not compile, propose
/// anew with the scores, and at last name what was chosen. No step is left to the model, so that a weak one does no harm: what
/// compiles and scores on explore references is kept, whatever else it says.
/// </summary>
/// <param name="chat">Asked in sequence; whoever wants records, budgets or replays puts them around it.</param>
public sealed class LoopProposer(IChat chat, LoopOptions options)
{
    private const string ProposePrompt = "propose-specs";
    private const string RepairPrompt = "repair-spec";
    private const string DescribePrompt = "describe-features";

    // A round may fail to bring anything new, and the next one still.
    private const int RoundsWithoutProgress = 2;

    private static readonly Lazy<ReplySchema> HypothesesFormat = new(() => WithSpecs(
        spec => new JsonObject { ["hypotheses"] = new JsonObject { ["type"] = "array", ["items"] = spec }, ["stop"] = new JsonObject { ["type"] = "boolean" } }, "hypotheses"));

    private static readonly Lazy<ReplySchema> SpecFormat = new(() => WithSpecs(spec => new JsonObject { ["spec"] = spec }, "spec"));

    /// <summary>Proposes specs for the site of a board.</summary>
    /// <param name="seed">Of the site and the proposer; what is asked depends on nothing else.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was.</exception>
    public async Task<ProposalRun> ProposeAsync(IExploreBoard board, RunSeed seed, CancellationToken cancel)
    {
        var run = new Run(chat, options, board, seed);
        await run.LoopAsync(cancel);
        return run.Result();
    }

    // Hypotheses are held to the schema of specs where the service can; what is checked here is only their frame, since the compiler
    // tells faults far better.
    private static ReplySchema WithSpecs(Func<JsonNode, JsonObject> properties, string required)
    {
        var spec = FeatureSpecText.Schema();
        var definitions = (JsonObject)spec["definitions"]!.DeepClone();
        definitions["spec"] = new JsonObject
        {
            // A proposal asks no language model.
            ["anyOf"] = new JsonArray([.. spec["anyOf"]!.AsArray().Where(kind => !kind!["properties"]!.AsObject().ContainsKey("llm")).Select(kind => kind!.DeepClone())]),
        };
        return ReplySchema.Parse(new JsonObject
        {
            ["type"] = "object",
            ["properties"] = properties(new JsonObject { ["$ref"] = "#/definitions/spec" }),
            ["required"] = new JsonArray(required),
            ["additionalProperties"] = false,
            ["definitions"] = definitions,
        }.ToJsonString());
    }

    private sealed class Run(IChat chat, LoopOptions options, IExploreBoard board, RunSeed seed)
    {
        private readonly SpecPool _pool = new(board);
        private readonly List<ProposalStep> _steps = [];
        private IReadOnlyList<SpecPool.Entry> _best = [];
        private ProposalStop _stop = ProposalStop.StepLimit;
        private string? _problem;
        private int _asked;

        public ProposalRun Result() => new(
            [.. _best.Select(e => new ProposedSpec(e.Hash, e.Spec, e.Score, e.Trail))], _stop, _problem, _steps, _pool.Entries.Count, _pool.Faulty);

        public async Task LoopAsync(CancellationToken cancel)
        {
            var idle = 0;
            for (var round = 0; round < options.Rounds; round++)
            {
                var before = _best.Select(e => e.Hash).ToHashSet(StringComparer.Ordinal);
                if (await RoundAsync(round, cancel) is { } end)
                {
                    _stop = end;
                    break;
                }

                idle = _best.Any(e => !before.Contains(e.Hash)) ? 0 : idle + 1;
                if (_pool.Explain(_best, cancel))
                {
                    _stop = ProposalStop.Explained;
                    break;
                }

                if (idle >= RoundsWithoutProgress)
                {
                    _stop = ProposalStop.NoProgress;
                    break;
                }
            }

            if (_best.Count > 0 && _stop is not (ProposalStop.OutOfBudget or ProposalStop.Unavailable or ProposalStop.Rejected))
                await DescribeAsync(cancel);
        }

        // Null: go on.
        private async Task<ProposalStop?> RoundAsync(int round, CancellationToken cancel)
        {
            var reply = await ProposalsAsync(round, cancel);
            if (Ends(reply) is { } end)
                return end;
            if (reply.Json is not { } json)
                return null;
            var stopped = json.TryGetProperty("stop", out var stop) && stop.ValueKind == JsonValueKind.True;
            foreach (var (i, given) in json.GetProperty("hypotheses").EnumerateArray().Take(options.PerRound).Index())
            {
                cancel.ThrowIfCancellationRequested();
                var step = new ProposalStep(round == 0 ? "proposed" : "refined", Invariant($"round {round + 1}, hypothesis {i + 1}"), reply.RequestHash);
                if (await TryAsync(given, step, cancel) is { } ends)
                    return ends;
            }

            _best = _pool.Best(options.MaxProposals, cancel);
            return stopped ? ProposalStop.ModelStopped : null;
        }

        private async Task<ChatReply> ProposalsAsync(int round, CancellationToken cancel)
        {
            // Where a model reads little, it is shown less.
            for (var shown = options.References; ; shown = (shown + 1) / 2)
            {
                var references = board.Show(shown, options.Samples, round * options.References);
                if (references.Count == 0)
                    references = board.Show(shown, options.Samples);
                var reply = await AskAsync(round == 0 ? "propose" : "refine", ProposePrompt, HypothesesFormat.Value, new()
                {
                    ["task"] = BoardJson.Task(board.Task),
                    ["references"] = BoardJson.References(references),
                    ["tried"] = BoardJson.Tried(_pool.Entries),
                    ["count"] = options.PerRound,
                }, cancel);
                if (reply.Outcome != ChatOutcome.PromptTooLong || shown == 1)
                    return reply;
            }
        }

        // Null: go on. A spec that cannot be mended is counted and left.
        private async Task<ProposalStop?> TryAsync(JsonElement given, ProposalStep step, CancellationToken cancel)
        {
            for (var repair = 0; ; repair++)
            {
                var trial = _pool.Try(given, step, cancel);
                if (trial.Errors.Count == 0)
                    return null;
                if (repair == options.Repairs)
                {
                    _pool.Faulty++;
                    _steps.Add(new ProposalStep("given up", $"a spec does not compile: {trial.Errors[0]}", step.Request));
                    return null;
                }

                var reply = await AskAsync("repair", RepairPrompt, SpecFormat.Value, new()
                {
                    ["spec"] = JsonNode.Parse(given.GetRawText()),
                    ["errors"] = new JsonArray([.. trial.Errors.Select(e => JsonValue.Create(e))]),
                }, cancel);
                if (Ends(reply) is { } end)
                    return end;
                if (reply.Json is not { } json)
                {
                    _pool.Faulty++;
                    return null;
                }

                given = json.GetProperty("spec");
                step = step with { Detail = $"{step.Detail}, mended", Request = reply.RequestHash };
            }
        }

        private async Task DescribeAsync(CancellationToken cancel)
        {
            var features = new JsonArray([.. _best.Index().Select(e =>
            {
                var spec = (JsonObject)JsonNode.Parse(e.Item.Spec)!;
                foreach (var key in new[] { "schema", "id", "tests" })
                    spec.Remove(key);
                return new JsonObject { ["id"] = e.Index + 1, ["feature"] = spec, ["labels"] = new JsonArray([.. e.Item.Score.Labels.Select(l => JsonValue.Create(l.Label))]) };
            })]);
            var reply = await AskAsync("describe", DescribePrompt, null, new() { ["features"] = features }, cancel);
            if (Ends(reply) is { } end)
                _stop = end;
            if (reply.Json is not { } json)
                return;
            // Features that divide texts differently are not the same: of one name for two, neither is told.
            foreach (var named in json.GetProperty("features").EnumerateArray().GroupBy(f => f.GetProperty("title").GetString(), StringComparer.OrdinalIgnoreCase))
            {
                // A whole number may be written as 1.0.
                if (named.Select(f => (int)f.GetProperty("id").GetDouble()).Distinct().ToArray() is [var only] && only >= 1 && only <= _best.Count)
                    Describe(_best[only - 1], named.First(), reply.RequestHash);
            }
        }

        private static void Describe(SpecPool.Entry entry, JsonElement told, string request)
        {
            var spec = (JsonObject)JsonNode.Parse(entry.Spec)!;
            foreach (var key in new[] { "title", "hypothesis" })
            {
                // A figure that is not the rule's own could only be a score, and those are filled in from results.
                if (SpecPool.Prose(told.GetProperty(key).GetString(), spec) is { } text)
                    spec[key] = text;
            }

            entry.Spec = spec.ToJsonString();
            entry.Trail.Add(new ProposalStep("named", spec["title"]?.GetValue<string>() ?? "", request));
        }

        private async Task<ChatReply> AskAsync(
            string purpose, string promptId, ReplySchema? format, Dictionary<string, JsonNode?> values, CancellationToken cancel)
        {
            var prompt = ShippedPrompts.Find(promptId);
            var step = _asked++;
            var reply = await chat.AskAsync(
                new ChatRequest
                {
                    Purpose = purpose,
                    Prompt = prompt.Render(values),
                    Schema = prompt.Reply,
                    Format = format,
                    Step = step,
                    Seed = seed.Stream("question", board.Site, Invariant($"{step}")).NextInt(int.MaxValue),
                    Temperature = options.Temperature,
                    MaxReplyTokens = options.MaxReplyTokens,
                },
                cancel);
            _steps.Add(new ProposalStep(
                purpose,
                Invariant($"{reply.Outcome.ToString().ToLowerInvariant()}, {reply.PromptTokens} tokens read, {reply.ReplyTokens} written{(reply.Problem is null ? "" : $": {reply.Problem}")}"),
                reply.RequestHash));
            return reply;
        }

        private ProposalStop? Ends(ChatReply reply)
        {
            var stop = ProposalStops.After(reply.Outcome);
            if (stop is not null)
            {
                _problem = reply.Problem;
                _best = _pool.Best(options.MaxProposals, CancellationToken.None);
            }

            return stop;
        }

        private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }
}
