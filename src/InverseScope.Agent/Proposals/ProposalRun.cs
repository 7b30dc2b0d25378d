using InverseScope.Agent.Chat;
using InverseScope.Core.Proposals;

namespace InverseScope.Agent.Proposals;

/// <summary>Why proposing ended. Stored by name: only add.</summary>
public enum ProposalStop
{
    /// <summary>What was found leaves hardly any of the site's bits.</summary>
    Explained,

    /// <summary>The model said that nothing is left to say.</summary>
    ModelStopped,

    /// <summary>Nothing new came of the last steps.</summary>
    NoProgress,

    /// <summary>So many steps were allowed.</summary>
    StepLimit,

    /// <summary>The same call came again and again.</summary>
    Repeating,

    /// <summary>A budget is spent.</summary>
    OutOfBudget,

    /// <summary>The service is down or too busy: to be taken up again later. What was found until then is not whole.</summary>
    Unavailable,

    /// <summary>The service takes no such requests, until a person changes something.</summary>
    Rejected,
}

internal static class ProposalStops
{
    /// <summary>Why proposing ends with what came of a question; null: it goes on.</summary>
    public static ProposalStop? After(ChatOutcome outcome) => outcome switch
    {
        ChatOutcome.OutOfBudget => ProposalStop.OutOfBudget,
        ChatOutcome.Unavailable => ProposalStop.Unavailable,
        ChatOutcome.Rejected => ProposalStop.Rejected,
        _ => null,
    };
}

/// <summary>What a language model proposed at a site.</summary>
/// <param name="Specs">Those that are worth testing, best first.</param>
/// <param name="Stop">Why it ended.</param>
/// <param name="Problem">What was wrong, as a sentence; null if nothing was.</param>
/// <param name="Steps">What was done, in order.</param>
/// <param name="Tried">Specs that compiled and were scored.</param>
/// <param name="Faulty">Specs that did not compile, not even after a repair.</param>
public sealed record ProposalRun(
    IReadOnlyList<ProposedSpec> Specs, ProposalStop Stop, string? Problem, IReadOnlyList<ProposalStep> Steps, int Tried, int Faulty);

/// <summary>A spec worth testing.</summary>
/// <param name="Spec">As JSON.</param>
/// <param name="Score">On explore references, among which it was chosen.</param>
/// <param name="Trail">The steps that led to it.</param>
public sealed record ProposedSpec(string Hash, string Spec, ExploreScore Score, IReadOnlyList<ProposalStep> Trail);

/// <summary>Something that was done on the way to a proposal.</summary>
/// <param name="Step">In a word or two.</param>
/// <param name="Detail">In a sentence.</param>
/// <param name="Request">Hash of the question to the language model, by which its transcript is found; null without one.</param>
public sealed record ProposalStep(string Step, string Detail, string? Request);
