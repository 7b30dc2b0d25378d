using InverseScope.Core;
using InverseScope.Core.Consistency;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Specs;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>A consistency rate as samples tell it.</summary>
/// <param name="Rate">Null where it was not measured.</param>
/// <param name="Ci">Its own 95 % interval, over references, as results report it.</param>
public sealed record AgreementEstimate(double? Rate, ReportInterval? Ci)
{
    /// <summary>Whether an exact rate lies within the interval; null where either was not measured.</summary>
    public bool? Holds(double? exact) => exact is { } rate && Ci is { } interval ? interval.Lower <= rate && rate <= interval.Upper : null;
}

/// <summary>
/// The consistency rate of one feature at one site: exact, and as samples tell it, on the same references.
/// </summary>
/// <param name="References">References that all are means over: those near which each way of sampling found a text.</param>
/// <param name="Exact">Over every text of the prior, weighted p(x) k(d); null where the feature is undefined on all references.</param>
/// <param name="Weighted">By the generator's samples with importance weights.</param>
/// <param name="Mixed">By the generator's samples and a bank's, with the balance heuristic.</param>
/// <param name="Bank">By the bank alone.</param>
/// <param name="Unweighted">By the plain average of the generator's samples.</param>
public sealed record AgreementCell(
    string Site, string Title, int References, double? Exact, AgreementEstimate Weighted, AgreementEstimate Mixed, AgreementEstimate Bank, double? Unweighted);

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
        var mixed = Labelled(alike with { Sampler = SamplerKind.Mixture, Weighting = Weighting.Importance });
        var bank = Labelled(alike.OverBank() with { Weighting = Weighting.Importance });
        var plain = Labelled(alike with { Sampler = SamplerKind.Generator, Weighting = Weighting.None });
        var cells = new List<AgreementCell>();
        // Every neighbour in the prior: too much to keep for all cells.
        Visit(alike with { Sampler = SamplerKind.Enumerate, Generator = null, Weighting = Weighting.Importance }, (site, spec, exact) =>
        {
            var all = new[] { exact, weighted[cells.Count], mixed[cells.Count], bank[cells.Count], plain[cells.Count] };
            var everywhere = exact.Keys.Where(t => all.All(of => of.TryGetValue(t, out var found) && found.Weights.Length > 0)).ToArray();
            FeatureConsistency Of(int which, bool interval) => FeatureConsistency.Measure(
                [.. everywhere.Select(t => all[which][t])], alike.MinimumEss, null,
                interval ? seed.Stream("agreement bootstrap", site.ToString(), spec.Feature.Hash) : null, Confidence);
            AgreementEstimate Estimate(int which)
            {
                var of = Of(which, interval: true);
                return new AgreementEstimate(of.Fcr, ReportInterval.Of(of.FcrInterval));
            }

            var truth = Of(0, interval: false);
            cells.Add(new AgreementCell(
                site.ToString(), spec.Title, truth.Counts.Measured, truth.Fcr, Estimate(1), Estimate(2), Estimate(3), Of(4, interval: false).Fcr));
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
