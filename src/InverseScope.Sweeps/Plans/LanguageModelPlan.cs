using InverseScope.Agent.Chat;
using InverseScope.Agent.Labels;
using InverseScope.Agent.Proposals;

namespace InverseScope.Sweeps.Plans;

/// <summary>How a language model proposes.</summary>
public enum LanguageModelMode
{
    /// <summary>One question, errors mended, no scores seen: the control of <see cref="Loop"/>.</summary>
    OneShot,

    /// <summary>Fixed steps: propose, mend, propose anew with scores, name.</summary>
    Loop,

    /// <summary>The model itself reads samples, tries specs and ends, by calling functions; it must be able to.</summary>
    Tools,
}

/// <summary>The language model of a sweep: which, for what, and how much of it.</summary>
public sealed record LanguageModelPlan
{
    public ChatOptions Chat { get; init; } = new();

    /// <summary>Proposers that ask it, each at every site, each with hypotheses of its own. None: it only labels. Default the loop.</summary>
    public IReadOnlyList<LanguageModelMode> Propose { get; init; } = [LanguageModelMode.Loop];

    public LoopOptions Loop { get; init; } = new();

    /// <summary>What of the loop it shares is taken from <see cref="Loop"/>.</summary>
    public ToolOptions Tools { get; init; } = new();

    public LabelOptions Labels { get; init; } = new();

    /// <summary>Texts that are labelled twice for each feature that it labels: its agreement with itself is the most that can be measured. From 0. Default 40.</summary>
    public int Relabelled { get; init; } = 40;

    /// <summary>Messages to it in one run, at most; null: without end. A resumed sweep has them anew.</summary>
    public long? MaxCalls { get; init; }

    /// <summary>Tokens read and written in one run, at most; null likewise.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>All that is wrong; empty if nothing.</summary>
    public IEnumerable<string> Check() => Chat.Check().Concat(Loop.Check()).Concat(Tools.Check()).Concat(Labels.Check());

    /// <summary>Name of a proposer, in results.</summary>
    public static string NameOf(LanguageModelMode mode) => mode switch
    {
        LanguageModelMode.OneShot => "llm_one_shot",
        LanguageModelMode.Tools => "llm_tools",
        _ => "llm_loop",
    };
}
