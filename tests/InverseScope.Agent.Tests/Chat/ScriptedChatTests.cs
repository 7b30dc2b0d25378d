using InverseScope.Agent.Chat;
using InverseScope.Agent.Chat.Scripted;
using InverseScope.Agent.Prompts;
using InverseScope.Core;

namespace InverseScope.Agent.Tests.Chat;

public sealed class ScriptedChatTests : IDisposable
{
    private static readonly ReplySchema Schema = ReplySchema.Parse("""{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}""");

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_first_rule_that_fits_answers_and_its_replies_come_one_after_the_other()
    {
        using var opening = await OpenAsync("""
            # The second question of a proposal.
            {"purpose": "propose", "step": 1, "replies": [{"json": {"a": 10}}, {"json": {"a": 11}}], "then": "cycle"}

            {"prompt": "label", "contains": "bomb", "replies": [{"text": "I cannot help with that."}], "then": "repeat"}
            {"replies": [{"json": {"a": 1}}, {"json": {"a": 2}}]}
            """);
        var chat = opening.Chat!;
        Assert.Equal(["10", "11", "10"], [await ValueAsync(chat, "propose", 1), await ValueAsync(chat, "propose", 1), await ValueAsync(chat, "propose", 1)]);
        Assert.Equal(ChatOutcome.Refused, (await AskAsync(chat, "x", 0, "label", "a bomb")).Outcome);
        Assert.Equal(ChatOutcome.Refused, (await AskAsync(chat, "x", 0, "label", "another bomb")).Outcome);
        Assert.Equal(["1", "2"], [await ValueAsync(chat, "propose", 0), await ValueAsync(chat, "x", 0)]);
        var end = await AskAsync(chat, "x", 0, "label", "cake");
        Assert.Equal(ChatOutcome.Rejected, end.Outcome);
        Assert.Contains("the rule in line 5 has no more replies", end.Problem);
    }

    [Fact]
    public async Task Bad_replies_and_failures_go_the_way_that_those_of_a_model_go()
    {
        using var opening = await OpenAsync("""
            {"purpose": "repair", "replies": [{"text": "no JSON"}, {"json": {"a": 1}}]}
            {"purpose": "cut", "replies": [{"fault": "cut", "text": "{\"a\""}], "then": "repeat"}
            {"purpose": "busy", "replies": [{"fault": "busy"}, {"fault": "broken"}, {"fault": "garbled"}, {"json": {"a": 1}}]}
            {"purpose": "long", "replies": [{"fault": "long"}]}
            """);
        var repaired = await AskAsync(opening.Chat!, "repair");
        Assert.Equal((ChatOutcome.Answered, true), (repaired.Outcome, repaired.Attempts[1].IsRepair));
        Assert.Equal(ChatOutcome.Truncated, (await AskAsync(opening.Chat!, "cut")).Outcome);
        var busy = await AskAsync(opening.Chat!, "busy");
        Assert.Equal((ChatOutcome.Answered, 4), (busy.Outcome, busy.Attempts.Count));
        Assert.Equal(ChatOutcome.PromptTooLong, (await AskAsync(opening.Chat!, "long")).Outcome);
        var none = await AskAsync(opening.Chat!, "other");
        Assert.Contains("no rule fits the purpose 'other', prompt 'test', step 0", none.Problem);
    }

    [Fact]
    public async Task Of_many_faults_some_are_shown_and_what_has_no_end_is_left()
    {
        var error = await Assert.ThrowsAsync<BadInputException>(() => OpenAsync(string.Concat(Enumerable.Repeat("no JSON\n", 1000))));
        Assert.EndsWith("… and 980 more.", error.Message, StringComparison.Ordinal);
        Assert.Equal(21, error.Message.Split('\n').Length);
        if (File.Exists("/dev/zero"))
            Assert.Contains("more than", Assert.Throws<BadInputException>(() => ChatScript.Read("/dev/zero")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"replies\": [{\"text\": \"a\"}]", "s.jsonl(1,", "this is not JSON")]
    [InlineData("\n{\"replies\": []}", "s.jsonl(2,1)", "needs 'replies'")]
    [InlineData("{\"purpse\": \"x\", \"replies\": [{\"text\": \"a\"}]}", "s.jsonl(1,1)", "unknown key 'purpse' of a rule. Did you mean 'purpose'?")]
    [InlineData("{\"replies\": [{\"txt\": \"a\"}]}", "s.jsonl(1,1)", "unknown key 'txt' of a reply. Did you mean 'text'?")]
    [InlineData("{\"replies\": [{}]}", "s.jsonl(1,1)", "one of 'text', 'json', 'calls' (a list of objects) and 'fault'")]
    [InlineData("{\"replies\": [{\"text\": \"a\", \"json\": 1}]}", "s.jsonl(1,1)", "one of 'text', 'json', 'calls' (a list of objects) and 'fault'")]
    [InlineData("{\"replies\": [{\"fault\": \"bussy\"}]}", "s.jsonl(1,1)", "Did you mean 'busy'?")]
    [InlineData("{\"replies\": [{\"fault\": \"cut\"}]}", "s.jsonl(1,1)", "'cut' has a 'text'")]
    [InlineData("{\"replies\": [\"a\"]}", "s.jsonl(1,1)", "a reply is an object")]
    [InlineData("{\"step\": -1, \"replies\": [{\"text\": \"a\"}]}", "s.jsonl(1,1)", "'step' must be a whole number")]
    [InlineData("{\"then\": \"cycel\", \"replies\": [{\"text\": \"a\"}]}", "s.jsonl(1,1)", "Did you mean 'cycle'?")]
    [InlineData("{\"purpose\": 3, \"replies\": [{\"text\": \"a\"}]}", "s.jsonl(1,1)", "'purpose' must be a text")]
    [InlineData("{\"replies\": [{\"text\": \"\\ud83d\"}]}", "s.jsonl(1,1)", "half of a character")]
    [InlineData("# nothing\n", "s.jsonl", "the script has no rules")]
    public async Task What_is_wrong_with_a_script_is_told_with_its_line(string script, string place, string what)
    {
        var error = await Assert.ThrowsAsync<BadInputException>(() => OpenAsync(script));
        Assert.Contains(place, error.What);
        Assert.Contains(what, error.What);
    }

    [Fact]
    public async Task Another_script_is_another_model()
    {
        const string script = """{"replies": [{"json": {"a": 1}}]}""";
        var models = new List<string>();
        foreach (var text in new[] { script, script, script + "\n" + script })
        {
            using var opening = await OpenAsync(text);
            models.Add(opening.Chat!.Model.Identity);
        }

        Assert.Equal(models[0], models[1]);
        Assert.NotEqual(models[0], models[2]);
    }

    [Fact]
    public async Task A_script_that_is_not_there_is_told() => Assert.Contains(
        "cannot be read", (await Assert.ThrowsAsync<BadInputException>(() => ChatOpening.OpenAsync(Options, _ => null, new FastClock(), CancellationToken.None))).What);

    private ChatOptions Options => new() { Provider = ChatProvider.Scripted, Model = "script", Script = _folder["s.jsonl"] };

    private async Task<ChatOpening> OpenAsync(string script)
    {
        File.WriteAllText(_folder["s.jsonl"], script);
        return await ChatOpening.OpenAsync(Options, _ => null, new FastClock(), CancellationToken.None);
    }

    private static async Task<string?> ValueAsync(IChat chat, string purpose, int step) =>
        (await AskAsync(chat, purpose, step)).Json?.GetProperty("a").GetRawText();

    private static Task<ChatReply> AskAsync(IChat chat, string purpose, int step = 0, string prompt = "test", string text = "hello") => chat.AskAsync(
        new ChatRequest { Purpose = purpose, Step = step, Prompt = new RenderedPrompt(prompt, "h", "", text), Schema = Schema }, CancellationToken.None);
}
