using InverseScope.Core.Sampling;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps.Plans;

/// <summary>
/// A sweep as a person declares it. Everything that decides its numbers is here or in what it names, so that the plan
/// and its seed reproduce the sweep.
/// </summary>
public sealed record SweepPlan
{
    /// <summary>Short name; part of the sweep's id.</summary>
    public required string Name { get; init; }

    /// <summary>Name or folder of the target model.</summary>
    public required string Model { get; init; }

    /// <summary>Name or file of the task.</summary>
    public required string Task { get; init; }

    /// <summary>Site patterns, e.g. <c>L*H*@=</c>; may be none where there is a task-vector experiment.</summary>
    public required IReadOnlyList<string> Sites { get; init; }

    /// <summary>Positions for patterns that name none; empty means the last token.</summary>
    public IReadOnlyList<string> Positions { get; init; } = [];

    public MeasurementOptions Measurement { get; init; } = new();

    /// <summary>As <see cref="ExploreReferences"/> has where nothing is said.</summary>
    public const int DefaultExploreReferences = 200;

    /// <summary>As <see cref="ConfirmReferences"/> has where nothing is said.</summary>
    public const int DefaultConfirmReferences = 300;

    /// <summary>References that proposals may look at; at least 20. Default 200.</summary>
    public int ExploreReferences { get; init; } = DefaultExploreReferences;

    /// <summary>References kept untouched until the one confirming test; at least 20. Default 300.</summary>
    public int ConfirmReferences { get; init; } = DefaultConfirmReferences;

    /// <summary>
    /// Values that variables of the task have on all references, e.g. <c>harmful</c>: <c>true</c>; samples still come from all
    /// of the prior. Default none: every text may be a reference.
    /// </summary>
    public IReadOnlyDictionary<string, string> ReferencesWhere { get; init; } = new SortedDictionary<string, string>();

    public long Seed { get; init; } = 1;

    /// <summary>Spec files of people, tested at every site (or at the sites that a spec names).</summary>
    public IReadOnlyList<string> SpecFiles { get; init; } = [];

    /// <summary>Whether the symbolic search proposes specs. Default true.</summary>
    public bool Search { get; init; } = true;

    /// <summary>Proposals of the search for each site. Default 6.</summary>
    public int MaxProposals { get; init; } = 6;

    /// <summary>A language model that proposes, and labels for specs that ask one; null for none.</summary>
    public LanguageModelPlan? LanguageModel { get; init; }

    /// <summary>Whether each hypothesis is also measured at the same target with random weights. Default true.</summary>
    public bool RandomWeightControl { get; init; } = true;

    /// <summary>
    /// Planted sites, and as many null sites, that are investigated beside those of the target, 0 to 100: the former must be
    /// found, the latter not. Default 2.
    /// </summary>
    public int KnownSites { get; init; } = 2;

    /// <summary>
    /// References whose activation is patched for each hypothesis that stands out, from 0: no causal check. Default 40.
    /// </summary>
    public int CausalReferences { get; init; } = 40;

    /// <summary>Texts that share a reference's label, and texts that do not, whose activations it gets; from 1. Default 2.</summary>
    public int CausalDonors { get; init; } = 2;

    /// <summary>
    /// Pairs of texts of the task-vector experiment, from 0: no experiment. Default 0. It needs a task whose texts ask for operations
    /// on queries, as icl-translation.
    /// </summary>
    public int TaskVectorPairs { get; init; }

    /// <summary>
    /// Site patterns of the task-vector experiment, all at one position. Default: the attention output of each layer at the last
    /// token. <see cref="Positions"/> has no say here.
    /// </summary>
    public IReadOnlyList<string> TaskVectorSites { get; init; } = ["L*.attn"];

    /// <summary>Stated effect size δ: a hypothesis is confirmed only if κ is above it. Default 0.1.</summary>
    public double MinimumKappa { get; init; } = 0.1;

    /// <summary>False discovery rate across the sweep. Default 0.05.</summary>
    public double FalseDiscoveryRate { get; init; } = 0.05;

    /// <summary>
    /// Wall time of one run after which the sweep stops with partial results, minutes; null for none. A resumed sweep has it
    /// anew.
    /// </summary>
    public double? BudgetMinutes { get; init; }

    /// <summary>Samples that one run may draw; null: without end.</summary>
    public long? BudgetSamples { get; init; }

    /// <summary>The plan with other limits; null leaves its own.</summary>
    public SweepPlan Within(StoredLimits? limits) => limits is null ? this : this with
    {
        BudgetMinutes = limits.Minutes,
        BudgetSamples = limits.Samples,
        LanguageModel = LanguageModel is null ? null : LanguageModel with { MaxCalls = limits.LanguageModelCalls, MaxTokens = limits.LanguageModelTokens },
    };

    /// <summary>All problems, each with its cure.</summary>
    public IEnumerable<string> Check()
    {
        foreach (var problem in Measurement.Check())
            yield return problem;
        if (!(MinimumKappa is >= 0 and < 1))
            yield return FormattableString.Invariant($"minimum_kappa must be at least 0 and below 1, not {MinimumKappa}.");
        if (!(FalseDiscoveryRate is > 0 and < 1))
            yield return FormattableString.Invariant($"false_discovery_rate must lie between 0 and 1, not {FalseDiscoveryRate}.");
        if (Sites.Count == 0 && TaskVectorPairs == 0)
            yield return "sites must name at least one site, e.g. ['L*H*@last']; or give task_vector: { pairs: 200 } on a task that it is for.";
        if (TaskVectorPairs > 0 && TaskVectorSites.Count == 0)
            yield return "task_vector must name at least one site, e.g. ['L*.attn'].";
        foreach (var problem in LanguageModel?.Check() ?? [])
            yield return problem;
        if (!Search && SpecFiles.Count == 0 && LanguageModel is not { Propose.Count: > 0 } && Sites.Count > 0)
            yield return "nothing would be tested: give specs or a language model, or leave search on.";
    }
}
