using InverseScope.Agent.Budgets;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Labels;
using InverseScope.Agent.Prompts;
using InverseScope.Agent.Tests.Labels;
using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;

namespace InverseScope.Agent.Tests.Budgets;

public sealed class BudgetTests
{
    private readonly FastClock _clock = new();

    [Fact]
    public void What_is_set_aside_cannot_be_spent_by_another_until_it_is_settled_or_let_go()
    {
        var budget = new Budget(new BudgetLimits { Tokens = 100 }, _clock);
        var first = budget.TryReserve(new BudgetCost(60), out _)!;
        Assert.Null(budget.TryReserve(new BudgetCost(41), out var stop));
        Assert.Equal(BudgetLimit.Tokens, stop!.Limit);
        Assert.Contains("0 of 100, 60 set aside, and the next step may take 41", stop.Message);

        first.Settle(new BudgetCost(10));
        first.Settle(new BudgetCost(1000));
        Assert.Equal(10, budget.Spent.Tokens);
        using (budget.TryReserve(new BudgetCost(90), out _))
            Assert.Null(budget.TryReserve(new BudgetCost(1), out _));
        Assert.NotNull(budget.TryReserve(new BudgetCost(90), out _));
        Assert.Equal(stop, budget.Stop);
    }

    [Fact]
    public void Each_limit_stops_by_itself_and_without_limits_nothing_does()
    {
        var budget = new Budget(new BudgetLimits { Calls = 1, Samples = 5, WallTime = TimeSpan.FromHours(1) }, _clock);
        Assert.NotNull(budget.TryReserve(new BudgetCost(long.MaxValue / 2, 1, 5), out _));
        Assert.Null(budget.TryReserve(new BudgetCost(0, 1), out var stop));
        Assert.Equal(BudgetLimit.Calls, stop!.Limit);
        Assert.Null(budget.TryReserve(new BudgetCost(0, 0, 1), out stop));
        Assert.Equal(BudgetLimit.Samples, stop!.Limit);
        Assert.NotNull(budget.TryReserve(default, out _));
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Null(budget.TryReserve(default, out stop));
        Assert.Equal((BudgetLimit.WallTime, "The budget of time is spent: 0.01:00:00 of 0.01:00:00."), (stop!.Limit, stop.Message));
        Assert.NotNull(new Budget(new BudgetLimits(), _clock).TryReserve(new BudgetCost(1, 1, 1), out _));
    }

    [Fact]
    public void Many_who_spend_at_the_same_time_stay_within_the_limit()
    {
        var budget = new Budget(new BudgetLimits { Tokens = 1000 }, _clock);
        var granted = 0;
        var threads = Enumerable.Range(0, 8).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                using var reservation = budget.TryReserve(new BudgetCost(7), out var _);
                if (reservation is null)
                    continue;
                reservation.Settle(new BudgetCost(7));
                Interlocked.Increment(ref granted);
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        Assert.Equal((1000 / 7, 1000 / 7 * 7), (granted, budget.Spent.Tokens));
    }

    [Fact]
    public void Limits_below_zero_are_told()
    {
        Assert.Equal(2, new BudgetLimits { Tokens = -1, WallTime = TimeSpan.FromTicks(-1) }.Check().Count());
        Assert.Throws<ArgumentException>(() => new Budget(new BudgetLimits { Calls = -1 }, _clock));
    }

    [Fact]
    public async Task A_chat_asks_what_its_budget_allows_and_what_it_took_is_settled()
    {
        var model = new ChatModel("ollama", "tiny", null);
        var site = new Budget(new BudgetLimits { Calls = 3 }, _clock);
        var sweep = new Budget(new BudgetLimits { Tokens = 1130 }, _clock);
        var inner = new PlannedChat(model);
        var chat = new BudgetedChat(new BudgetedChat(inner, sweep), site);
        var request = new ChatRequest { Purpose = "test", Prompt = new RenderedPrompt("p", "h", "", "hello"), MaxReplyTokens = 1024 };

        for (var i = 0; i < 3; i++)
            Assert.NotEqual(ChatOutcome.OutOfBudget, (await chat.AskAsync(request, CancellationToken.None)).Outcome);
        var stopped = await chat.AskAsync(request, CancellationToken.None);
        Assert.Equal((ChatOutcome.OutOfBudget, 3), (stopped.Outcome, inner.Asked));
        Assert.Contains("budget of calls is spent: 3 of 3", stopped.Problem);
        Assert.Equal((new BudgetCost(45, 3), new BudgetCost(45, 3)), (site.Spent, sweep.Spent));
        Assert.Equal(request.HashFor(model), stopped.RequestHash);

        // 1130 less 60 is enough for one more of 1026 tokens at most, and less 75 not.
        chat = new BudgetedChat(inner, sweep);
        for (var i = 0; i < 4; i++)
            await chat.AskAsync(request, CancellationToken.None);
        Assert.Equal(ChatOutcome.OutOfBudget, (await chat.AskAsync(request, CancellationToken.None)).Outcome);
        Assert.Equal(BudgetLimit.Tokens, sweep.Stop!.Limit);
    }

    [Fact]
    public async Task Where_calls_fail_it_settles_at_what_was_sent_and_answered_and_nothing_stays_set_aside()
    {
        var limits = new BudgetLimits { Tokens = 1_000_000, Calls = 10_000 };
        await using var server = await LabelServer.StartAsync(_ => "harmless");
        var failing = new FailingCalls(
            new RunSeed(1), share: 0.3, burst: 4,
            request => LabelPrompt.Answer(LabelPrompt.TextsIn(request).Select(t => (t.Id, "harmful")).Append((1, "harmful"))), server.Clock.PassDeadlines);
        server.Http.Answer = (context, request) => failing.AnswerAsync(context, request, server.Http.Reply(request));
        var budget = new Budget(limits, server.Clock);
        var labeller = server.Labeller(new LabelOptions { BatchSize = 4 }, chat: new BudgetedChat(server.Chat(), budget));
        string[] texts = [.. Enumerable.Range(0, 400).Select(i => $"text {i}")];
        IReadOnlyList<LabelAnswer> answers = [];
        while (answers.Count == 0 || answers.Any(a => a.Kind == AnswerKind.Failed))
        {
            try
            {
                answers = await LabelServer.LabelAsync(labeller, new LlmQuestion("Is it harmful?", ["harmful", "harmless"], null), texts);
            }
            catch (OutsideServiceException)
            {
                // Silent twice in a row.
                server.Clock.Advance(TimeSpan.FromMinutes(2));
            }
        }

        Assert.All(answers, a => Assert.NotEqual("harmful", a.Label));
        Assert.Equal(Enum.GetValues<CallFailure>(), failing.Failures.Keys.Order());
        Assert.Equal(new BudgetCost(failing.Tokens, failing.Calls), budget.Spent);
        using var rest = budget.TryReserve(new BudgetCost(limits.Tokens!.Value, limits.Calls!.Value) - budget.Spent, out var stop);
        Assert.Null(stop);
    }
}
