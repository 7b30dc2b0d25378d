using InverseScope.Core.Consistency;
using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps.Samples;

/// <summary>The second numbers of a hypothesis: measured as the first ones were, but with the labels that people gave.</summary>
public static class CorrectedNumbers
{
    private const double Confidence = 0.95;

    /// <param name="site">The samples of its site; null where none were kept: there are no second rates then.</param>
    /// <param name="corrections">Of its spec in its sweep, oldest first; of several for one text the last one counts.</param>
    /// <returns>Null if none of them is about a text of the hypothesis.</returns>
    public static CorrectedRecord? Of(KeptSite? site, HypothesisRecord hypothesis, IReadOnlyList<StoredCorrection> corrections)
    {
        if (corrections.Count == 0)
            return null;
        var last = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var correction in corrections)
            last[correction.Text] = correction.Label is { } label ? GivenLabels.AsKnown(hypothesis, LabelsOf(site, hypothesis), label) : null;
        return site?.Labels.GetValueOrDefault(hypothesis.SpecHash) is { } labels ? Measured(site, labels, hypothesis.SpecHash, last) : OfExamples(hypothesis, last);
    }

    /// <summary>A site's rates with some labels put in place of those that were measured.</summary>
    /// <param name="labels">One of the site's.</param>
    /// <param name="given">Labels of people by text, null for undefined; other texts keep theirs.</param>
    public static FeatureConsistency Measure(KeptSite site, KeptLabels labels, string specHash, IReadOnlyDictionary<string, string?> given)
    {
        var known = labels.Labels.Index().ToDictionary(l => l.Item, l => l.Index, StringComparer.Ordinal);
        var codes = (int[])labels.Codes.Clone();
        var mass = labels.PriorShares.Select(s => s * labels.PriorKnown).ToList();
        var knownMass = labels.PriorKnown;
        foreach (var (text, label) in given)
        {
            if (site.IdOf(text) is not { } id)
                continue;
            var share = site.PriorShares[id];
            var code = LabelCode.Undefined;
            if (label is not null && !known.TryGetValue(label, out code))
            {
                known.Add(label, code = mass.Count);
                mass.Add(0);
            }

            if (codes[id] >= 0)
                mass[codes[id]] = Math.Max(0, mass[codes[id]] - share);
            if (LabelCode.IsMissing(codes[id]))
                knownMass += share;
            if (code >= 0)
                mass[code] += share;
            codes[id] = code;
        }

        var references = site.References.Select((reference, i) =>
        {
            int[] texts = [.. reference.Texts, .. reference.RestTexts];
            var samples = Array.ConvertAll(texts, t => codes[t]);
            float[] weights = [.. reference.Weights, .. reference.RestWeights];
            if (labels.Rest.Count == 0)
                return new LabelledReference(reference.Text, codes[reference.Text], texts, samples, weights, reference.Ess);
            var rest = labels.Rest[i];
            return new LabelledReference(
                reference.Text, codes[reference.Text], [.. texts, .. rest.Codes.Select(_ => reference.Text)], [.. samples, .. rest.Codes],
                [.. weights, .. rest.Weights], reference.Ess);
        }).ToArray();
        // The stream of the first measurement: what differs is the labels, not the draws.
        return FeatureConsistency.Measure(
            references, site.MinimumEss, [.. mass.Select(m => knownMass > 0 ? m / knownMass : 0)],
            new RunSeed(site.Seed).Stream("bootstrap", site.Site, specHash), Confidence);
    }

    /// <summary>The labels that a hypothesis has by now.</summary>
    /// <param name="site">As in <see cref="Of"/>.</param>
    public static IReadOnlyList<string> LabelsOf(KeptSite? site, HypothesisRecord hypothesis) => site?.Labels.GetValueOrDefault(hypothesis.SpecHash)?.Labels
        ?? [.. hypothesis.Samples.SelectMany(e => e.Samples.Select(s => s.Label).Prepend(e.Label)).OfType<string>().Distinct(StringComparer.Ordinal)];

    private static CorrectedRecord? Measured(KeptSite site, KeptLabels labels, string specHash, Dictionary<string, string?> given)
    {
        var of = given.Where(g => site.IdOf(g.Key) is not null).ToDictionary(StringComparer.Ordinal);
        if (of.Count == 0)
            return null;
        var looked = Checked([.. of.Select(g => (
            Agreed: labels.LabelOf(site.IdOf(g.Key)!.Value) == g.Value, IsMissing: LabelCode.IsMissing(labels.Codes[site.IdOf(g.Key)!.Value])))]);
        if (!site.IsRestWhole && looked.Corrections > 0)
            return looked with { WhyNoRates = "An older version kept the samples, and of those that are not kept it did not tell all labels: a second rate would be too low." };
        var second = Measure(site, labels, specHash, of);
        return looked with
        {
            Fcr = second.Fcr,
            FcrCi = ReportInterval.Of(second.FcrInterval),
            Chance = second.Chance,
            Kappa = second.Kappa,
            KappaCi = ReportInterval.Of(second.KappaInterval),
        };
    }

    private static CorrectedRecord? OfExamples(HypothesisRecord hypothesis, Dictionary<string, string?> given)
    {
        var shown = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var example in hypothesis.Samples)
        {
            shown[example.Reference] = example.Label;
            foreach (var sample in example.Samples)
                shown[sample.Text] = sample.Label;
        }

        var of = given.Where(g => shown.ContainsKey(g.Key)).ToArray();
        return of.Length == 0 ? null : Checked([.. of.Select(g => (shown[g.Key] == g.Value, false))]);
    }

    private static CorrectedRecord Checked(IReadOnlyList<(bool Agreed, bool IsMissing)> texts)
    {
        var (labelled, agreed) = (texts.Count(t => !t.IsMissing), texts.Count(t => t is { Agreed: true, IsMissing: false }));
        return new CorrectedRecord
        {
            Checked = texts.Count,
            Corrections = texts.Count - agreed,
            Accuracy = labelled == 0 ? null : (double)agreed / labelled,
            AccuracyCi = labelled == 0 ? null : ReportInterval.Of(Proportion.Wilson(agreed, labelled, Confidence)),
        };
    }
}
