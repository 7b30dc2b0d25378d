using InverseScope.Core;
using InverseScope.Core.Consistency;
using InverseScope.Core.Seeds;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Samples;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Desk;

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
        var unsteady = query.Filter == SampleFilter.Different && hypothesis is { Kind: FeatureKind.Llm } ? UnsteadyLabels.Of(workspace, query.Sweep, kept, hypothesis) : null;
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
