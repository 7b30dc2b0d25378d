namespace InverseScope.Sweeps.Store;

/// <summary>Where a sweep stands. Stored by name: only append.</summary>
public enum SweepState
{
    /// <summary>Begun and not ended; after a crash, still this, and resumable.</summary>
    Running,

    /// <summary>Every site was investigated and the report written.</summary>
    Finished,

    /// <summary>Ended early by the user or the budget; resumable.</summary>
    Stopped,

    /// <summary>Ended by a fault; resumable once that is mended.</summary>
    Failed,
}

/// <summary>Which sweeps get more of what computes where several run at the same time. Stored by name: only append.</summary>
public enum SweepPriority
{
    Normal,

    Low,

    High,
}

/// <summary>A sweep as stored.</summary>
public sealed class StoredSweep
{
    /// <summary>e.g. <c>addition-0042</c>.</summary>
    public string Id { get; set; } = "";

    public string Name { get; set; } = "";

    /// <summary>The effective plan, JSON: what was really run, defaults included.</summary>
    public string Plan { get; set; } = "";

    /// <summary>Specs that were given, as JSON, lexicon files resolved, so that a later edit of a file changes nothing here.</summary>
    public string[] Specs { get; set; } = [];

    /// <summary>Where <see cref="Specs"/> come from if people did not write them: proposals as JSON, in the same order; null: they did.</summary>
    public string? Given { get; set; }

    /// <summary>The command that repeats it; where none can, in words how it was begun.</summary>
    public string Command { get; set; } = "";

    /// <summary>The sweep whose language-model answers it takes; null if it asks itself.</summary>
    public string? ReplayOf { get; set; }

    /// <summary>Identity of the language model that its last run asked; null if none did.</summary>
    public string? LanguageModel { get; set; }

    /// <summary>Identity of the model by whose embeddings its last run compared labels; null if there was none.</summary>
    public string? EmbeddingModel { get; set; }

    public string Version { get; set; } = "";

    public SweepState State { get; set; }

    /// <summary>Why it ended: <c>finished</c>, <c>user</c>, <c>budget</c>, or the fault's message.</summary>
    public string? StopReason { get; set; }

    /// <summary>ISO 8601, UTC.</summary>
    public string Started { get; set; } = "";

    /// <summary>ISO 8601, UTC; null until it ends.</summary>
    public string? Finished { get; set; }

    /// <summary>Seconds of work over all its runs, resumed ones included; of one that runs, whose process was killed, or that lost the store, but for the last 20 before that at most.</summary>
    public double WorkSeconds { get; set; }

    /// <summary>Those of them that are of the runs before the last.</summary>
    public double EarlierSeconds { get; set; }

    /// <summary>What a run may use, in place of what the plan says; null: as the plan says.</summary>
    public StoredLimits? Limits { get; set; }

    /// <summary>Its place among the sweeps that wait or run in a service, the lowest first; null: it does neither, or not in a service.</summary>
    public long? Turn { get; set; }

    /// <summary>Beside other sweeps that run at the same time.</summary>
    public SweepPriority Priority { get; set; }

    /// <summary>Whether a service is to work on it: it does, or it died meanwhile.</summary>
    public bool IsToGoOn() => State == SweepState.Running && Turn is not null;
}

/// <summary>What one run of a sweep may use; null for no limit. Beside the plan, whose text keys every stage.</summary>
public sealed class StoredLimits
{
    /// <summary>Wall time, above 0.</summary>
    public double? Minutes { get; set; }

    /// <summary>From 1.</summary>
    public long? Samples { get; set; }

    /// <summary>Messages, from 1.</summary>
    public long? LanguageModelCalls { get; set; }

    /// <summary>Read and written, from 1.</summary>
    public long? LanguageModelTokens { get; set; }
}

/// <summary>The committed result of one stage.</summary>
public sealed class StoredStep
{
    /// <summary><c>sweep|site|stage</c>: one result each, so that writing twice changes nothing.</summary>
    public string Id { get; set; } = "";

    public string Sweep { get; set; } = "";

    /// <summary>The site's full form; empty for stages of the whole sweep.</summary>
    public string Site { get; set; } = "";

    public string Stage { get; set; } = "";

    /// <summary>Hash of the stage's version, inputs and options: a result under another key is stale.</summary>
    public string Key { get; set; } = "";

    /// <summary>ISO 8601, UTC.</summary>
    public string Finished { get; set; } = "";

    public double Seconds { get; set; }

    /// <summary>The result, JSON.</summary>
    public string Result { get; set; } = "";
}

/// <summary>One line of a sweep's log.</summary>
public sealed class StoredLogLine
{
    public int Id { get; set; }

    public string Sweep { get; set; } = "";

    public string Site { get; set; } = "";

    /// <summary>ISO 8601, UTC.</summary>
    public string Time { get; set; } = "";

    public string Step { get; set; } = "";

    public string Detail { get; set; } = "";

    /// <summary>Hash of what the step was given.</summary>
    public string InputsHash { get; set; } = "";
}
