namespace InverseScope.Sweeps.Reports;

/// <summary>What the confirming test says of a hypothesis. Stored and reported by name: only append.</summary>
public enum HypothesisVerdict
{
    /// <summary>Selected at the stated false discovery rate, and κ is above the stated effect size.</summary>
    Confirmed,

    /// <summary>The upper bound of κ lies below the stated effect size.</summary>
    Refuted,

    /// <summary>Neither: too few references, too low an effective sample size, or the budget was spent.</summary>
    Undecided,

    /// <summary>Nothing to test: constant, undefined nearly everywhere, or the partition of an earlier feature.</summary>
    Degenerate,

    /// <summary>The test could not be carried out.</summary>
    Failed,
}

/// <summary>Who proposed a hypothesis. Reported by name: only append.</summary>
public enum HypothesisAuthor
{
    /// <summary>The symbolic search.</summary>
    Symbolic,

    /// <summary>A language model.</summary>
    Llm,

    /// <summary>A person's spec file.</summary>
    Person,

    /// <summary>An outside agent, through the Model Context Protocol.</summary>
    Mcp,
}

/// <summary>How far a hypothesis came. Reported by name: only append.</summary>
public enum HypothesisPhase
{
    /// <summary>Scored on the references that proposals may see; no verdict rests on that.</summary>
    Explore,

    /// <summary>Tested once on untouched references.</summary>
    Confirm,
}

/// <summary>What decides a feature's label. Reported by name: only append.</summary>
public enum FeatureKind
{
    /// <summary>A pipeline of the rule language; deterministic.</summary>
    Rule,

    /// <summary>A sandboxed script; deterministic.</summary>
    Script,

    /// <summary>A language model; its agreement with itself bounds what can be measured.</summary>
    Llm,
}

/// <summary>Where the investigation of a site stands. Reported by name: only append.</summary>
public enum SiteStatus
{
    /// <summary>Not begun.</summary>
    Queued,

    /// <summary>Begun and not ended.</summary>
    Running,

    /// <summary>Ended with a verdict.</summary>
    Done,

    /// <summary>Left out on purpose, e.g. because the budget was spent.</summary>
    Skipped,

    /// <summary>Ended by a fault.</summary>
    Failed,
}

/// <summary>What a site was found to encode, taken together. Reported by name: only append.</summary>
public enum SiteVerdict
{
    /// <summary>The confirmed features account for the site's bits.</summary>
    Explained,

    /// <summary>Something is confirmed, and bits are left that it does not account for.</summary>
    PartlyExplained,

    /// <summary>The site encodes none of what was tried.</summary>
    EncodesNoneOfWhatWasTried,

    /// <summary>No hypothesis could be decided here, e.g. because the effective sample size is too low.</summary>
    NotMeasured,

    /// <summary>The investigation broke.</summary>
    Failed,

    /// <summary>Nothing is confirmed, and something that may be there could not be decided.</summary>
    Undecided,
}
