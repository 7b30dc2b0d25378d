namespace InverseScope.Agent.Proposals;

/// <summary>How a language model is led to proposals, a structured question at a time.</summary>
public sealed record LoopOptions
{
    /// <summary>
    /// Questions for hypotheses, each with the scores of those before it, from 1. With 1 it is the one-shot control: what a model says
    /// that learns nothing from scores. Default 4.
    /// </summary>
    public int Rounds { get; init; } = 4;

    /// <summary>Hypotheses to a question, from 1. Default 4.</summary>
    public int PerRound { get; init; } = 4;

    /// <summary>How often the model is told the errors of one spec, from 0. Default 2.</summary>
    public int Repairs { get; init; } = 2;

    /// <summary>References shown at each question, from 1: the next ones each time, the first again after the last; fewer where a prompt would be too long. Default 8.</summary>
    public int References { get; init; } = 8;

    /// <summary>Near and far texts for each, from 1. Default 5.</summary>
    public int Samples { get; init; } = 5;

    /// <summary>Specs to test, at most, from 1. Default 6.</summary>
    public int MaxProposals { get; init; } = 6;

    /// <summary>0 to 2. Default 0.7: at 0 a model says the same again.</summary>
    public double Temperature { get; init; } = 0.7;

    /// <summary>Tokens of one reply, from 64. Default 2048.</summary>
    public int MaxReplyTokens { get; init; } = 2048;

    /// <summary>All that is wrong; empty if nothing.</summary>
    public IEnumerable<string> Check()
    {
        foreach (var (name, value, least) in new[]
        {
            ("rounds", Rounds, 1), ("hypotheses to a round", PerRound, 1), ("repairs", Repairs, 0), ("references shown", References, 1),
            ("samples shown", Samples, 1), ("proposals", MaxProposals, 1), ("tokens of a reply", MaxReplyTokens, 64),
        })
        {
            if (value < least)
                yield return FormattableString.Invariant($"The number of {name} must be at least {least}, found {value}.");
        }

        if (!(Temperature is >= 0 and <= 2))
            yield return FormattableString.Invariant($"The temperature must be 0 to 2, found {Temperature}.");
    }
}
