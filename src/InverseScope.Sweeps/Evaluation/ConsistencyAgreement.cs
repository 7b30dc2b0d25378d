using InverseScope.Core;
using InverseScope.Core.Consistency;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Specs;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>
/// The consistency rate of one feature at one site: exact, and as a generator's samples tell it, on the same references.
/// </summary>
/// <param name="References">References that all three are means over: those near which the generator wrote a text.</param>
/// <param name="Exact">Over every text of the prior, weighted p(x) k(d); null where the feature is undefined on all references.</param>
/// <param name="Weighted">By the generator's samples with importance weights.</param>
/// <param name="WeightedCi">Its own 95 % interval, over references, as results report it.</param>
/// <param name="Unweighted">By the plain average of the generator's samples.</param>
public sealed record AgreementCell(
    string Site, string Title, int References, double? Exact, double? Weighted, ReportInterval? WeightedCi, double? Unweighted)
{
    /// <summary>Whether the exact rate lies within the weighted one's interval; null where either was not measured.</summary>
    public bool? IsWithin => Exact is { } exact && WeightedCi is { } interval ? interval.Lower <= exact && exact <= interval.Upper : null;
}

/// <summary>
/// Compares consistency rates by a generator with exact ones, on the same references, each of which counts as a neighbour
/// of itself, as it does in the exact distribution.
/// </summary>
/// <param name="open">A backend with these options; disposed here.</param>
/// <param name="measurement">How near is near, and how the generator draws.</param>
public sealed class ConsistencyAgreement(Func<MeasurementOptions, IInversionBackend> open, MeasurementOptions measurement)
{
    private const double Confidence = 0.95;

    /// <param name="specs">Compiled against the task.</param>
    /// <param name="sites">Sites that the generator was trained on.</param>
    /// <param name="references">Distinct texts that the generator was not trained on.</param>
    /// <returns>A cell for each site and spec, site by site.</returns>
    /// <exception cref="BadInputException">A site that the target lacks, or a prior that is too large to enumerate.</exception>
    public IReadOnlyList<AgreementCell> Measure(
        IReadOnlyList<HypothesisDraft> specs, IReadOnlyList<Site> sites, IReadOnlyList<string> references, RunSeed seed,
        IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        var alike = measurement with { IncludeReference = true, Samples = 0, MinimumEss = 0 };
        var weighted = Labelled(alike with { Sampler = SamplerKind.Generator, Weighting = Weighting.Importance });
        var plain = Labelled(alike with { Sampler = SamplerKind.Generator, Weighting = Weighting.None });
        var cells = new List<AgreementCell>();
        // Every neighbour in the prior: too much to keep for all cells.
        Visit(alike with { Sampler = SamplerKind.Enumerate, Generator = null, Weighting = Weighting.Importance }, (site, spec, exact) =>
        {
            var (w, p) = (weighted[cells.Count], plain[cells.Count]);
            var everywhere = exact.Keys.Where(t => exact[t].Weights.Length > 0 && w.TryGetValue(t, out var of) && of.Weights.Length > 0 && p.TryGetValue(t, out of) && of.Weights.Length > 0).ToArray();
            FeatureConsistency Of(Dictionary<string, LabelledReference> all, bool interval) => FeatureConsistency.Measure(
                [.. everywhere.Select(t => all[t])], alike.MinimumEss, null,
                interval ? seed.Stream("agreement bootstrap", site.ToString(), spec.Feature.Hash) : null, Confidence);
            var estimate = Of(w, interval: true);
            cells.Add(new AgreementCell(
                site.ToString(), spec.Title, estimate.Counts.Measured, Of(exact, interval: false).Fcr, estimate.Fcr, ReportInterval.Of(estimate.FcrInterval), Of(p, interval: false).Fcr));
        });
        return cells;

        List<Dictionary<string, LabelledReference>> Labelled(MeasurementOptions options)
        {
            var all = new List<Dictionary<string, LabelledReference>>();
            Visit(options, (_, _, of) => all.Add(of));
            return all;
        }

        void Visit(MeasurementOptions options, Action<Site, HypothesisDraft, Dictionary<string, LabelledReference>> use)
        {
            using var backend = open(options);
            backend.Prepare(sites, progress, cancel);
            LabelColumn[] columns = [.. specs.Select(s => new LabelColumn(s.Feature, backend.Texts))];
            foreach (var (done, site) in sites.Index())
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Report(new WorkProgress($"rates at {site}, {options.Sampler.ToString().ToLowerInvariant()}", done, sites.Count, "sites"));
                var samples = backend.Sample(site, references, "agreement", cancel);
                var measured = new MeasuredSite(site, samples, PriorSample.Of(backend, site, samples, seed), backend.Texts);
                foreach (var (spec, column) in specs.Zip(columns))
                {
                    var labels = RankedLabels.Over(measured, column, cancel);
                    use(site, spec, LabelledSamples.Of(samples.Sets, labels).ToDictionary(r => backend.Texts[r.Reference], StringComparer.Ordinal));
                }
            }
        }
    }
}
