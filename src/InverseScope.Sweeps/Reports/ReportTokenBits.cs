namespace InverseScope.Sweeps.Reports;

/// <summary>
/// What a site's activations say of the tokens of their own texts, by a generator: log2 q(token | before, ẑ) less
/// log2 p(token | before), both as it learnt them.
/// </summary>
public sealed record TokenBitsRecord
{
    /// <summary>Bits by which a generator's backbone may fall short of the prior before that is put before a person.</summary>
    public const double TolerablePriorGap = 0.5;

    /// <summary>A few references with all their tokens.</summary>
    public required IReadOnlyList<ReferenceTokens> References { get; init; }

    /// <summary>
    /// log2 p(text) less what the generator's backbone holds of it, mean over references: so many of a text's bits are the prior that
    /// the backbone has not learnt. Null where the task does not tell p.
    /// </summary>
    public double? PriorGap { get; init; }

    /// <summary>Mean over references at each position that the task names; empty where it names none.</summary>
    public required IReadOnlyList<PositionBits> Positions { get; init; }
}

/// <summary>One reference, token by token.</summary>
public sealed record ReferenceTokens
{
    /// <summary>Text of the reference x̂.</summary>
    public required string Reference { get; init; }

    /// <summary>Sum over its tokens.</summary>
    public required double Bits { get; init; }

    /// <summary>In order; the last one is the end of the text.</summary>
    public required IReadOnlyList<TokenBitsOf> Tokens { get; init; }
}

/// <summary>One token of a reference.</summary>
public sealed record TokenBitsOf
{
    /// <summary>Its characters; empty for the end of the text.</summary>
    public required string Token { get; init; }

    /// <summary>Above 0 where the activation makes it likelier.</summary>
    public required double Bits { get; init; }
}

/// <summary>What activations say of the tokens at one position.</summary>
public sealed record PositionBits
{
    /// <summary>Its name in the task, with a leading @.</summary>
    public required string Position { get; init; }

    /// <summary>Mean over references.</summary>
    public required double Bits { get; init; }

    /// <summary>References that have the position.</summary>
    public required int References { get; init; }
}
