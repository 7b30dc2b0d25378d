using System.Diagnostics;
using System.Globalization;
using InverseScope.Agent.Budgets;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Proposals;
using InverseScope.Agent.Transcripts;
using InverseScope.Core;
using InverseScope.Core.Proposals;
using InverseScope.Core.Seeds;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Stages;

/// <summary>What a stage of a language model's proposals commits.</summary>
/// <param name="Cost">What it took.</param>
/// <param name="Summary">What was done, one sentence.</param>
public sealed record LanguageModelProposals(IReadOnlyList<ProposalResult> Proposals, ProposerCost Cost, string Summary);

/// <summary>What one proposer took at one site.</summary>
/// <param name="Tried">Specs that were scored.</param>
/// <param name="Faulty">Specs that never compiled.</param>
/// <param name="Calls">Messages to the language model.</param>
/// <param name="Tokens">Read and written.</param>
/// <param name="Seconds">From its questions to their outcomes, waits included.</param>
public sealed record ProposerCost(int Tried, int Faulty, long Calls, long Tokens, double Seconds);

/// <summary>
/// Proposals of a language model. It is given an explore board and nothing else of a sweep. Every question is kept before its answer is
/// used, so that what was answered is not asked again when a sweep is broken off there.
/// </summary>
/// <param name="budget">Of the whole run.</param>
/// <param name="transcript">Keeps questions of a site and proposer.</param>
/// <param name="answered">What was asked there before.</param>
internal sealed class LanguageModelProposer(
    LanguageModelPlan plan, IChat chat, Budget budget, Func<string, string, ITranscript> transcript,
    Func<string, string, IReadOnlyList<TranscriptEntry>> answered, RunSeed seed, TimeProvider clock)
{
    /// <summary>Proposals of one proposer at a board's site.</summary>
    /// <exception cref="SiteParkedException">The language model is not there.</exception>
    /// <exception cref="OutsideServiceException">It takes no such requests.</exception>
    /// <exception cref="BudgetSpentException">The budget ended it.</exception>
    public LanguageModelProposals Propose(IExploreBoard board, LanguageModelMode mode, CancellationToken cancel)
    {
        var name = LanguageModelPlan.NameOf(mode);
        var counted = new CountedChat(new ResumedChat(
            new RecordedChat(new BudgetedChat(chat, budget), transcript(board.Site, name), clock), answered(board.Site, name)));
        var own = new RunSeed(seed.Stream("language model proposer", name).NextLong(long.MaxValue));
        var asking = mode switch
        {
            LanguageModelMode.Tools => new ToolProposer(counted, plan.Tools).ProposeAsync(board, own, cancel),
            LanguageModelMode.OneShot => new LoopProposer(counted, plan.Loop with { Rounds = 1 }).ProposeAsync(board, own, cancel),
            _ => new LoopProposer(counted, plan.Loop).ProposeAsync(board, own, cancel),
        };
        var run = asking.GetAwaiter().GetResult();
        switch (run.Stop)
        {
            case ProposalStop.Unavailable:
                throw new SiteParkedException(run.Problem!);
            case ProposalStop.Rejected:
                throw new OutsideServiceException(run.Problem!);
            case ProposalStop.OutOfBudget:
                // Half a proposal is never committed; what was answered is found again by the next run.
                throw new BudgetSpentException();
        }

        var now = clock.GetUtcNow();
        var cost = new ProposerCost(run.Tried, run.Faulty, counted.Calls, counted.Tokens, counted.Seconds);
        var summary = string.Create(
            CultureInfo.InvariantCulture,
            $"{name} with {chat.Model.Name}: {run.Tried} specs scored, {run.Faulty} faulty, {run.Specs.Count} proposed, {counted.Calls} calls, {counted.Tokens} tokens; ended: {Words(run.Stop)}{(run.Problem is null ? "" : $" ({run.Problem})")}");
        return new LanguageModelProposals(
            [.. run.Specs.Select(s => new ProposalResult(
                s.Spec,
                HypothesisAuthor.Llm,
                new ExploreRecord { References = s.Score.References, Fcr = s.Score.Fcr, Chance = s.Score.Chance, Kappa = s.Score.Kappa, Bits = s.Score.Bits },
                [
                    new TrailStep { Time = now, Step = name, Detail = summary },
                    .. s.Trail.Select(t => new TrailStep { Time = now, Step = t.Step, Detail = t.Detail, Request = t.Request }),
                ])
            {
                Proposers = [name],
            })],
            cost,
            summary);
    }

    private static string Words(ProposalStop stop) => stop switch
    {
        ProposalStop.Explained => "the site is explained",
        ProposalStop.ModelStopped => "the model had nothing more to say",
        ProposalStop.NoProgress => "nothing new came",
        ProposalStop.StepLimit => "all rounds were used",
        ProposalStop.Repeating => "it repeated itself",
        _ => throw new UnreachableException(),
    };

    /// <summary>Counts what proposals took, also what was answered before the run was broken off: a resumed sweep reports the same.</summary>
    private sealed class CountedChat(IChat inner) : IChat
    {
        public ChatModel Model => inner.Model;

        public long Calls { get; private set; }

        public long Tokens { get; private set; }

        public double Seconds { get; private set; }

        public async Task<ChatReply> AskAsync(ChatRequest request, CancellationToken cancel)
        {
            var reply = await inner.AskAsync(request, cancel);
            Calls += reply.Attempts.Count;
            Tokens += reply.PromptTokens + reply.ReplyTokens;
            Seconds += reply.Duration.TotalSeconds;
            return reply;
        }
    }
}
