using System.Text.Json;
using InverseScope.Core;

namespace InverseScope.Agent.Chat.Scripted;

/// <summary>
/// Replies by rule, for demonstrations and tests without a language model. A file has one rule on each line, as JSON; empty
/// lines and lines that begin with # are left out. The first rule that fits a question answers it:
/// <code>
/// {"purpose": "propose", "step": 0, "replies": [{"json": {"hypotheses": []}}, {"text": "Sure!"}]}
/// {"prompt": "label-texts", "contains": "bomb", "replies": [{"text": "I cannot help with that."}], "then": "repeat"}
/// {"replies": [{"fault": "busy"}, {"fault": "cut", "text": "{\"lab"}], "then": "cycle"}
/// </code>
/// <para><c>purpose</c>, <c>prompt</c> (its id), <c>step</c> and <c>contains</c> (in the text that is sent) must all hold; one that
/// is not given holds always. <c>replies</c> are given one after the other, each to the next message, also to one that repairs;
/// <c>then</c> says what comes after the last: <c>end</c> (no more: an error; the default), <c>cycle</c> or <c>repeat</c> (the last
/// one). A reply is a <c>text</c>, or a <c>json</c> value, or <c>calls</c> of functions (a list of objects with <c>name</c> and
/// <c>arguments</c>, which may be any value), or a <c>fault</c>: <c>busy</c>, <c>broken</c>, <c>garbled</c>,
/// <c>rejected</c>, <c>long</c>, or <c>cut</c> with a <c>text</c>.</para>
/// </summary>
internal sealed class ChatScript
{
    private static readonly string[] RuleKeys = ["purpose", "prompt", "step", "contains", "replies", "then"];
    private static readonly string[] ReplyKeys = ["text", "json", "calls", "fault"];
    private static readonly string[] CallKeys = ["name", "arguments"];
    private static readonly string[] Ends = ["end", "cycle", "repeat"];

    private static readonly Dictionary<string, FaultKind?> Faults = new(StringComparer.Ordinal)
    {
        ["busy"] = FaultKind.Busy,
        ["broken"] = FaultKind.Broken,
        ["garbled"] = FaultKind.Garbled,
        ["rejected"] = FaultKind.Rejected,
        ["long"] = FaultKind.TooLong,
        ["cut"] = null,
    };

    private const int LargestFile = 1 << 22;
    private const int FaultsShown = 20;

    private readonly string _file;
    private readonly List<Rule> _rules = [];

    private ChatScript(string file, string digest) => (_file, Digest) = (file, digest);

    /// <summary>SHA-256, hex, of the text of the file.</summary>
    public string Digest { get; }

    /// <exception cref="BadInputException">It cannot be read or is wrong; the message lists all faults with their lines.</exception>
    public static ChatScript Read(string path)
    {
        try
        {
            // A device, or a model's weights, may be named by mistake, and a device has no end.
            using var reader = new StreamReader(path);
            var text = new char[LargestFile];
            var length = reader.ReadBlock(text);
            return reader.Peek() < 0 ? Parse(path, new string(text, 0, length)) : throw new BadInputException($"The script '{path}' has more than {LargestFile:N0} characters.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"The script '{path}' cannot be read: {e.Message}", null, e);
        }
    }

    /// <param name="file">Name for messages.</param>
    /// <exception cref="BadInputException">It is wrong; the message lists all faults with their lines.</exception>
    public static ChatScript Parse(string file, string text)
    {
        var script = new ChatScript(file, ContentHash.Of(text));
        var faults = new List<string>();
        foreach (var (index, line) in text.Split('\n').Index())
        {
            var trimmed = line.Trim('\uFEFF', ' ', '\t', '\r');
            if (trimmed.Length == 0 || trimmed[0] == '#')
                continue;
            try
            {
                using var json = JsonDocument.Parse(trimmed, new JsonDocumentOptions { AllowDuplicateProperties = false });
                script._rules.Add(RuleOf(json.RootElement, index + 1));
            }
            catch (JsonException e)
            {
                faults.Add($"{file}({index + 1},{(e.BytePositionInLine ?? 0) + 1}): this is not JSON: {e.Message.Split(" LineNumber", 2)[0]}");
            }
            catch (FormatException e)
            {
                faults.Add($"{file}({index + 1},1): {e.Message}");
            }
            catch (InvalidOperationException)
            {
                faults.Add($"{file}({index + 1},1): an escape stands alone that is half of a character.");
            }
        }

        if (faults.Count == 0 && script._rules.Count == 0)
            faults.Add($"{file}: the script has no rules. Write one on each line, e.g. {{\"purpose\": \"label\", \"replies\": [{{\"text\": \"…\"}}]}}");
        return faults.Count == 0 ? script : throw new BadInputException(string.Join(
            Environment.NewLine, faults.Count > FaultsShown ? [.. faults.Take(FaultsShown), $"… and {faults.Count - FaultsShown} more."] : faults));
    }

    /// <summary>The next reply to a message.</summary>
    /// <exception cref="ChatFaultException">The script says so, or has nothing for it.</exception>
    public RawReply Next(ChatExchange exchange)
    {
        var rule = _rules.Find(r => r.Fits(exchange.Request, exchange.Turns));
        if (rule is null)
        {
            throw new ChatFaultException(
                FaultKind.Rejected,
                $"{_file}: no rule fits the purpose '{exchange.Request.Purpose}', prompt '{exchange.Request.Prompt.Id}', step {exchange.Request.Step}: add one.");
        }

        if (rule.Take() is not { } reply)
        {
            throw new ChatFaultException(
                FaultKind.Rejected, $"{_file}: the rule in line {rule.Line} has no more replies: add some, or \"then\": \"cycle\".");
        }

        if (reply.Fault is { } fault)
            throw new ChatFaultException(fault, $"{_file}: the rule in line {rule.Line} lets this message fail.");
        return new RawReply(
            reply.Text, null, reply.IsCut, exchange.Turns.Sum(t => TokenEstimate.About(t.Read)), TokenEstimate.About(reply.Text), TimeSpan.Zero)
        {
            Calls = reply.Calls,
        };
    }

    private static Rule RuleOf(JsonElement json, int line)
    {
        CheckKeys(json, RuleKeys, "a rule");
        if (!json.TryGetProperty("replies", out var replies) || replies.ValueKind != JsonValueKind.Array || replies.GetArrayLength() == 0)
            throw new FormatException("a rule needs 'replies', a list of at least one.");
        int? step = null;
        if (json.TryGetProperty("step", out var given))
        {
            step = given.ValueKind == JsonValueKind.Number && given.TryGetInt32(out var number) && number >= 0
                ? number
                : throw new FormatException("'step' must be a whole number of at least 0.");
        }

        var then = TextOf(json, "then") ?? Ends[0];
        if (!Ends.Contains(then))
            throw new FormatException($"'then' must be one of {string.Join(", ", Ends)}; found '{then}'.{NearestName.Hint(then, Ends)}");
        return new Rule(
            line, TextOf(json, "purpose"), TextOf(json, "prompt"), step, TextOf(json, "contains"),
            [.. replies.EnumerateArray().Select(ReplyOf)], then);
    }

    private static Reply ReplyOf(JsonElement json)
    {
        CheckKeys(json, ReplyKeys, "a reply");
        var text = TextOf(json, "text");
        if (TextOf(json, "fault") is not { } name)
        {
            return (text, json.TryGetProperty("json", out var value), json.TryGetProperty("calls", out var calls)) switch
            {
                ({ } only, false, false) => new Reply(only, null, false),
                (null, true, false) => new Reply(value.GetRawText(), null, false),
                (null, false, true) when calls.ValueKind == JsonValueKind.Array => new Reply("", null, false) { Calls = [.. calls.EnumerateArray().Select(CallOf)] },
                _ => throw new FormatException("a reply is one of 'text', 'json', 'calls' (a list of objects) and 'fault'."),
            };
        }

        if (!Faults.TryGetValue(name, out var fault))
            throw new FormatException($"'fault' must be one of {string.Join(", ", Faults.Keys)}; found '{name}'.{NearestName.Hint(name, Faults.Keys)}");
        if (fault is null != text is not null)
            throw new FormatException("the fault 'cut' has a 'text', and no other has.");
        return new Reply(text ?? "", fault, fault is null);
    }

    private static ChatCall CallOf(JsonElement json)
    {
        CheckKeys(json, CallKeys, "a call");
        var name = TextOf(json, "name") ?? throw new FormatException("a call has a 'name'.");
        return new ChatCall(name, !json.TryGetProperty("arguments", out var given)
            ? "{}"
            : given.ValueKind == JsonValueKind.String ? given.GetString()! : given.GetRawText());
    }

    private static void CheckKeys(JsonElement json, string[] keys, string what)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw new FormatException($"{what} is an object.");
        foreach (var property in json.EnumerateObject())
        {
            if (!keys.Contains(property.Name))
                throw new FormatException($"unknown key '{property.Name}' of {what}.{NearestName.Hint(property.Name, keys)} Known: {string.Join(", ", keys)}.");
        }
    }

    private static string? TextOf(JsonElement json, string key) => !json.TryGetProperty(key, out var value)
        ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : throw new FormatException($"'{key}' must be a text.");

    private sealed record Reply(string Text, FaultKind? Fault, bool IsCut)
    {
        public IReadOnlyList<ChatCall> Calls { get; init; } = [];
    }

    private sealed class Rule(int line, string? purpose, string? prompt, int? step, string? contains, IReadOnlyList<Reply> replies, string then)
    {
        private int _given;

        public int Line => line;

        public bool Fits(ChatRequest request, IReadOnlyList<ChatTurn> turns) =>
            (purpose is null || purpose == request.Purpose) && (prompt is null || prompt == request.Prompt.Id) && (step is null || step == request.Step)
            && (contains is null || turns.Any(t => t.Text.Contains(contains, StringComparison.Ordinal)));

        public Reply? Take()
        {
            var next = Interlocked.Increment(ref _given) - 1;
            return then switch
            {
                "cycle" => replies[next % replies.Count],
                "repeat" => replies[Math.Min(next, replies.Count - 1)],
                _ => next < replies.Count ? replies[next] : null,
            };
        }
    }
}
