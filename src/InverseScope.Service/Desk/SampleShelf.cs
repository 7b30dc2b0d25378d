using InverseScope.Agent.Labels;
using InverseScope.Core;
using InverseScope.Core.Consistency;
using InverseScope.Core.Information;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Samples;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Desk;

/// <summary>Which samples are shown.</summary>
public enum SampleFilter
{
    All,

    /// <summary>Those with another label than their reference, undefined ones included.</summary>
    Mismatches,

    Matches,

    /// <summary>Those that the feature is undefined on.</summary>
    Undefined,

    /// <summary>Those whose labelling failed.</summary>
    Failed,

    /// <summary>Those that a labeller labels otherwise when asked again, or that a person corrected.</summary>
    Different,

    /// <summary>Twenty at random, the same ones every time.</summary>
    Random,
}

/// <summary>A page of samples.</summary>
/// <param name="Hypothesis">Whose labels they have; null: without labels.</param>
/// <param name="Reference">Of this reference text only; null: of all.</param>
/// <param name="Page">From 1.</param>
/// <param name="Size">Samples on a page, 1 to 500.</param>
public sealed record SampleQuery(string Sweep, string Site, string? Hypothesis, SampleFilter Filter, string? Reference, int Page, int Size)
{
    /// <summary>
    /// Each reference with the samples of the one that the control "references swapped" gave it, to be seen beside its own. Needs a
    /// hypothesis, and kept samples: without them the page is empty.
    /// </summary>
    public bool Swapped { get; init; }
}

/// <summary>A sample beside its reference. All texts, labels and names are to be escaped where they are shown.</summary>
/// <param name="Distance">Of its activation to the reference's; null where it is infinite or not known.</param>
/// <param name="Weight">Among the samples of its reference, 0 to 1.</param>
/// <param name="Label">Null where the feature is undefined or labelling failed, or without a hypothesis.</param>
/// <param name="Failure">Why its labelling failed; null if it did not.</param>
/// <param name="Match">
/// Whether it has its reference's label; null without a hypothesis, where labelling failed, and where the reference was left out of the rates:
/// too few neighbours, or no label.
/// </param>
/// <param name="Correction">What a person says its label is; null if nobody does.</param>
public sealed record SampleRow(
    string Reference, string? ReferenceLabel, string Text, double? Distance, double Weight, string? Label, string? Failure, bool? Match,
    StoredCorrection? Correction)
{
    /// <summary>The reference that it was sampled for, where the samples are swapped; else null.</summary>
    public string? SampledFor { get; init; }

    /// <summary>What a person says the reference's label is; null if nobody does.</summary>
    public StoredCorrection? ReferenceCorrection { get; init; }
}

/// <param name="Total">Samples that pass the filter, over all pages.</param>
/// <param name="AreExamples">Whether only the report's own examples are there, since the sweep kept no more.</param>
public sealed record SamplePage(IReadOnlyList<SampleRow> Rows, long Total, bool AreExamples)
{
    /// <summary>Samples that there were at the site, of which the heaviest of each reference are kept.</summary>
    public long Drawn { get; init; }

    /// <summary>Samples that are kept.</summary>
    public long Kept { get; init; }
}

/// <summary>A page of references.</summary>
/// <param name="Hypothesis">Whose labels and rates they have; null: without.</param>
/// <param name="Page">From 1.</param>
/// <param name="Size">References on a page, 1 to 500.</param>
public sealed record ReferenceQuery(string Sweep, string Site, string? Hypothesis, int Page, int Size);

/// <summary>A reference with what its samples say of it.</summary>
/// <param name="Label">Null where the feature is undefined or labelling failed, or without a hypothesis.</param>
/// <param name="MatchRate">Weighted share of its samples with its label, 0 to 1; null where it was left out of the rates.</param>
/// <param name="Ess">Effective sample size; null where the report does not tell.</param>
/// <param name="Samples">How many it has; not all need be kept.</param>
/// <param name="Tokens">What the activation says of each of its tokens; null without a generator.</param>
/// <param name="Correction">What a person says its label is; null if nobody does.</param>
public sealed record ReferenceRow(
    string Text, string? Label, double? MatchRate, double? Ess, int Samples, IReadOnlyList<TokenBits>? Tokens, StoredCorrection? Correction);

/// <param name="Rows">Those that match least first, those left out of the rates last.</param>
/// <param name="Total">References over all pages.</param>
/// <param name="AreExamples">Whether only those that the report shows are there, since the sweep kept no more.</param>
public sealed record ReferencePage(IReadOnlyList<ReferenceRow> Rows, int Total, bool AreExamples);

/// <summary>Samples of sweeps, a page at a time.</summary>
public sealed class SampleShelf(Workspace workspace, ReportShelf reports)
{
    private const int RandomRows = 20;
    private const string WhyFailed = "Its label is missing: a limit was broken, or whoever labels did not answer.";

    /// <exception cref="BadInputException">There is no such sweep, site, hypothesis, reference or page, or the file of samples is damaged.</exception>
    public SamplePage Find(SampleQuery query)
    {
        PageRule.Check(query.Page, query.Size);
        if (!Enum.IsDefined(query.Filter))
            throw new BadInputException($"There is no filter '{query.Filter}'.");
        var (site, hypothesis) = Place(query.Sweep, query.Site, query.Hypothesis);
        var kept = Kept(query.Sweep, site, hypothesis);
        if (query.Swapped && hypothesis is null)
            throw new BadInputException("The samples of swapped references are seen by a hypothesis.", "Name one.");
        return kept is null ? OfExamples(query, site, hypothesis) : OfKept(query, kept, hypothesis);
    }

    /// <summary>The references of a site.</summary>
    /// <exception cref="BadInputException">There is no such sweep, site, hypothesis or page, or the file of samples is damaged.</exception>
    public ReferencePage References(ReferenceQuery query)
    {
        PageRule.Check(query.Page, query.Size);
        var (site, hypothesis) = Place(query.Sweep, query.Site, query.Hypothesis);
        var corrections = LastCorrections(query.Sweep, hypothesis);
        var kept = Kept(query.Sweep, site, hypothesis);
        ReferenceRow[] rows;
        if (kept is null)
        {
            rows = [.. ExamplesOf(site, hypothesis).Select(e => new ReferenceRow(
                e.Reference, hypothesis is null ? null : e.Label, hypothesis is null ? null : e.MatchRate, e.Ess, e.SampleCount, null,
                corrections.GetValueOrDefault(e.Reference)))];
        }
        else
        {
            var labels = hypothesis is null ? null : kept.Labels[hypothesis.SpecHash];
            rows = [.. kept.References.Select((r, i) => new ReferenceRow(
                kept.Texts[r.Text], labels?.LabelOf(r.Text), labels is null ? null : MatchRate(kept, labels, i), r.Ess, r.Drawn, r.Tokens,
                corrections.GetValueOrDefault(kept.Texts[r.Text])))];
        }

        rows = [.. rows.OrderBy(r => r.MatchRate ?? double.PositiveInfinity)];
        return new ReferencePage(PageRule.Of(rows, query.Page, query.Size), rows.Length, kept is null);
    }

    private (SiteRecord Site, HypothesisRecord? Hypothesis) Place(string sweep, string site, string? hypothesis)
    {
        var sites = reports.Find(sweep)?.Document.Sites;
        var found = sites?.FirstOrDefault(s => s.Site == site)
            ?? throw new BadInputException($"Sweep '{sweep}' has no site '{site}'.{NearestName.Hint(site, sites?.Select(s => s.Site) ?? [])}");
        if (hypothesis is null)
            return (found, null);
        return (found, found.Hypotheses.FirstOrDefault(h => h.Id == hypothesis)
            ?? throw new BadInputException($"There is no hypothesis '{hypothesis}' at {site}.{NearestName.Hint(hypothesis, found.Hypotheses.Select(h => h.Id))}"));
    }

    // Between the confirming test of a resumed sweep and its report, a file may not know a hypothesis yet.
    private KeptSite? Kept(string sweep, SiteRecord site, HypothesisRecord? hypothesis) =>
        reports.Samples(sweep, site.Site) is { } kept && (hypothesis is null || kept.Labels.ContainsKey(hypothesis.SpecHash)) ? kept : null;

    private Dictionary<string, StoredCorrection> LastCorrections(string sweep, HypothesisRecord? hypothesis)
    {
        var last = new Dictionary<string, StoredCorrection>(StringComparer.Ordinal);
        foreach (var correction in hypothesis is null ? [] : workspace.Store.Reviews.Corrections(sweep, hypothesis.SpecHash))
            last[correction.Text] = correction;
        return last;
    }

    private SamplePage OfKept(SampleQuery query, KeptSite kept, HypothesisRecord? hypothesis)
    {
        var wanted = References(query.Reference, kept);
        var labels = hypothesis is null ? null : kept.Labels[hypothesis.SpecHash];
        var corrections = LastCorrections(query.Sweep, hypothesis);
        var changed = corrections.Where(c => kept.IdOf(c.Key) is { } id && labels!.LabelOf(id) != As(c.Value.Label)).Select(c => kept.IdOf(c.Key)!.Value).ToHashSet();
        var unsteady = query.Filter == SampleFilter.Different && hypothesis is { Kind: FeatureKind.Llm } ? Unsteady(query.Sweep, kept, hypothesis) : null;
        var donors = query.Swapped ? Donors(kept, hypothesis!.SpecHash) : null;
        var places = new List<(int Reference, int Sample)>();
        var total = 0L;
        var (from, to) = query.Filter == SampleFilter.Random ? (0L, long.MaxValue) : (PageRule.Before(query.Page, query.Size), PageRule.Before(query.Page, query.Size) + query.Size);
        foreach (var r in wanted)
        {
            if (SamplesOf(r) is not { } samples)
                continue;
            var (label, isMeasured) = labels is null ? (LabelCode.Undefined, false) : (labels.Codes[kept.References[r].Text], IsMeasured(kept, labels, r));
            for (var i = 0; i < samples.Texts.Length; i++)
            {
                if (!Passes(samples.Texts[i], label, isMeasured))
                    continue;
                if (total >= from && total < to)
                    places.Add((r, i));
                total++;
            }
        }

        if (query.Filter == SampleFilter.Random)
        {
            places = Chosen(places, query);
            total = places.Count;
            places = [.. PageRule.Of(places, query.Page, query.Size)];
        }

        return new SamplePage([.. places.Select(p => Row(p.Reference, p.Sample))], total, AreExamples: false)
        {
            Drawn = kept.References.Sum(r => (long)r.Drawn),
            Kept = kept.References.Sum(r => (long)r.Texts.Length),
        };

        string? As(string? given) => given is null ? null : GivenLabels.AsKnown(hypothesis!, labels!.Labels, given);

        KeptReference? SamplesOf(int reference) => donors is null ? kept.References[reference] : donors[reference] is { } donor ? kept.References[donor] : null;

        bool Passes(int text, int label, bool isMeasured) => query.Filter switch
        {
            SampleFilter.All or SampleFilter.Random => true,
            SampleFilter.Mismatches => isMeasured && labels!.Codes[text] != label && !LabelCode.IsMissing(labels.Codes[text]),
            SampleFilter.Matches => isMeasured && labels!.Codes[text] == label,
            SampleFilter.Undefined => isMeasured && labels!.Codes[text] == LabelCode.Undefined,
            SampleFilter.Failed => isMeasured && LabelCode.IsMissing(labels!.Codes[text]),
            SampleFilter.Different => changed.Contains(text) || unsteady?[text] == true,
            _ => throw new ArgumentOutOfRangeException(nameof(query), query.Filter, "No such filter."),
        };

        SampleRow Row(int reference, int sample)
        {
            var (own, samples) = (kept.References[reference].Text, SamplesOf(reference)!);
            var (text, distance) = (samples.Texts[sample], samples.Distances[sample]);
            var isMissing = labels is not null && LabelCode.IsMissing(labels.Codes[text]);
            bool? match = labels is null || isMissing || !IsMeasured(kept, labels, reference) ? null : labels.Codes[text] == labels.Codes[own];
            return new SampleRow(
                kept.Texts[own], labels?.LabelOf(own), kept.Texts[text], float.IsFinite(distance) ? distance : null, samples.Weights[sample],
                labels?.LabelOf(text), isMissing ? WhyFailed : null, match, corrections.GetValueOrDefault(kept.Texts[text]))
            {
                SampledFor = donors is null ? null : kept.Texts[samples.Text],
                ReferenceCorrection = corrections.GetValueOrDefault(kept.Texts[own]),
            };
        }
    }

    private static IEnumerable<int> References(string? wanted, KeptSite kept)
    {
        if (wanted is null)
            return Enumerable.Range(0, kept.References.Count);
        var id = kept.IdOf(wanted);
        int[] found = [.. kept.References.Index().Where(r => r.Item.Text == id).Select(r => r.Index)];
        return found.Length > 0 ? found : throw NoReference(kept.Site);
    }

    private static BadInputException NoReference(string site) => new($"The text is no reference of {site}.", "Give one as the samples show it, to the last space.");

    private static bool IsMeasured(KeptSite kept, KeptLabels labels, int reference) =>
        kept.References[reference] is { Texts.Length: > 0 } r && r.Ess >= kept.MinimumEss && labels.Codes[r.Text] >= 0;

    // As the rate of the whole hypothesis is made: samples whose label is missing are left out.
    private static double? MatchRate(KeptSite kept, KeptLabels labels, int reference)
    {
        if (!IsMeasured(kept, labels, reference))
            return null;
        var r = kept.References[reference];
        var (matched, known) = (0.0, 0.0);
        for (var i = 0; i < r.Texts.Length; i++)
            Add(labels.Codes[r.Texts[i]], r.Weights[i]);
        for (var i = 0; i < r.RestTexts.Length; i++)
            Add(labels.Codes[r.RestTexts[i]], r.RestWeights[i]);
        if (labels.Rest.Count > 0)
        {
            foreach (var (code, weight) in labels.Rest[reference].Codes.Zip(labels.Rest[reference].Weights))
                Add(code, weight);
        }

        return known > 0 ? matched / known : null;

        void Add(int code, float weight)
        {
            known += LabelCode.IsMissing(code) ? 0 : weight;
            matched += code == labels.Codes[r.Text] ? weight : 0;
        }
    }

    // The number of the reference whose samples each one had in the control; null where it had none.
    private static int?[] Donors(KeptSite kept, string specHash)
    {
        // The number travels as the one sample of its reference.
        LabelledReference[] own = [.. kept.References.Select((r, i) => new LabelledReference(r.Text, 0, [i], [0], [1], 1))];
        var swapped = Controls.SwappedReferences(own, new RunSeed(kept.Seed).Stream("swapped", kept.Site, specHash)).ToDictionary(r => r.Reference, r => r.SampleTexts[0]);
        return [.. kept.References.Select(r => swapped.TryGetValue(r.Text, out var donor) ? donor : (int?)null)];
    }

    private static List<(int Reference, int Sample)> Chosen(List<(int Reference, int Sample)> places, SampleQuery query)
    {
        var random = new RunSeed(1).Stream("shown samples", query.Sweep, query.Site, query.Hypothesis ?? "", query.Reference ?? "");
        var chosen = new SortedSet<int>();
        while (chosen.Count < Math.Min(RandomRows, places.Count))
            chosen.Add(random.NextInt(places.Count));
        return [.. chosen.Select(i => places[i])];
    }

    // Which texts a language model labelled otherwise when it was asked again, or in another vote. Read anew each time: votes go on coming.
    private bool[] Unsteady(string sweep, KeptSite kept, HypothesisRecord hypothesis)
    {
        var unsteady = new bool[kept.Texts.Count];
        var isExact = hypothesis.Spec?["llm"]?["equivalence"]?.ToString() == "exact";
        var model = workspace.Store.Sweep(sweep).LanguageModel;
        var all = workspace.Store.Labels.ScopesOf(hypothesis.SpecHash);
        // Decisions about which labels are one are kept beside the answers, by label in place of text.
        var classes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var scope in all.Where(LabelDecisions.AreIn))
        {
            foreach (var (label, answer) in workspace.Store.Labels.All(scope))
            {
                if (answer.Label is { } one)
                    classes.TryAdd(label, one);
            }
        }

        string ClassOf(string label) => isExact ? label : GivenLabels.FormOf(classes.GetValueOrDefault(label, label));
        foreach (var votes in all
            .Where(s => !LabelDecisions.AreIn(s) && (model is null || s.Model.StartsWith(model, StringComparison.Ordinal)))
            .GroupBy(s => (s.Model, s.PromptHash)).Where(g => g.Count() > 1))
        {
            var first = new Dictionary<int, string>();
            foreach (var (text, answer) in votes.OrderBy(s => s.Vote).SelectMany(workspace.Store.Labels.All))
            {
                if (answer is not { Kind: AnswerKind.Labelled, Label: { } label } || kept.IdOf(text) is not { } id)
                    continue;
                if (first.TryGetValue(id, out var before))
                    unsteady[id] |= before != ClassOf(label);
                else
                    first.Add(id, ClassOf(label));
            }
        }

        return unsteady;
    }

    // Without a hypothesis, the texts that the first one shows.
    private static IReadOnlyList<ExampleRecord> ExamplesOf(SiteRecord site, HypothesisRecord? hypothesis) =>
        hypothesis?.Samples ?? (site.Hypotheses is [var first, ..] ? first.Samples : []);

    private SamplePage OfExamples(SampleQuery query, SiteRecord site, HypothesisRecord? hypothesis)
    {
        var examples = ExamplesOf(site, hypothesis);
        if (query.Reference is not null && examples.All(e => e.Reference != query.Reference))
            throw NoReference(site.Site);
        var corrections = LastCorrections(query.Sweep, hypothesis);
        SampleRow[] rows = query.Swapped ? [] : [.. examples
            .Where(e => query.Reference is null || e.Reference == query.Reference)
            .SelectMany(e => e.Samples.Select(s => hypothesis is null
                ? new SampleRow(e.Reference, null, s.Text, s.Distance, s.Weight, null, null, null, null)
                : new SampleRow(e.Reference, e.Label, s.Text, s.Distance, s.Weight, s.Label, null, s.Match, corrections.GetValueOrDefault(s.Text))
                {
                    ReferenceCorrection = corrections.GetValueOrDefault(e.Reference),
                }))
            .Where(r => Passes(r, query.Filter))];
        if (query.Filter == SampleFilter.Random)
            rows = [.. Chosen([.. rows.Select((_, i) => (0, i))], query).Select(p => rows[p.Sample])];
        return new SamplePage(PageRule.Of(rows, query.Page, query.Size), rows.Length, AreExamples: true)
        {
            Drawn = examples.Sum(e => (long)e.SampleCount),
            Kept = examples.Sum(e => (long)e.Samples.Count),
        };
    }

    private static bool Passes(SampleRow row, SampleFilter filter) => filter switch
    {
        SampleFilter.All or SampleFilter.Random => true,
        SampleFilter.Mismatches => row.Match == false,
        SampleFilter.Matches => row.Match == true,
        // The report's examples are of references with a label; those without a match that have none are undefined.
        SampleFilter.Undefined => row is { Match: not null, Label: null },
        SampleFilter.Failed => row.Failure is not null,
        SampleFilter.Different => row.Correction is { } correction && correction.Label != row.Label,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "No such filter."),
    };
}
