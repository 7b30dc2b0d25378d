using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Prompts;
using InverseScope.Core;
using InverseScope.Core.Proposals;

namespace InverseScope.Agent.Proposals;

/// <summary>
/// The functions that a language model may call to study a site. What is wrong with a call is told to the model and is no exception.
/// To add one: a line in <see cref="All"/>, a case in <see cref="Call"/>, and a word in prompts/tool-agent.md if it is not plain when to use it.
/// </summary>
internal sealed class SpecTools(IExploreBoard board, SpecPool pool, ToolOptions options)
{
    /// <summary>No bound on results is smaller, in characters.</summary>
    public const int LeastResult = 500;

    public const string ReadSamples = "read_samples";
    public const string TokenHeatMap = "token_heat_map";
    public const string TrySpec = "try_spec";
    public const string ScoreSpec = "score_spec";
    public const string ListResults = "list_results";
    public const string Stop = "stop";

    private const string SpecArgument = """{"spec": {"type": "object", "description": "the spec, with title, hypothesis and rule"}}""";

    private bool _isMending;

    public static IReadOnlyList<ChatTool> All { get; } =
    [
        Tool(ReadSamples, "Gives references with their near and far texts.", """
            {"from": {"type": "integer", "minimum": 0, "description": "the first reference, from 0"},
             "count": {"type": "integer", "minimum": 1, "description": "how many references"}}
            """),
        Tool(TokenHeatMap, "Tells how much the activation says of each token of one reference, in bits.", """
            {"from": {"type": "integer", "minimum": 0, "description": "the reference, from 0"}}
            """),
        Tool(TrySpec, "Compiles a spec, and gives its errors with their places, or the labels that it gives to references.", SpecArgument),
        Tool(ScoreSpec, "Scores a spec on references, and gives mismatches.", SpecArgument),
        Tool(ListResults, "Lists what was scored so far, best first.", "{}"),
        Tool(Stop, "Ends the study.", """{"reason": {"type": "string", "description": "why, in a sentence"}}"""),
    ];

    public static IEnumerable<string> Names => All.Select(t => t.Name);

    /// <summary>The arguments of a call; null if they are no JSON object.</summary>
    public static JsonElement? ArgumentsOf(ChatCall call)
    {
        try
        {
            using var json = JsonDocument.Parse(call.Arguments, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return json.RootElement.ValueKind == JsonValueKind.Object && JsonReply.IsWhole(json.RootElement) ? json.RootElement.Clone() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Runs a call.</summary>
    /// <param name="step">Number of the step, from 1.</param>
    /// <param name="request">Hash of the question that it answers; null: nobody was asked.</param>
    public ToolResult Call(ChatCall call, int step, string? request, CancellationToken cancel)
    {
        if (All.FirstOrDefault(t => t.Name == call.Name) is not { } tool)
            return ToolResult.Wrong($"there is no function '{ChatHttp.Shown(call.Name)}'.{NearestName.Hint(call.Name, Names)} Functions: {string.Join(", ", Names)}");
        if (ArgumentsOf(call) is not { } arguments)
            return ToolResult.Wrong("the arguments are no JSON object, or hold a key twice, or half of a character (an escape such as \\ud83d alone)");
        arguments = Unwrapped(arguments);
        if (tool.Arguments.Check(arguments) is { Count: > 0 } errors)
            return ToolResult.Wrong(string.Join("; ", errors));
        return tool.Name switch
        {
            ReadSamples => Samples(arguments),
            TokenHeatMap => HeatMap(arguments),
            TrySpec => Try(TrySpec, arguments, step, request, cancel),
            ScoreSpec => Try(ScoreSpec, arguments, step, request, cancel),
            ListResults => new ToolResult(new JsonObject { ["results"] = BoardJson.Tried(pool.Entries) }, "listed what was scored"),
            _ => new ToolResult([], SpecPool.Prose(arguments.GetProperty("reason").GetString(), null) is { } reason ? ChatHttp.Shown(reason) : "nothing is left to say") { IsStop = true },
        };
    }

    /// <summary>A result as JSON for a model, with fewer items and shorter texts if it would be longer than <paramref name="most"/> characters.</summary>
    public static string Bounded(JsonObject result, int most)
    {
        var json = PromptJson.Of(result);
        for (var (texts, items) = (most, 64); json.Length > most && texts > 8; texts /= 2, items = Math.Max(1, items / 2))
        {
            var less = (JsonObject)Shortened(result, texts, items)!;
            less["left_out"] = "Some of it, for want of room.";
            json = PromptJson.Of(less);
        }

        return json.Length <= most ? json : """{"left_out": "All of it, for want of room."}""";
    }

    /// <summary>Many models write an object among arguments as a text that holds it.</summary>
    public static JsonElement Unwrapped(JsonElement arguments)
    {
        if (!arguments.TryGetProperty("spec", out var given) || given.ValueKind != JsonValueKind.String
            || ArgumentsOf(new ChatCall("", given.GetString()!)) is not { } spec)
        {
            return arguments;
        }

        var mended = JsonObject.Create(arguments)!;
        mended["spec"] = JsonObject.Create(spec);
        return JsonSerializer.SerializeToElement(mended);
    }

    private ToolResult Samples(JsonElement arguments)
    {
        if (NumberOf(arguments, "from") is not { } from || NumberOf(arguments, "count") is not { } count)
            return ToolResult.Wrong("'from' and 'count' are numbers of references, and these are too large");
        var shown = board.Show(Math.Min(count, options.References), options.Samples, from);
        var result = new JsonObject { ["from"] = from };
        if (shown.Count == 0)
            result["note"] = Invariant($"There are no references from {from} on. Begin at 0.");
        // What is told of tokens has a function of its own.
        result["references"] = BoardJson.References([.. shown.Select(r => r with { Tokens = null })]);
        return new ToolResult(result, Invariant($"{shown.Count} references from {from}"));
    }

    /// <summary>A whole number, which may be written as 1.0; null if it is too large.</summary>
    private static int? NumberOf(JsonElement arguments, string key) => arguments.GetProperty(key).GetDouble() is var number and <= int.MaxValue ? (int)number : null;

    private ToolResult HeatMap(JsonElement arguments)
    {
        if (NumberOf(arguments, "from") is not { } from)
            return ToolResult.Wrong("'from' is the number of a reference, and this is too large");
        if (board.Show(1, 1, from) is not [var reference, ..])
            return new ToolResult(new JsonObject { ["note"] = Invariant($"There is no reference {from}. Begin at 0.") }, Invariant($"no reference {from}"));
        var result = new JsonObject { ["reference"] = reference.Text };
        if (reference.Tokens is { } tokens)
            result["tokens"] = BoardJson.Tokens(tokens);
        else
            result["note"] = "Tokens are not measured at this site.";
        return new ToolResult(result, Invariant($"tokens of reference {from}"));
    }

    private ToolResult Try(string name, JsonElement arguments, int step, string? request, CancellationToken cancel)
    {
        var detail = Invariant($"step {step}, {name}{(_isMending ? ", mended" : "")}");
        var trial = pool.Try(arguments.GetProperty("spec"), new ProposalStep("proposed", detail, request), cancel);
        if (trial.Errors.Count > 0)
        {
            // The one before it was not mended.
            EndMending();
            _isMending = true;
            return new ToolResult(new JsonObject { ["errors"] = new JsonArray([.. trial.Errors.Select(e => JsonValue.Create(e))]) }, $"a spec does not compile: {trial.Errors[0]}");
        }

        _isMending = false;
        var result = new JsonObject { ["title"] = trial.Title };
        if (trial.Score is not { } score)
            return new ToolResult(result, "a spec without a score");
        if (name == ScoreSpec)
        {
            result["score"] = BoardJson.Score(score);
            return new ToolResult(result, SpecPool.Told(score)) { Scored = trial.Hash };
        }

        result["compiles"] = true;
        result["labels"] = new JsonArray([.. score.Labels.Select(l => new JsonObject { ["label"] = l.Label, ["references"] = l.Count })]);
        if (score.Unfit is { } unfit)
            result["unfit"] = unfit;
        return new ToolResult(result, "a spec compiles");
    }

    /// <summary>Counts a spec that does not compile and that no later call mended.</summary>
    public void EndMending()
    {
        if (_isMending)
            pool.Faulty++;
        _isMending = false;
    }

    private static JsonNode? Shortened(JsonNode? node, int texts, int items) => node switch
    {
        JsonObject given => new JsonObject(given.Select(p => KeyValuePair.Create(p.Key, Shortened(p.Value, texts, items)))),
        JsonArray given => new JsonArray([.. given.Take(items).Select(i => Shortened(i, texts, items))]),
        JsonValue value when value.TryGetValue<string>(out var text) && text.Length > texts => JsonValue.Create(text[..texts] + "…"),
        _ => node?.DeepClone(),
    };

    private static ChatTool Tool(string name, string description, string arguments)
    {
        var properties = (JsonObject)JsonNode.Parse(arguments)!;
        return new ChatTool(name, description, ReplySchema.Parse(new JsonObject
        {
            ["type"] = "object",
            ["required"] = new JsonArray([.. properties.Select(p => JsonValue.Create(p.Key))]),
            ["properties"] = properties,
        }.ToJsonString()));
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What came of a call.</summary>
/// <param name="Value">For the model.</param>
/// <param name="Detail">For records, in a sentence.</param>
internal sealed record ToolResult(JsonObject Value, string Detail)
{
    private const string Error = "error";

    /// <summary>Whether the model wants no more.</summary>
    public bool IsStop { get; init; }

    /// <summary>Hash of the spec that the model was told a score of; null: of none.</summary>
    public string? Scored { get; init; }

    /// <summary>Whether the call could not be run.</summary>
    public bool IsWrong => Value.ContainsKey(Error);

    /// <summary>A call that cannot be run.</summary>
    /// <param name="error">Why not, as advice to the model.</param>
    public static ToolResult Wrong(string error) => new(new JsonObject { [Error] = error }, $"a call that cannot be run: {error}");
}
