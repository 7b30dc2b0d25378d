using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Store;

/// <summary>What a person makes of a hypothesis. Stored by name: only append.</summary>
public enum ReviewVerdict
{
    /// <summary>It stands as it is told.</summary>
    Accept,

    /// <summary>It does not.</summary>
    Reject,

    /// <summary>It cannot be decided from what there is.</summary>
    NeedsMore,

    /// <summary>The spec does not measure what it claims.</summary>
    SpecWrong,
}

/// <summary>One verdict of one person. A later one stands beside it; nothing is ever changed or deleted.</summary>
public sealed class StoredReview
{
    /// <summary>Grows with every review in the store, from 1.</summary>
    public long Id { get; set; }

    public string Sweep { get; set; } = "";

    /// <summary>The hypothesis's id in its report.</summary>
    public string Hypothesis { get; set; } = "";

    /// <summary>The hypothesis's identity across sweeps, hex.</summary>
    public string SpecHash { get; set; } = "";

    /// <summary>Stored by name.</summary>
    public ReviewVerdict Verdict { get; set; }

    public string Comment { get; set; } = "";

    public string Author { get; set; } = "";

    /// <summary>ISO 8601, UTC.</summary>
    public string At { get; set; } = "";

    /// <summary>Why the hypothesis needed a person when this was said, a sentence each.</summary>
    public string[] QueuedBecause { get; set; } = [];

    /// <summary>The measured verdict when this was said; null where it was not kept.</summary>
    public HypothesisVerdict? VerdictSeen { get; set; }

    /// <summary>Chance-corrected rate when this was said; null where it was not kept, or there was none.</summary>
    public double? KappaSeen { get; set; }

    /// <summary>Hash of the sweep, which its reviews are found by; set when it is added.</summary>
    public string SweepKey { get; set; } = "";

    /// <summary>Hash of sweep and hypothesis; set when it is added.</summary>
    public string Key { get; set; } = "";
}

/// <summary>
/// A label as a person would give it. It never takes the place of the one that was measured: a second number is made from it.
/// </summary>
public sealed class StoredCorrection
{
    /// <summary>Grows with every correction in the store, from 1; of several for one text the last counts.</summary>
    public long Id { get; set; }

    public string Sweep { get; set; } = "";

    /// <summary>The spec whose label it corrects, hex.</summary>
    public string SpecHash { get; set; } = "";

    public string Text { get; set; } = "";

    /// <summary>Null: the feature is undefined on this text.</summary>
    public string? Label { get; set; }

    public string Comment { get; set; } = "";

    public string Author { get; set; } = "";

    /// <summary>ISO 8601, UTC.</summary>
    public string At { get; set; } = "";

    /// <summary>Hash of the sweep, which its corrections are found by; set when it is added.</summary>
    public string SweepKey { get; set; } = "";

    /// <summary>Hash of sweep and spec; set when it is added.</summary>
    public string Key { get; set; } = "";
}
