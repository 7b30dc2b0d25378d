using System.Text.Json;
using System.Text.RegularExpressions;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Service.Compute;
using InverseScope.Service.Desk;
using InverseScope.Service.Mcp;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Stages;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace InverseScope.Service.Tests.Mcp;

[Collection(McpCollection.Name)]
public sealed partial class McpStudyTests
{
    private static readonly object HundredsPair = new { title = "Hundreds digits", hypothesis = "It carries which hundreds digits are added.", rule = new object[] { new { set = new object[] { Digit(0), Digit(4) } } } };
    private static readonly object LastDigit = new { title = "Last digit", hypothesis = "It carries the last digit of the first number.", rule = Digit(2) };
    private static readonly object Ioi = new { model = "ioi", task = "ioi", site = "L1H4@last", references = 30, samples = 16, bank_size = 2000, epsilon = 0.1 };
    private static readonly object FirstName = new { title = "First name", hypothesis = "It carries the name that comes first.", rule = new object[] { "words", new Dictionary<string, string> { ["in"] = "names" }, "first" } };

    [Fact]
    public async Task An_agent_studies_a_site_submits_and_hears_the_verdicts_but_never_a_text_that_confirms()
    {
        using var home = McpHome.WithAddition();
        await using var service = await ServiceHost.StartAsync(home.Home);
        await using var agent = await Agent.OverHttpAsync(service);
        var notes = new Notes();

        Assert.Contains("addition", (await agent.AskAsync("list_models")).GetProperty("models").EnumerateArray().Select(m => m.GetString()));
        Assert.Equal(4, (await agent.AskAsync("list_sites", new { model = "addition" })).GetProperty("heads").GetInt32());
        var (isError, begun) = await agent.TryAsync("begin_study", new { model = "addition", task = "addition", site = "L0H1@=", references = 100, bank_size = 8000 }, notes);
        Assert.False(isError, begun.ToString());
        Assert.Equal("L0H1@=", begun.GetProperty("site").GetString());
        for (var from = 0; from < 100; from += 8)
            await agent.AskAsync("sample", new { from });
        Assert.Equal(8, (await agent.AskAsync("sample")).GetProperty("references").GetArrayLength());
        Assert.Contains("not measured", (await agent.AskAsync("heat_map")).GetProperty("note").GetString());
        var faulty = await agent.AskAsync("try", new { spec = new { title = "t", rule = new object[] { "chrs" } } });
        Assert.Contains("chars", faulty.GetProperty("errors")[0].GetString());
        Assert.True((await agent.AskAsync("try", new { spec = HundredsPair })).GetProperty("compiles").GetBoolean());

        // What tells of texts the most: the text as its own label, and a script that fails on each.
        var whole = await agent.AskAsync("lint", new { spec = new { title = "whole", rule = new object[] { "chars", new { join = "" } } } });
        Assert.Contains(whole.GetProperty("objections").EnumerateArray(), o => o.GetString()!.Contains("nearly every text", StringComparison.Ordinal));
        var failing = await agent.AskAsync("lint", new { spec = new { title = "fails", script = "function label(x) { throw new Error(x) }" } });
        Assert.Contains("fails on more", failing.GetProperty("errors")[0].GetString());
        await agent.AskAsync("score", new { spec = new { title = "whole", rule = new object[] { "chars", new { join = "" } } } });

        var pair = await agent.AskAsync("score", new { spec = HundredsPair });
        var last = await agent.AskAsync("score", new { spec = LastDigit });
        Assert.True(pair.GetProperty("score").GetProperty("kappa").GetDouble() > 0.2, pair.ToString());
        var results = await agent.AskAsync("results");
        Assert.Equal(3, results.GetProperty("scored").GetArrayLength());
        Assert.Contains("no evidence", results.GetProperty("warning").GetString());
        Assert.False(results.TryGetProperty("submitted", out _));
        var (pairHash, lastHash) = (pair.GetProperty("hash").GetString()!, last.GetProperty("hash").GetString()!);
        Assert.Equal("Hundreds digits", (await agent.AskAsync("results", new { hash = pairHash[..12] })).GetProperty("spec").GetProperty("title").GetString());

        Assert.Contains("was scored", await agent.RefusedAsync("submit", new { hashes = new[] { new string('0', 64) } }));
        var sweep = (await agent.AskAsync("submit", new { hashes = new[] { pairHash[..12], lastHash } })).GetProperty("sweep").GetString()!;
        var verdicts = await agent.VerdictsAsync();
        Assert.Equal("finished", verdicts.GetProperty("status").GetString());
        var byHash = verdicts.GetProperty("verdicts").EnumerateArray().ToDictionary(v => v.GetProperty("hash").GetString()!);
        Assert.Equal("confirmed", byHash[pairHash].GetProperty("verdict").GetString());
        Assert.True(byHash[pairHash].GetProperty("kappa_interval")[0].GetDouble() > 0.1);
        Assert.NotEqual("confirmed", byHash[lastHash].GetProperty("verdict").GetString());
        Assert.Contains("submitted already", await agent.RefusedAsync("submit", new { hashes = new[] { lastHash } }));
        Assert.True(notes.Count > 0);

        var report = service.Services.GetRequiredService<ReportShelf>().Find(sweep)!.Document;
        var hypotheses = Assert.Single(report.Sites).Hypotheses;
        Assert.All(hypotheses, h => Assert.Equal(HypothesisAuthor.Mcp, h.Author));
        Assert.All(hypotheses, h => Assert.Equal([$"mcp: {Agent.Name}"], h.Proposers));
        Assert.All(hypotheses, h => Assert.Contains(h.Trail, t => t.Step == "submitted" && t.Detail!.StartsWith("the first submission", StringComparison.Ordinal)));
        Assert.Equal(0.025, report.Sweep.Options.FalseDiscoveryRate, 6);

        NothingConfirms(agent.Told);
        var confirm = SweepReferences.Draw(new TaskCatalog().Find("addition"), 100, 300, new RunSeed(1)).Confirm;
        Assert.DoesNotContain(agent.Told, told => confirm.Any(c => told.Contains(c, StringComparison.Ordinal)));
        var confirmed = SweepReferences.Draw(new TaskCatalog().Find("addition"), 100, 300, new RunSeed(report.Sweep.Seeds["run"])).Confirm;
        Assert.DoesNotContain(agent.Told, told => confirmed.Any(c => told.Contains(c, StringComparison.Ordinal)));

        // Another study of the same model and task is told apart, and held to less.
        await agent.AskAsync("begin_study", new { model = "addition", task = "addition", site = "L0H2@=", references = 30, bank_size = 1000 });
        var again = await agent.AskAsync("score", new { spec = LastDigit });
        var second = (await agent.AskAsync("submit", new { hashes = new[] { again.GetProperty("hash").GetString() } })).GetProperty("sweep").GetString()!;
        await agent.VerdictsAsync();
        var later = service.Services.GetRequiredService<ReportShelf>().Find(second)!.Document;
        Assert.Equal(0.05 / 6, later.Sweep.Options.FalseDiscoveryRate, 6);
        Assert.Contains(later.Sites[0].Hypotheses[0].Trail, t => t.Detail?.Contains($"after {sweep}", StringComparison.Ordinal) == true);
        Assert.NotEqual(report.Sweep.Seeds["run"], later.Sweep.Seeds["run"]);
    }

    [Fact]
    public async Task A_heat_map_tells_of_tokens_where_the_model_has_a_generator()
    {
        await using var service = await ServiceHost.StartAsync();
        await using var agent = await Agent.OverHttpAsync(service);

        await agent.AskAsync("begin_study", Ioi);
        var tokens = (await agent.AskAsync("heat_map", new { from = 2 })).GetProperty("tokens");

        Assert.Contains(tokens.EnumerateArray(), t => t.GetProperty("bits").GetDouble() > 1);
    }

    [Fact]
    public async Task Budgets_end_a_study_and_what_was_scored_can_still_be_submitted()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.Parse("2026-01-01T00:00:00Z", System.Globalization.CultureInfo.InvariantCulture));
        await using var service = await ServiceHost.StartAsync(with: o => o with { Clock = clock });
        await using var agent = await Agent.OverHttpAsync(service);
        var small = new Dictionary<string, object> { ["model"] = "ioi", ["task"] = "ioi", ["site"] = "L0H2@last", ["references"] = 30, ["samples"] = 16, ["bank_size"] = 2000 };

        Assert.Contains("samples", await agent.RefusedAsync("begin_study", new Dictionary<string, object>(small) { ["max_samples"] = 100 }));
        Assert.Contains("Call begin_study first", await agent.RefusedAsync("sample"));

        await agent.AskAsync("begin_study", new Dictionary<string, object>(small) { ["max_calls"] = 2 });
        var hash = (await agent.AskAsync("score", new { spec = FirstName })).GetProperty("hash").GetString();
        await agent.RefusedAsync("sample", new { count = 0 });
        Assert.Contains("budget of calls is spent: 2 of 2", await agent.RefusedAsync("score", new { spec = FirstName }));
        Assert.Single((await agent.AskAsync("results")).GetProperty("scored").EnumerateArray());
        await agent.AskAsync("submit", new { hashes = new[] { hash } });

        await agent.AskAsync("begin_study", new Dictionary<string, object>(small) { ["max_minutes"] = 1 });
        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Contains("budget of time is spent", await agent.RefusedAsync("sample"));

        // Nobody uses it: it is closed.
        var studies = service.Services.GetRequiredService<StudyDesk>();
        await agent.AskAsync("begin_study", small);
        Assert.Equal(1, studies.Count);
        for (var minute = 0; minute < 200 && studies.Count > 0; minute++)
        {
            clock.Advance(TimeSpan.FromMinutes(1));
            await Task.Yield();
        }

        Assert.Contains("No study is open", await agent.RefusedAsync("sample"));
    }

    [Fact]
    public async Task Sessions_have_studies_of_their_own_which_end_with_them()
    {
        await using var service = await ServiceHost.StartAsync();
        var studies = service.Services.GetRequiredService<StudyDesk>();
        await using (var first = await Agent.OverHttpAsync(service))
        {
            await using var second = await Agent.OverHttpAsync(service);
            await first.AskAsync("begin_study", Ioi);
            Assert.Contains("No study is open", await second.RefusedAsync("results"));
            await second.AskAsync("begin_study", Ioi);
            await first.AskAsync("score", new { spec = FirstName });
            Assert.Empty((await second.AskAsync("results")).GetProperty("scored").EnumerateArray());
            Assert.Equal(2, studies.Count);
        }

        for (var look = 0; look < 1000 && studies.Count > 0; look++)
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.Equal(0, studies.Count);
    }

    [Fact]
    public async Task Hostile_calls_are_told_what_is_wrong_with_them_and_the_session_goes_on()
    {
        using var elsewhere = new TempFolder();
        File.WriteAllText(elsewhere["secret.txt"], "secret\n");
        await using var service = await ServiceHost.StartAsync();
        await using var agent = await Agent.OverHttpAsync(service);

        Assert.Contains("There is no tool 'scor'. Did you mean 'score'", await agent.RefusedAsync("scor"));
        Assert.Contains("'model' is missing", await agent.RefusedAsync("begin_study", new { task = "ioi", site = "L0H0@last" }));
        Assert.Contains("too large", await agent.RefusedAsync("begin_study", new { model = "ioi", task = "ioi", site = "L0H0@last", bank_size = 10000000000000000000000000000m }));
        Assert.Contains("There is no model", await agent.RefusedAsync("begin_study", new { model = "../../etc", task = "ioi", site = "L0H0@last" }));
        Assert.Contains("There is no model", await agent.RefusedAsync("list_sites", new { model = elsewhere.Path }));
        Assert.Contains("There is no task", await agent.RefusedAsync("begin_study", new { model = "ioi", task = elsewhere["secret.txt"], site = "L0H0@last" }));
        Assert.Contains("L9", await agent.RefusedAsync("begin_study", new { model = "ioi", task = "ioi", site = "L9H0@last" }));
        Assert.Contains("a study is of one", await agent.RefusedAsync("begin_study", new { model = "ioi", task = "ioi", site = "L*H*@last" }));
        Assert.Contains("references: must be at most", await agent.RefusedAsync("begin_study", new { model = "ioi", task = "ioi", site = "L0H0@last", references = 1_000_000 }));
        Assert.Contains("does not belong here", await agent.RefusedAsync("begin_study", new { model = "ioi", task = "ioi", site = "L0H0@last", generator = "/etc" }));

        await agent.AskAsync("begin_study", Ioi);
        Assert.Contains("'spec' is missing", await agent.RefusedAsync("score"));
        Assert.Contains("spec: must be an object", await agent.RefusedAsync("score", new { spec = 5 }));
        Assert.Contains("from: must be at least 0", await agent.RefusedAsync("sample", new { from = -1 }));
        Assert.Contains("from: must be a whole number", await agent.RefusedAsync("heat_map", new { from = "first" }));
        Assert.Contains("the key 'confirm' does not belong here", await agent.RefusedAsync("sample", new { confirm = true }));
        Assert.Contains("There are no references", (await agent.AskAsync("sample", new { from = 1_000_000 })).GetProperty("note").GetString());
        Assert.Contains("hashes: must be a list", await agent.RefusedAsync("submit", new { hashes = "all" }));
        Assert.Contains("asks a language model", (await agent.AskAsync("score", new { spec = new { llm = new { instruction = "x" } } })).GetProperty("errors")[0].GetString());
        foreach (var spec in new object[]
        {
            new { rule = Enumerable.Repeat("chars", 5000).ToArray() },
            new { script = "while (true) {}" },
            new { script = "function label(x) { while (true) {} }" },
            new { rule = new object[] { "words", new Dictionary<string, string> { ["in"] = "mine" } }, lexicons = new { mine = new { file = elsewhere["secret.txt"] } } },
            new { rule = new object[] { "words", new { match = "(a+)+$" } }, title = "<script>alert(1)</script>" },
        })
        {
            var (_, value) = await agent.TryAsync("score", new { spec });
            Assert.InRange(agent.Told[^1].Length, 2, 6000);
            Assert.DoesNotContain("secret\n", value.ToString(), StringComparison.Ordinal);
        }

        var twice = JsonElement.Parse("""{"title": "a", "title": "b", "rule": ["chars"]}""");
        foreach (var tool in new[] { "lint", "try", "score" })
            Assert.Contains("hold a key twice", await agent.RefusedAsync(tool, new { spec = twice }));

        // A spec as a text that holds it, as small models write.
        Assert.True((await agent.AskAsync("score", new { spec = JsonSerializer.Serialize(FirstName) })).TryGetProperty("hash", out _));
    }

    [Fact]
    public async Task The_schema_of_specs_and_the_prompt_can_be_read()
    {
        await using var service = await ServiceHost.StartAsync();
        await using var agent = await Agent.OverHttpAsync(service);
        var cancel = TestContext.Current.CancellationToken;

        var tools = await agent.Client.ListToolsAsync(cancellationToken: cancel);
        Assert.Superset(new HashSet<string> { "sample", "heat_map", "lint", "try", "score", "results", "begin_study", "submit" }, tools.Select(t => t.Name).ToHashSet());
        Assert.All(tools, t => Assert.NotEmpty(t.Description));
        Assert.Contains("occurring", tools.Single(t => t.Name == "try").JsonSchema.ToString());
        var resource = Assert.Single(await agent.Client.ListResourcesAsync(cancellationToken: cancel));
        Assert.Equal("inversescope://spec-schema", resource.Uri);
        var schema = Assert.IsType<TextResourceContents>(Assert.Single((await agent.Client.ReadResourceAsync(resource.Uri, cancellationToken: cancel)).Contents));
        Assert.True(JsonElement.Parse(schema.Text).TryGetProperty("definitions", out _));
        var prompt = await agent.Client.GetPromptAsync("study_site", new Dictionary<string, object?> { ["task"] = "ioi" }, cancellationToken: cancel);
        var text = Assert.IsType<TextContentBlock>(Assert.Single(prompt.Messages).Content).Text;
        Assert.Contains("lexicons", text);
        Assert.Contains("submit", text);
        await Assert.ThrowsAnyAsync<McpException>(async () => await agent.Client.GetPromptAsync("study_site", new Dictionary<string, object?> { ["task"] = "/etc/passwd" }, cancellationToken: cancel));
        await Assert.ThrowsAnyAsync<McpException>(async () => await agent.Client.ReadResourceAsync("file:///etc/passwd", cancellationToken: cancel));
    }

    [Fact]
    public async Task A_client_brings_the_key_where_one_is_needed()
    {
        const string Key = "a-long-random-text-for-this-test";
        await using var service = await ServiceHost.StartAsync(with: o => o with { ApiKey = Key });
        await using var agent = await Agent.OverHttpAsync(service, Key);

        Assert.NotEmpty((await agent.AskAsync("list_tasks")).GetProperty("tasks").EnumerateArray());
    }

    [Fact]
    public void Rates_of_all_submissions_add_up_to_that_of_one_sweep() =>
        Assert.InRange(Enumerable.Range(1, 10_000).Sum(n => StudySubmission.RateOf(n, 0.05)), 0.0499, 0.05);

    [Fact]
    public void Nothing_that_a_study_holds_leads_to_references_that_confirm()
    {
        var reachable = Reach.From(typeof(Study));

        Assert.Contains(typeof(Core.Proposals.IExploreBoard), reachable);
        Assert.Empty(reachable.Intersect(
        [
            typeof(SweepReferences), typeof(ConfirmResult), typeof(Sweeps.SweepRunner), typeof(Sweeps.Store.SweepStore), typeof(Sweeps.Evaluation.MeasuredSite),
            typeof(Core.Sampling.IInversionBackend), typeof(ICompute), typeof(Workspace), typeof(ReportDocument),
        ]));
        Assert.Contains(typeof(Sweeps.SweepRunner), Reach.From(typeof(StudySubmission)));
    }

    private static object[] Digit(int at) => ["chars", new { nth = at }];

    private static void NothingConfirms(IEnumerable<string> told)
    {
        var seen = told.SelectMany(t => Additions().Matches(t)).Select(m => m.Value).ToHashSet(StringComparer.Ordinal);
        Assert.True(seen.Count > 300, $"{seen.Count} texts");
        Assert.DoesNotContain(seen, SweepReferences.Confirms);
    }

    [GeneratedRegex(@"\d{3}\+\d{3}=\d{3,4}")]
    private static partial Regex Additions();

    private sealed class Notes : IProgress<ProgressNotificationValue>
    {
        private int _count;

        public int Count => _count;

        public void Report(ProgressNotificationValue value) => Interlocked.Increment(ref _count);
    }
}
