namespace InverseScope.Agent.Proposals;

/// <summary>How far a language model that calls functions is let go.</summary>
public sealed record ToolOptions
{
    /// <summary>
    /// Steps, from 1: each call of a function is one, whatever comes of it, and each reply without a call. The model is asked at most
    /// as often. Default 24.
    /// </summary>
    public int Steps { get; init; } = 24;

    /// <summary>The call that ends the run if it is the same, by function and arguments, for so many times since a spec was last scored, from 3; the model is told at the one before. Default 3.</summary>
    public int Repeats { get; init; } = 3;

    /// <summary>References given by one call, at most, from 1. Default 8.</summary>
    public int References { get; init; } = 8;

    /// <summary>Near and far texts for each, from 1. Default 5.</summary>
    public int Samples { get; init; } = 5;

    /// <summary>Longest result of a call, in characters, from 500; halved whenever the model could not read all. Default 6000.</summary>
    public int LongestResult { get; init; } = 6000;

    /// <summary>Specs to test, at most, from 1. Default 6.</summary>
    public int MaxProposals { get; init; } = 6;

    /// <summary>0 to 2. Default 0.7: at 0 a model makes the same call again.</summary>
    public double Temperature { get; init; } = 0.7;

    /// <summary>Tokens of one reply, from 64. Default 2048.</summary>
    public int MaxReplyTokens { get; init; } = 2048;

    /// <summary>All that is wrong; empty if nothing.</summary>
    public IEnumerable<string> Check()
    {
        foreach (var (name, value, least) in new[]
        {
            ("steps", Steps, 1), ("repeats", Repeats, 3), ("references shown", References, 1), ("samples shown", Samples, 1),
            ("characters of a result", LongestResult, SpecTools.LeastResult), ("proposals", MaxProposals, 1), ("tokens of a reply", MaxReplyTokens, 64),
        })
        {
            if (value < least)
                yield return FormattableString.Invariant($"The number of {name} must be at least {least}, found {value}.");
        }

        if (!(Temperature is >= 0 and <= 2))
            yield return FormattableString.Invariant($"The temperature must be 0 to 2, found {Temperature}.");
    }
}
