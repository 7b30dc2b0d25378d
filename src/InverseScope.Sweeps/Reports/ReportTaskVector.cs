using InverseScope.Core.Sites;
using InverseScope.Core.Statistics;

namespace InverseScope.Sweeps.Reports;

/// <summary>
/// The task-vector experiment: at which sites the activation of a source text brings its operation (which translation, say) into
/// the run of a target text, and at which the source's whole answer. A pair of texts is one trial.
/// </summary>
public sealed record TaskVectorRecord
{
    /// <summary>Pairs that the plan asks for.</summary>
    public required int PairsWanted { get; init; }

    /// <summary>Pairs drawn: fewer where the prior has no more.</summary>
    public required int Pairs { get; init; }

    /// <summary>
    /// Different sources in them. Fewer than pairs where the prior has no more: intervals then take pairs of one source for one trial.
    /// Null in reports of earlier versions.
    /// </summary>
    public int? Sources { get; init; }

    /// <summary>Pairs whose target and source the model answers rightly without a patch; only they are patched. Null until it is known.</summary>
    public int? PairsUsed { get; init; }

    /// <summary>Share of target texts that the model answers rightly without a patch.</summary>
    public RateRecord? TargetAccuracy { get; init; }

    /// <summary>The same of source texts.</summary>
    public RateRecord? SourceAccuracy { get; init; }

    /// <summary>The same of the texts that give their activation in the control; where it is wrong, the pair has no control.</summary>
    public RateRecord? SameTaskAccuracy { get; init; }

    /// <summary>In the order in which the plan names them.</summary>
    public required IReadOnlyList<TaskVectorSiteRecord> Sites { get; init; }

    /// <summary>A few of the pairs.</summary>
    public required IReadOnlyList<TaskVectorExample> Examples { get; init; }

    /// <summary>
    /// Sites whose success rate is above that of the control: Wilson's intervals of the two do not meet, at 95 % over all sites
    /// together (Bonferroni).
    /// </summary>
    public IReadOnlyList<string> Carrying
    {
        get
        {
            var measured = Sites.Where(s => s is { Success: not null, SameTaskSuccess: not null }).ToArray();
            Interval Interval(RateRecord rate) => Proportion.WilsonClustered(
                rate.Count, rate.Of, rate.Of / (rate.Independent ?? rate.Of), 1, 1 - 0.05 / measured.Length);
            return [.. measured.Where(s => Interval(s.Success!).Low > Interval(s.SameTaskSuccess!).High).Select(s => s.Site)];
        }
    }

    /// <summary>The site with the highest success rate, the first of several; null where none was measured.</summary>
    public TaskVectorSiteRecord? Best() => Sites.Where(s => s.Success is not null).MaxBy(s => s.Success!.Rate);

    /// <summary>What the experiment says, or why it says nothing.</summary>
    public string Statement => ReportProse.TaskVector(this);
}

/// <summary>A share of trials.</summary>
public sealed record RateRecord
{
    /// <summary>0 to 1.</summary>
    public required double Rate { get; init; }

    /// <summary>Wilson's interval.</summary>
    public required ReportInterval Ci { get; init; }

    public required int Count { get; init; }

    /// <summary>Trials, 1 or more.</summary>
    public required int Of { get; init; }

    /// <summary>
    /// Trials that the interval counts as independent: fewer than all where some share a text. Null in reports of earlier versions:
    /// all.
    /// </summary>
    public double? Independent { get; init; }
}

/// <summary>What patching one site does to answers. Rates are null where no pair could be measured.</summary>
public sealed record TaskVectorSiteRecord
{
    /// <summary>Full form with its position, e.g. <c>L14.attn@last</c>.</summary>
    public required string Site { get; init; }

    /// <summary>0-based layer; null for the embedding.</summary>
    public int? Layer { get; init; }

    public required SiteStatus Status { get; init; }

    /// <summary>Why it is not done; null where it is.</summary>
    public string? Reason { get; init; }

    /// <summary>The answer becomes the source's operation on the target's own query: the task moved, the query did not.</summary>
    public RateRecord? Success { get; init; }

    /// <summary>The answer becomes the source's own: all of it moved.</summary>
    public RateRecord? SourceAnswer { get; init; }

    /// <summary>The answer stays the target's own.</summary>
    public RateRecord? Kept { get; init; }

    /// <summary>The answer is none of these three.</summary>
    public RateRecord? Other { get; init; }

    /// <summary>
    /// Control, with a donor that asks for the target's own operation on another query: the answer becomes what
    /// <see cref="Success"/> counts, though no donor asked for it.
    /// </summary>
    public RateRecord? SameTaskSuccess { get; init; }

    /// <summary>The same control: the answer becomes the donor's own.</summary>
    public RateRecord? SameTaskAnswer { get; init; }

    /// <summary>The same control: the answer stays the target's own.</summary>
    public RateRecord? SameTaskKept { get; init; }

    /// <summary>
    /// Pairs whose patched run gave no answer, and which are no trials: the model's context ended before it, say. Null where the site
    /// was not measured.
    /// </summary>
    public int? NotMeasured { get; init; }

    /// <summary>The same of the control.</summary>
    public int? SameTaskNotMeasured { get; init; }

    /// <summary>A record with the parts that name the site.</summary>
    public static TaskVectorSiteRecord Of(Site site, SiteStatus status) => new()
    {
        Site = site.ToString(),
        Layer = site.Address.Kind == SiteKind.Embedding ? null : site.Address.Layer,
        Status = status,
    };
}

/// <summary>A pair of texts, and what each outcome would answer.</summary>
public sealed record TaskVectorExample
{
    /// <summary>Text that is run.</summary>
    public required string Target { get; init; }

    /// <summary>Text whose activation it gets.</summary>
    public required string Source { get; init; }

    /// <summary>The target's right answer.</summary>
    public required string OwnAnswer { get; init; }

    /// <summary>The source's right answer.</summary>
    public required string SourceAnswer { get; init; }

    /// <summary>The source's operation on the target's query: a success.</summary>
    public required string MovedAnswer { get; init; }
}
