using System.Text.Json;
using System.Text.Json.Nodes;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Prompts;
using InverseScope.Core.Proposals;

namespace InverseScope.Agent.Proposals;

/// <summary>
/// The study of one site by an agent that runs elsewhere and calls functions in its own order. They are those of
/// <see cref="ToolProposer"/> under shorter names, and lint. What is wrong with a call is told and is no exception. Not thread-safe.
/// </summary>
/// <param name="author">What ids begin with that specs come without.</param>
public sealed class SpecStudy(IExploreBoard board, ToolOptions options, string author)
{
    private const string Sample = "sample";
    private const string HeatMap = "heat_map";
    private const string Lint = "lint";
    private const string Try = "try";
    private const string Score = "score";
    private const string AgentPrompt = "tool-agent";

    // The part of the prompt that tells of the language of rules.
    private const string LanguageBegins = "A spec is an object with";

    private const string AsForTry = "the spec, with title, hypothesis and rule, written as for try";

    private static readonly Dictionary<string, string> InnerNames = new(StringComparer.Ordinal)
    {
        [Sample] = SpecTools.ReadSamples,
        [HeatMap] = SpecTools.TokenHeatMap,
        [Try] = SpecTools.TrySpec,
        [Score] = SpecTools.ScoreSpec,
    };

    private readonly SpecPool _pool = new(board, author);
    private readonly HashSet<string> _scored = new(StringComparer.Ordinal);
    private SpecTools? _tools;

    /// <summary>The functions. References are counted from 0.</summary>
    public static IReadOnlyList<ChatTool> Tools { get; } =
    [
        Tool(
            Sample,
            "Gives references (texts whose activation is studied), each with near texts (their activation is close to the reference's) and far texts "
            + "(drawn at random). What near texts have in common with their reference, and far texts have not, is what the activation encodes.",
            new JsonObject
            {
                ["from"] = new JsonObject { ["type"] = "integer", ["minimum"] = 0, ["maximum"] = 1_000_000, ["description"] = "the first reference, from 0; default 0" },
                ["count"] = new JsonObject { ["type"] = "integer", ["minimum"] = 1, ["maximum"] = 1_000, ["description"] = "how many references; default and most 8" },
            }),
        Tool(
            HeatMap,
            "Tells how much the activation says of each token of one reference, in bits. Measured only where the model has a generator.",
            new JsonObject
            {
                ["from"] = new JsonObject { ["type"] = "integer", ["minimum"] = 0, ["maximum"] = 1_000_000, ["description"] = "the reference, from 0; default 0" },
            }),
        Tool(
            Lint,
            "Runs a spec on random texts without scoring it: errors with their places, how many labels it gives and to what, and objections (constant, mostly undefined, nearly unique, failing, slow).",
            Spec(AsForTry),
            "spec"),
        Tool(Try, "Compiles a spec, and gives its errors with their places, or the labels that it gives to references.", Spec(Language()), "spec"),
        Tool(
            Score,
            "Scores a spec on explore references: kappa is 1 if near texts always share the reference's label and 0 if they do so by chance; bits is how much the "
            + "activation says of the label; mismatches are near texts with another label. Gives the hash by which the spec can be submitted.",
            Spec(AsForTry),
            "spec"),
    ];

    /// <summary>Specs whose score was told, in the order in which they were first scored.</summary>
    public IReadOnlyList<ProposedSpec> Scored =>
        [.. _pool.Entries.Where(e => _scored.Contains(e.Hash)).Select(e => new ProposedSpec(e.Hash, e.Spec, e.Score, e.Trail))];

    /// <summary>A task, as an agent is told of it.</summary>
    public static JsonObject Brief(TaskBrief task) => BoardJson.Task(task);

    /// <summary>What an agent is to do at a site, and how rules are written.</summary>
    /// <param name="calls">How many calls there may be.</param>
    public static string Instructions(TaskBrief task, int calls, int proposals)
    {
        var prompt = ShippedPrompts.Find(AgentPrompt).Render(new Dictionary<string, JsonNode?>
        {
            ["task"] = BoardJson.Task(task),
            ["steps"] = calls,
            ["proposals"] = proposals,
        });
        return $"""
            {prompt.System}

            {prompt.User}

            Here the functions have these names: begin_study first; {SpecTools.ReadSamples} is {Sample}, {SpecTools.TokenHeatMap} is {HeatMap}, {SpecTools.TrySpec} is {Try},
            {SpecTools.ScoreSpec} is {Score}, {SpecTools.ListResults} is results. In place of {SpecTools.Stop}, call submit with the hashes of the specs that are to be tested.
            """;
    }

    /// <summary>Runs a call of one of <see cref="Tools"/>.</summary>
    /// <param name="arguments">A JSON object; its values may be anything.</param>
    /// <param name="call">Number of the call, from 1.</param>
    public StudyReply Call(string name, JsonElement arguments, int call, CancellationToken cancel)
    {
        if (WhyWrong(Tools.First(t => t.Name == name), arguments) is { } why)
            return StudyReply.Wrong(why);
        arguments = SpecTools.Unwrapped(arguments);
        if (name == Lint)
            return Inspected(_pool.Lint(arguments.GetProperty("spec"), cancel));
        var given = JsonObject.Create(arguments)!;
        if (name is Sample or HeatMap)
            given["from"] ??= 0;
        if (name == Sample)
            given["count"] ??= options.References;
        _tools ??= new SpecTools(board, _pool, options);
        var result = _tools.Call(new ChatCall(InnerNames[name], given.ToJsonString()), call, null, cancel);
        if (result.Scored is { } hash)
        {
            _scored.Add(hash);
            result.Value["hash"] = hash;
        }

        return new StudyReply(result.Value, result.IsWrong);
    }

    /// <summary>What is wrong with the arguments of a call, as advice to whoever made it; null if nothing.</summary>
    /// <param name="arguments">A JSON object; its values may be anything.</param>
    public static string? WhyWrong(ChatTool tool, JsonElement arguments)
    {
        if (SpecTools.ArgumentsOf(new ChatCall(tool.Name, arguments.GetRawText())) is not { } whole)
            return "the arguments hold a key twice, or half of a character (an escape such as \\ud83d alone)";
        return tool.Arguments.Check(SpecTools.Unwrapped(whole)) is { Count: > 0 } errors ? string.Join("; ", errors) : null;
    }

    /// <summary>Scored specs, best first, without their rules.</summary>
    public JsonArray Results() => new([.. Scored.OrderByDescending(s => s.Score.Unfit is null && s.Score.SameAs is null).ThenByDescending(s => s.Score.Bits ?? 0).Select(s => new JsonObject
    {
        ["hash"] = s.Hash,
        ["title"] = JsonNode.Parse(s.Spec)!["title"]?.DeepClone(),
        ["explore_score"] = SpecPool.Told(s.Score),
    })]);

    /// <summary>A result as JSON that a language model can read, with fewer items and shorter texts where it would be too long.</summary>
    public static string Shown(JsonObject result, int most) => SpecTools.Bounded(result, most);

    private static StudyReply Inspected(SpecInspection inspection)
    {
        if (inspection.Report is not { } report)
            return new StudyReply(new JsonObject { ["errors"] = new JsonArray([.. inspection.Errors.Select(e => JsonValue.Create(e))]) }, false);
        return new StudyReply(
            new JsonObject
            {
                ["title"] = inspection.Title,
                ["compiles"] = true,
                ["texts"] = report.Texts,
                ["undefined_share"] = Math.Round(report.UndefinedShare, 3),
                ["labels"] = report.Labels,
                ["entropy_bits"] = report.EntropyBits is { } bits ? Math.Round(bits, 2) : null,
                ["frequent"] = new JsonArray([.. report.Frequent.Select(l => new JsonObject { ["label"] = l.Label, ["texts"] = l.Count })]),
                ["objections"] = new JsonArray([.. report.Findings.Select(f => JsonValue.Create(f.Message))]),
            },
            false);
    }

    private static JsonObject Spec(string description) => new()
    {
        ["spec"] = new JsonObject { ["type"] = "object", ["description"] = description },
    };

    private static string Language()
    {
        var text = ShippedPrompts.Find(AgentPrompt).Render(new Dictionary<string, JsonNode?> { ["task"] = "", ["steps"] = 0, ["proposals"] = 0 }).User;
        return text[text.IndexOf(LanguageBegins, StringComparison.Ordinal)..];
    }

    private static ChatTool Tool(string name, string description, JsonObject properties, params string[] required) => new(name, description, ReplySchema.Parse(new JsonObject
    {
        ["type"] = "object",
        ["required"] = new JsonArray([.. required.Select(r => JsonValue.Create(r))]),
        ["properties"] = properties,
        ["additionalProperties"] = false,
    }.ToJsonString()));
}

/// <summary>What came of a call.</summary>
/// <param name="Value">For the agent.</param>
/// <param name="IsWrong">Whether the call could not be run, and the value tells why.</param>
public sealed record StudyReply(JsonObject Value, bool IsWrong)
{
    /// <summary>A call that cannot be run.</summary>
    /// <param name="error">Why not, as advice to whoever made it.</param>
    public static StudyReply Wrong(string error) => new(new JsonObject { ["error"] = error }, true);
}
