namespace InverseScope.Agent.Labels;

/// <summary>How texts are labelled.</summary>
public sealed record LabelOptions
{
    /// <summary>Texts in one question, 1 to 200. Default 16; fewer help a small model, and cost more.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Questions at the same time, 1 to 64; no more than the service answers at once (OLLAMA_NUM_PARALLEL), since others only wait. Default 1.</summary>
    public int Parallelism { get; init; } = 1;

    /// <summary>Temperature of answers that are voted on, 0 to 2; a single answer has 0. Default 0.7.</summary>
    public double VoteTemperature { get; init; } = 0.7;

    /// <summary>All that is wrong; empty if nothing.</summary>
    public IEnumerable<string> Check()
    {
        if (BatchSize is < 1 or > 200)
            yield return $"A batch must have 1 to 200 texts, found {BatchSize}.";
        if (Parallelism is < 1 or > 64)
            yield return $"There must be 1 to 64 questions at the same time, found {Parallelism}.";
        if (!(VoteTemperature is >= 0 and <= 2))
            yield return $"The temperature of votes must be 0 to 2, found {VoteTemperature}.";
    }
}

/// <summary>How often a language model that is asked about the same texts again gives the same labels.</summary>
/// <param name="Texts">That were asked about again.</param>
/// <param name="Compared">That had a label both times.</param>
/// <param name="Agreed">Whose two labels are the same.</param>
public sealed record LabelAgreement(int Texts, int Compared, int Agreed)
{
    /// <summary>Texts that were not asked about, because the budget was spent.</summary>
    public int NotAsked { get; init; }

    /// <summary>Both labels of those compared, in no particular order.</summary>
    public IReadOnlyList<LabelPair> Pairs { get; init; } = [];

    /// <summary>Share of those compared whose labels are the same, 0 to 1; null if none was compared.</summary>
    public double? Rate => Compared == 0 ? null : (double)Agreed / Compared;
}

/// <summary>Two labels that a language model gave one text.</summary>
public readonly record struct LabelPair(string First, string Second);
