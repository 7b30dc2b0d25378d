using System.Text.Json.Nodes;
using InverseScope.Core.Sampling;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps.Reports;

/// <summary>What was asked of the sweep, with what, and how it ended.</summary>
public sealed record SweepRecord
{
    /// <summary>e.g. <c>addition-0042</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The name that its plan gives it.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the task whose prior the texts come from.</summary>
    public required string Task { get; init; }

    /// <summary>Changes whenever the prior does.</summary>
    public string? TaskFingerprint { get; init; }

    /// <summary>Number of texts of a finite prior; null where it cannot be enumerated.</summary>
    public long? TaskSize { get; init; }

    /// <summary>The target model; its content hash covers configuration, weights and tokenizer.</summary>
    public required TargetDescription Model { get; init; }

    /// <summary>The generator that samples came from; null where none was used.</summary>
    public GeneratorDescription? Generator { get; init; }

    /// <summary>Site patterns as the plan gives them.</summary>
    public required IReadOnlyList<string> Sites { get; init; }

    /// <summary>Where samples came from; several in a mixture.</summary>
    public required IReadOnlyList<SamplerKind> Samplers { get; init; }

    /// <summary>Everything that decides the numbers, defaults included.</summary>
    public required OptionsRecord Options { get; init; }

    /// <summary>Seeds by what they are for; <c>run</c> is the one that all chance derives from.</summary>
    public required IReadOnlyDictionary<string, long> Seeds { get; init; }

    /// <summary>Versions of InverseScope and of what its numbers stand on, by name.</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    /// <summary>When the sweep began, UTC.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When it ended, UTC; null while it runs.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>Where the sweep stands.</summary>
    public required SweepState State { get; init; }

    /// <summary>Why it ended: <c>finished</c>, <c>user</c>, <c>budget</c>, or the fault's message; null while it runs.</summary>
    public string? StopReason { get; init; }

    public required CostRecord Cost { get; init; }

    /// <summary>The exact command that repeats this sweep.</summary>
    public required string Command { get; init; }
}

/// <summary>Everything that decides a sweep's numbers, defaults included.</summary>
public sealed record OptionsRecord
{
    /// <summary>How neighbours of an activation are chosen and weighted.</summary>
    public required MeasurementOptions Measurement { get; init; }

    /// <summary>References that proposals may look at, for each site.</summary>
    public required int ExploreReferences { get; init; }

    /// <summary>References kept untouched for the confirming test, for each site.</summary>
    public required int ConfirmReferences { get; init; }

    /// <summary>Values that variables of the task have on all references; null: every text could be one.</summary>
    public IReadOnlyDictionary<string, string>? ReferencesWhere { get; init; }

    /// <summary>Stated effect size δ: a confirmed feature's κ lies above it.</summary>
    public required double MinimumKappa { get; init; }

    /// <summary>False discovery rate held across the sweep's hypotheses.</summary>
    public required double FalseDiscoveryRate { get; init; }

    /// <summary>How that rate is held: over all hypotheses of a whole sweep, or one after another where it ended early.</summary>
    public Correction Correction { get; init; }

    /// <summary>Coverage of the intervals, e.g. 0.95.</summary>
    public required double Confidence { get; init; }

    /// <summary>Options of the search that proposes specs; null where it was off.</summary>
    public JsonObject? Search { get; init; }

    /// <summary>The language model that proposed or labelled: provider, name, and what identifies it (its digest where there is one); null for none.</summary>
    public JsonObject? LanguageModel { get; init; }

    /// <summary>Wall time after which the sweep was to stop, minutes; null for none.</summary>
    public double? BudgetMinutes { get; init; }

    /// <summary>Of samples of one run; null for none.</summary>
    public long? BudgetSamples { get; init; }
}

/// <summary>What the sweep used up.</summary>
public sealed record CostRecord
{
    /// <summary>Seconds of work over all its runs, resumed ones included.</summary>
    public double? WallSeconds { get; init; }

    /// <summary>Weighted samples drawn or enumerated, over all sites.</summary>
    public long? Samples { get; init; }

    /// <summary>Labels computed, over all hypotheses.</summary>
    public long? Labels { get; init; }

    /// <summary>Texts run through the target model.</summary>
    public long? TargetTexts { get; init; }

    /// <summary>Tokens read and written by language models; null where none was used.</summary>
    public long? LanguageModelTokens { get; init; }

    /// <summary>Messages sent to language models; null where none was used.</summary>
    public long? LanguageModelCalls { get; init; }

    /// <summary>Highest resident memory of the process, bytes.</summary>
    public long? PeakMemoryBytes { get; init; }
}
