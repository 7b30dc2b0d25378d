namespace InverseScope.Sweeps.Reports;

/// <summary>How a hypothesis's rate is made up.</summary>
public sealed record EvidenceRecord
{
    /// <summary>
    /// References by the weighted share of their samples that match: counts in equal bins over 0 to 1, the last one
    /// closed. Two humps mean that the feature holds on a part of the references only.
    /// </summary>
    public IReadOnlyList<int>? MatchHistogram { get; init; }

    /// <summary>The confidence sequence of the pair-swap effect, thinned; the last point is where the test stopped.</summary>
    public IReadOnlyList<SequencePoint>? Sequence { get; init; }
}

/// <summary>Interval of the pair-swap effect after some pairs; valid at every point.</summary>
/// <param name="Pairs">Pairs seen so far.</param>
/// <param name="Estimate">Mean effect so far.</param>
/// <param name="Lower">Lower bound.</param>
/// <param name="Upper">Upper bound.</param>
public sealed record SequencePoint(int Pairs, double? Estimate, double Lower, double Upper);

/// <summary>Labels of references (rows) against labels of their samples (columns).</summary>
public sealed record LabelTable
{
    /// <summary>The commonest labels, in the order of the columns and, as far as they go, of the rows.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>One for each label of <c>labels</c> that references have; the last one, with a null label, is for all others.</summary>
    public required IReadOnlyList<LabelRow> Rows { get; init; }
}

/// <summary>Where the samples of the references with one label went. Shares add up to 1.</summary>
public sealed record LabelRow
{
    /// <summary>Label of the references; null for all labels that have no row of their own.</summary>
    public string? Label { get; init; }

    /// <summary>References with this label.</summary>
    public required int References { get; init; }

    /// <summary>Samples of these references.</summary>
    public required long Samples { get; init; }

    /// <summary>Weighted share of samples with each label of the table's columns, mean over the references.</summary>
    public required IReadOnlyList<double> Shares { get; init; }

    /// <summary>Share with a label that has no column.</summary>
    public required double Other { get; init; }

    /// <summary>Share on which the feature is undefined.</summary>
    public required double Undefined { get; init; }

    /// <summary>Share that matches its own reference; for a row of one label, the same as its diagonal.</summary>
    public required double Matched { get; init; }
}

/// <summary>One reference and a few of its samples.</summary>
public sealed record ExampleRecord
{
    /// <summary>Text of the reference x̂.</summary>
    public required string Reference { get; init; }

    /// <summary>The feature's label of the reference.</summary>
    public required string Label { get; init; }

    /// <summary>Weighted share of all its samples that match.</summary>
    public double? MatchRate { get; init; }

    /// <summary>Effective sample size of the reference.</summary>
    public double? Ess { get; init; }

    /// <summary>How many samples it has in all; those listed are a choice.</summary>
    public required int SampleCount { get; init; }

    /// <summary>Mismatches first, each part by falling weight.</summary>
    public required IReadOnlyList<SampleRecord> Samples { get; init; }
}

/// <summary>One inverted sample.</summary>
public sealed record SampleRecord
{
    /// <summary>The sample's text, as it was sampled: not to be trusted.</summary>
    public required string Text { get; init; }

    /// <summary>The feature's label; null where it is undefined.</summary>
    public string? Label { get; init; }

    /// <summary>Distance of its activation to the reference's; null where it is infinite.</summary>
    public double? Distance { get; init; }

    /// <summary>Weight among the samples of its reference, 0 to 1.</summary>
    public required double Weight { get; init; }

    /// <summary>Whether its label is the reference's.</summary>
    public required bool Match { get; init; }
}

/// <summary>One step on the way to a verdict.</summary>
public sealed record TrailStep
{
    /// <summary>When it ended, UTC.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Name of the step, e.g. <c>score on explore</c>.</summary>
    public required string Step { get; init; }

    /// <summary>What came of it, one sentence.</summary>
    public string? Detail { get; init; }

    /// <summary>Hash of everything that the step was given.</summary>
    public string? InputsHash { get; init; }

    /// <summary>Hash of the question to a language model, by which its transcript is found; null where none was asked.</summary>
    public string? Request { get; init; }
}
