using InverseScope.Agent.Chat;

namespace InverseScope.Sweeps.Store;

/// <summary>What is known of one question to a language model beside its texts, so that sums need none of them.</summary>
public sealed class StoredCall
{
    /// <summary>Grows with every question in the store, from 1.</summary>
    public long Id { get; set; }

    public string Sweep { get; set; } = "";

    /// <summary>The site's full form; empty for questions of the whole sweep.</summary>
    public string Site { get; set; } = "";

    /// <summary>Who asked, as hypotheses name their author.</summary>
    public string Proposer { get; set; } = "";

    /// <summary>Hash of sweep, site and proposer: what the questions of one proposer about one site are found by.</summary>
    public string Conversation { get; set; } = "";

    /// <summary>Hash of question and model, hex.</summary>
    public string RequestHash { get; set; } = "";

    /// <summary>ISO 8601, UTC: when the outcome was there.</summary>
    public string At { get; set; } = "";

    /// <summary>What the answer was for, e.g. <c>label</c>.</summary>
    public string Purpose { get; set; } = "";

    /// <summary>Stored by name.</summary>
    public ChatOutcome Outcome { get; set; }

    /// <summary>How many messages were sent, repairs included; 0 if nothing was asked.</summary>
    public int Messages { get; set; }

    /// <summary>Tokens read, over all messages; 0 if the service did not say.</summary>
    public long PromptTokens { get; set; }

    /// <summary>Tokens written, over all messages; 0 if the service did not say.</summary>
    public long ReplyTokens { get; set; }

    /// <summary>From the question to the outcome, waits included.</summary>
    public double Seconds { get; set; }

    /// <summary>What the service says it worked, over all messages; 0 if it did not say.</summary>
    public double ModelSeconds { get; set; }
}

/// <summary>The texts of one question.</summary>
public sealed class StoredCallText
{
    /// <summary>That of its <see cref="StoredCall"/>.</summary>
    public long Id { get; set; }

    /// <summary>The entry of the transcript, JSON on one line.</summary>
    public string Entry { get; set; } = "";
}

/// <summary>What some questions took together.</summary>
/// <param name="Calls">Questions, whatever came of them.</param>
/// <param name="Messages">Messages sent for them, repairs included.</param>
/// <param name="PromptTokens">Tokens read, as far as services said.</param>
/// <param name="ReplyTokens">Tokens written, as far as services said.</param>
/// <param name="Seconds">From question to outcome, waits included. Questions at the same time count one by one, so it can exceed the time that passed.</param>
/// <param name="ModelSeconds">What services say they worked.</param>
public readonly record struct CallSum(int Calls, long Messages, long PromptTokens, long ReplyTokens, double Seconds, double ModelSeconds)
{
    public static CallSum operator +(CallSum sum, StoredCall call) => new(
        sum.Calls + 1,
        sum.Messages + call.Messages,
        sum.PromptTokens + call.PromptTokens,
        sum.ReplyTokens + call.ReplyTokens,
        sum.Seconds + call.Seconds,
        sum.ModelSeconds + call.ModelSeconds);
}

/// <summary>What questions took, and what came of them.</summary>
/// <param name="All">Over all of them.</param>
/// <param name="ByOutcome">Those of one outcome; an outcome that never came is not there.</param>
public sealed record CallTotals(CallSum All, IReadOnlyDictionary<ChatOutcome, CallSum> ByOutcome);
