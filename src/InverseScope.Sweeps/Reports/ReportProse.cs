using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps.Reports;

/// <summary>Sentences about a report. Every number in them is taken from the record.</summary>
internal static class ReportProse
{
    // Bits. An output that changes by less is the same for all that a person could see of it.
    private const double LeastChange = 0.05;

    /// <summary>The heading; of a model that was named by its folder, the folder's name.</summary>
    public static string Title(ReportDocument document) =>
        $"What {Path.GetFileName(Path.TrimEndingDirectorySeparator(document.Sweep.Model.Name))} encodes";

    /// <summary>What was done and what came of it, in two sentences and one on the task-vector experiment; of that alone, what it says.</summary>
    public static string Morning(ReportDocument document)
    {
        var (sites, hypotheses) = (document.Summary.Sites, document.Summary.Hypotheses);
        if (sites.Total == 0 && document.TaskVector is { } experiment)
            return experiment.Statement;
        var found = document.Summary.Established.Select(f => f.Site).Distinct().Count();
        var tried = hypotheses.Total == 1 ? "1 hypothesis was" : $"{ReportNumbers.Count(hypotheses.Total)} hypotheses were";
        var confirmed = hypotheses.Confirmed == 0
            ? "None was confirmed."
            : $"{ReportNumbers.Count(hypotheses.Confirmed)} {(hypotheses.Confirmed == 1 ? "was" : "were")} confirmed,"
              + $" at {ReportNumbers.Of(found, "site")}.";
        return $"{ReportNumbers.Count(sites.Done)} of {ReportNumbers.Of(sites.Total, "site")} investigated;"
            + $" {tried} tried. {confirmed}{(document.TaskVector is { } beside ? " " + TaskVectorInShort(beside) : "")}";
    }

    /// <summary>How the sweep ended.</summary>
    public static string Ending(SweepRecord sweep) => sweep.StopReason switch
    {
        null => "It is still running: these results are partial.",
        "finished" => "It ran to its end.",
        "budget" => "It stopped when its budget was spent: these results are partial, and valid as far as they go.",
        "user" => "It was stopped by its user: these results are partial, and valid as far as they go.",
        var reason => $"It broke: {reason}",
    };

    public static string Cost(CostRecord cost)
    {
        var parts = new List<string> { ReportNumbers.Duration(cost.WallSeconds) };
        if (cost.Samples is { } samples)
            parts.Add($"{ReportNumbers.Count(samples)} samples");
        if (cost.Labels is { } labels)
            parts.Add($"{ReportNumbers.Count(labels)} labels");
        if (cost.TargetTexts is { } texts)
            parts.Add($"{ReportNumbers.Count(texts)} texts through the target");
        if (cost.LanguageModelTokens is { } tokens)
            parts.Add($"{ReportNumbers.Count(tokens)} language-model tokens");
        if (cost.PeakMemoryBytes is { } bytes)
            parts.Add($"at most {ReportNumbers.Bytes(bytes)} of memory");
        return string.Join(", ", parts);
    }

    /// <summary>A proposer, in words.</summary>
    public static string Proposer(string name) => name switch
    {
        "person" => "a person",
        "symbolic" => "the symbolic search",
        "llm_one_shot" => "language model, one question",
        "llm_loop" => "language model, with scores",
        "llm_tools" => "language model, calling functions",
        _ => name,
    };

    /// <summary>What patching the site does, in two sentences.</summary>
    public static string Causal(CausalRecord causal)
    {
        var text = $"With the activation of texts that share its label, the output on {ReportNumbers.Of(causal.References, "reference")} changes by "
            + $"{ReportNumbers.Bits(causal.KlSharing)}; with that of texts that do not, by {ReportNumbers.Bits(causal.KlOther)}: a difference of "
            + $"{ReportNumbers.Bits(causal.KlDifference)} {ReportNumbers.Interval(causal.KlDifferenceCi)}"
            + (causal.KlDifferenceCi switch
            {
                { Lower: > LeastChange } => ", so that the target uses what the feature says.",
                { Upper: < LeastChange } => ": patching this site alone changes nothing that matters; others may carry the same.",
                _ => ", which leaves open whether the target uses it.",
            });
        return causal.AnswerProbability is null ? text
            : text + $" The right answer has probability {ReportNumbers.Rate(causal.AnswerProbability)} without a patch, "
              + $"{ReportNumbers.Rate(causal.AnswerProbabilitySharing)} with those that share, {ReportNumbers.Rate(causal.AnswerProbabilityOther)} with the others.";
    }

    /// <summary>What the task-vector experiment says, or why it says nothing.</summary>
    public static string TaskVector(TaskVectorRecord experiment)
    {
        var pairs = ReportNumbers.Of(experiment.Pairs, "pair");
        if (experiment.PairsUsed is not { } used)
            return "What the model answers without a patch was not measured: the experiment says nothing.";
        if (used == 0)
        {
            return $"Without a patch the model answers target and source rightly on none of {pairs} (targets {Rate(experiment.TargetAccuracy)},"
                + $" sources {Rate(experiment.SourceAccuracy)}): what a patch changes cannot be told, and the experiment says nothing.";
        }

        var text = $"Without a patch the model answers target and source rightly on {ReportNumbers.Count(used)} of {pairs}; these are patched.";
        if (experiment.Sources < experiment.Pairs)
            text += $" The prior has too few texts for different sources ({ReportNumbers.Count(experiment.Sources)} for {pairs}): intervals take pairs of one source for one trial.";
        if (experiment.Sites.Sum(s => s.NotMeasured + s.SameTaskNotMeasured ?? 0) is var lost and > 0)
            text += $" {ReportNumbers.Of(lost, "patched run")} gave no answer (its context ended before it, say) and {(lost == 1 ? "is" : "are")} not counted.";
        if (experiment.Best() is not { Success: { } success } best)
            return $"{text} No site was measured.";
        text += $" The source's task is applied to the target's own query most often at {best.Site}, the highest of {ReportNumbers.Of(experiment.Sites.Count(s => s.Success is not null), "site")}:"
            + $" {Rate(success)}; there the source's own answer is given in {Rate(best.SourceAnswer)}, the target's in {Rate(best.Kept)}.";
        if (best.SameTaskSuccess is not { } control)
            return text;
        text += $" With a donor of the target's own task such an answer comes in {Rate(control)}.";
        return text + (experiment.Carrying is { Count: > 0 } carrying
            ? $" Above that control, corrected for the number of sites: {string.Join(", ", carrying)}. What is patched there carries which task it is."
            : " No site is above that control, corrected for the number of sites: none of them alone was seen to carry the task.");
    }

    /// <summary>Of a site that carries which task it is: the site, its success rate and that of the control.</summary>
    public static IEnumerable<(string Site, string Rates)> Carrying(TaskVectorRecord? experiment) =>
        from site in experiment?.Carrying ?? []
        let record = experiment!.Sites.First(s => s.Site == site)
        select (site, $"success {Rate(record.Success)}, control {Rate(record.SameTaskSuccess)}");

    private static string TaskVectorInShort(TaskVectorRecord experiment) => experiment switch
    {
        { Carrying: { Count: > 0 } carrying } => $"In the task-vector experiment {string.Join(", ", carrying)} {(carrying.Count == 1 ? "carries" : "carry")} which task it is.",
        _ when experiment.Best() is null => "The task-vector experiment says nothing.",
        _ => "In the task-vector experiment no site alone was seen to carry the task.",
    };

    /// <summary>e.g. "0.83 [0.77, 0.88]".</summary>
    public static string Rate(RateRecord? rate) =>
        rate is null ? ReportNumbers.NotMeasured : $"{ReportNumbers.Rate(rate.Rate)} {ReportNumbers.Interval(rate.Ci)}";

    /// <summary>The verdict with the numbers that it rests on, e.g. for the top of a hypothesis.</summary>
    public static string VerdictLine(HypothesisRecord h, OptionsRecord options)
    {
        var parts = new List<string>();
        var on = h is { Kappa: not null, Counts.References: { } n }
            ? $" on {ReportNumbers.Count(n)} {ReportNumbers.Words(h.Phase)} references"
            : "";
        parts.Add(Kappa(h.Kappa, h.KappaCi) + on);

        if (h.EValue is not null || h.Log10EValue is not null)
        {
            var pairs = h.Pairs is { } p ? $" on {ReportNumbers.Of(p, "pair")}" : "";
            var stop = h.Stop is { } why ? $" ({ReportNumbers.Words(why)})" : "";
            parts.Add($"E = {ReportNumbers.EValue(h.EValue, h.Log10EValue)}{pairs}{stop}");
        }

        if (h.PassesFdr is { } passes)
            parts.Add($"{(passes ? "selected" : "not selected")} at FDR {ReportNumbers.Share(options.FalseDiscoveryRate)}");
        if (h.Fcr is not null)
            parts.Add($"raw {ReportNumbers.Rate(h.Fcr)} against chance {ReportNumbers.Rate(h.Chance)}");
        return string.Join("; ", parts) + ".";
    }

    /// <summary>e.g. "κ = 0.41 [0.30, 0.52]".</summary>
    public static string Kappa(double? kappa, ReportInterval? interval) => kappa is null
        ? $"κ {ReportNumbers.NotMeasured}"
        : $"κ = {ReportNumbers.Rate(kappa)}{(interval is null ? "" : " " + ReportNumbers.Interval(interval))}";

    public static string Author(HypothesisRecord h) => h.Author switch
    {
        HypothesisAuthor.Symbolic => "proposed by the symbolic search",
        HypothesisAuthor.Llm => "proposed by a language model",
        HypothesisAuthor.Person => "written by a person",
        HypothesisAuthor.Mcp => "proposed by an outside agent",
        _ => throw new ArgumentOutOfRangeException(nameof(h), h.Author, "No words for this author."),
    };

    /// <summary>The numbers of a site in one line.</summary>
    public static string SiteLine(SiteRecord site)
    {
        var parts = new List<string>();
        if (site.Bits is { } bits)
        {
            var interval = site.ResidualBitsCi is null ? "" : " " + ReportNumbers.Interval(site.ResidualBitsCi);
            // Both are estimates: what is left may come out a little below nothing.
            var left = site.ResidualBits is { } residual ? $", {ReportNumbers.Bits(residual)}{interval} of them unexplained" : "";
            parts.Add($"carries {ReportNumbers.Bits(bits)}{left}");
        }
        else
        {
            parts.Add($"bits {ReportNumbers.NotMeasured}");
        }

        parts.Add(site.Ess is null ? $"ESS {ReportNumbers.NotMeasured}" : $"mean ESS {ReportNumbers.Ess(site.Ess)}");
        if (site.RefusalRate is { } refused)
            parts.Add($"refusal rate {ReportNumbers.Share(refused)}");
        if (site.References.NotMeasured > 0)
            parts.Add($"{ReportNumbers.Of(site.References.NotMeasured.Value, "reference")} not measured");
        if (site.References.WithoutPosition > 0)
            parts.Add($"{ReportNumbers.Of(site.References.WithoutPosition.Value, "reference")} without the position");
        return string.Join("; ", parts);
    }

    /// <summary>Mean bits by position; null where the task names none.</summary>
    public static string? Positions(TokenBitsRecord tokens) => tokens.Positions.Count == 0
        ? null
        : $"Mean over {ReportNumbers.Of(tokens.Positions.Max(p => p.References), "reference")}: "
            + string.Join(", ", tokens.Positions.Select(p => $"{p.Position} {ReportNumbers.Signed(p.Bits)}"));

    /// <summary>What the control sites say of the sweep.</summary>
    public static string KnownSites(IReadOnlyList<KnownSiteRecord> sites)
    {
        var planted = sites.Where(s => s.Planted is not null).ToArray();
        var none = sites.Count - planted.Length;
        return $"{planted.Count(s => s.Result == KnownSiteResult.Found)} of {ReportNumbers.Of(planted.Length, "planted feature")} found;"
            + $" false discoveries at {sites.Count(s => s.Result == KnownSiteResult.FalseDiscovery)} of {ReportNumbers.Of(sites.Count, "site")},"
            + $" {none} of which encode nothing.";
    }

    /// <summary>What a control site's activations are made of.</summary>
    public static string MadeOf(KnownSiteRecord site) => site.Planted is null
        ? "nothing"
        : $"{site.Planted}, noise {ReportNumbers.Rate(site.NoiseRatio)}";

    /// <summary>A person's verdict as a sign, which its words stand beside.</summary>
    public static string Sign(ReviewVerdict verdict) => verdict switch
    {
        ReviewVerdict.Accept => "☑",
        ReviewVerdict.Reject => "☒",
        ReviewVerdict.NeedsMore => "☐",
        ReviewVerdict.SpecWrong => "⚠",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "No sign for this verdict."),
    };

    /// <summary>A person's verdict, in words.</summary>
    public static string Reviewed(ReviewVerdict verdict) => verdict switch
    {
        ReviewVerdict.Accept => "accepted",
        ReviewVerdict.Reject => "rejected",
        ReviewVerdict.NeedsMore => "needs more data",
        ReviewVerdict.SpecWrong => "spec wrong",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "No words for this verdict."),
    };

    /// <summary>What came of labels that people gave, beside the first numbers.</summary>
    public static string Corrected(CorrectedRecord corrected, HypothesisRecord h)
    {
        var accuracy = corrected.Accuracy is null ? "" : $" The labeller agrees with them on {ReportNumbers.Share(corrected.Accuracy)} of these {ReportNumbers.Interval(corrected.AccuracyCi)}.";
        var numbers = corrected.Fcr is null
            ? $" {corrected.WhyNoRates ?? "No samples were kept to measure anew."}"
            : $" With their labels κ = {ReportNumbers.Rate(corrected.Kappa)} {ReportNumbers.Interval(corrected.KappaCi)}, raw {ReportNumbers.Rate(corrected.Fcr)} {ReportNumbers.Interval(corrected.FcrCi)} against chance {ReportNumbers.Rate(corrected.Chance)};"
              + $" first measured: κ = {ReportNumbers.Rate(h.Kappa)} {ReportNumbers.Interval(h.KappaCi)}, raw {ReportNumbers.Rate(h.Fcr)} against {ReportNumbers.Rate(h.Chance)}.";
        return $"People labelled {ReportNumbers.Of(corrected.Checked, "text")} and changed {ReportNumbers.Of(corrected.Corrections, "label")}.{accuracy}{numbers}";
    }

    /// <summary>Why a hypothesis is put before a person, or null.</summary>
    public static AttentionRecord? Question(ReportDocument document, HypothesisRecord h) =>
        document.Summary.NeedsAPerson.FirstOrDefault(a => a.Hypothesis == h.Id && a.Site == h.Site);
}
