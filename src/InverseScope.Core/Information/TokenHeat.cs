namespace InverseScope.Core.Information;

/// <summary>What the samples say about one token of the reference, in bits: above 0 they favour it, below 0 they avoid it.</summary>
/// <param name="Token">Its text; empty for a begin token.</param>
/// <param name="SamePlace">About this token standing at this index.</param>
/// <param name="Anywhere">About this token occurring at all.</param>
public sealed record TokenHeat(string Token, double SamePlace, double Anywhere);

/// <summary>What an activation says of one token of its own text, by a generator: log2 q(x̂_t | x̂_&lt;t, ẑ) − log2 p(x̂_t | x̂_&lt;t).</summary>
/// <param name="Token">Its characters; empty for the end of the text.</param>
/// <param name="Start">Index of its first character in the text; the text's length for its end.</param>
/// <param name="Bits">Above 0 where the activation makes the token likelier.</param>
public readonly record struct TokenBits(string Token, int Start, double Bits);

/// <summary>A tokenized sample with its weight.</summary>
/// <param name="Tokens">As text, in order.</param>
/// <param name="Weight">At least 0, any scale.</param>
public readonly record struct WeightedTokens(IReadOnlyList<string> Tokens, double Weight);

/// <summary>
/// Heat map of a reference's tokens from weighted samples: log2 of how much more often the samples have a token than the
/// prior does. It needs no generator; unlike a generator's log2 q(x̂_t | x̂_&lt;t, ẑ) − log2 p(x̂_t | x̂_&lt;t) it looks at
/// each token by itself, so that tokens that go together each count in full.
/// </summary>
public static class TokenHeatMap
{
    /// <param name="reference">Tokens of x̂, as far as the heat map shall go.</param>
    /// <param name="samples">At least one, not all of weight 0.</param>
    /// <param name="prior">Texts drawn from the prior, all alike; at least one.</param>
    /// <param name="ess">Effective sample size: how much the samples count against one observation of the prior.</param>
    public static IReadOnlyList<TokenHeat> Of(
        IReadOnlyList<string> reference, IReadOnlyList<WeightedTokens> samples, IReadOnlyList<IReadOnlyList<string>> prior,
        double ess)
    {
        ArgumentOutOfRangeException.ThrowIfZero(prior.Count, nameof(prior));
        var heat = new TokenHeat[reference.Count];
        for (var i = 0; i < heat.Length; i++)
        {
            var (token, at) = (reference[i], i);
            bool Here(IReadOnlyList<string> tokens) => at < tokens.Count && tokens[at] == token;
            bool Somewhere(IReadOnlyList<string> tokens) => tokens.Contains(token);
            heat[i] = new TokenHeat(token, Bits(Here, samples, prior, ess), Bits(Somewhere, samples, prior, ess));
        }

        return heat;
    }

    // The reference itself counts as one more text of the prior, so that a token that no draw has is rare, not impossible;
    // one observation at the prior's rate keeps few samples from seeming to say much.
    private static double Bits(
        Func<IReadOnlyList<string>, bool> has, IReadOnlyList<WeightedTokens> samples,
        IReadOnlyList<IReadOnlyList<string>> prior, double ess)
    {
        double total = 0, having = 0;
        foreach (var (tokens, weight) in samples)
        {
            total += weight;
            having += has(tokens) ? weight : 0;
        }

        if (!(total > 0))
            throw new ArgumentException("The samples have no weight.", nameof(samples));
        var before = (prior.Count(has) + 1.0) / (prior.Count + 1.0);
        var after = (ess * (having / total) + before) / (ess + 1);
        return Math.Log2(after / before);
    }
}
