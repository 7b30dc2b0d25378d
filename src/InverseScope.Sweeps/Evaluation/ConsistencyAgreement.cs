using InverseScope.Core;
using InverseScope.Core.Consistency;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>The consistency rate of one feature at one site: exact, and as a generator's samples tell it.</summary>
/// <param name="Exact">Over every text of the prior, weighted p(x) k(d); null where the feature is undefined on all references.</param>
/// <param name="Weighted">By the generator's samples with importance weights; null where none is near.</param>
/// <param name="WeightedCi">Its 95 % interval over references.</param>
/// <param name="Unweighted">By the plain average of the same samples.</param>
public sealed record AgreementCell(
    string Site, string Title, double? Exact, double? Weighted, ReportInterval? WeightedCi, double? Unweighted)
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
    /// <param name="references">Distinct references drawn from the prior.</param>
    /// <returns>A cell for each site and spec, site by site.</returns>
    /// <exception cref="BadInputException">A site that the target lacks, or a prior that is too large to enumerate.</exception>
    public IReadOnlyList<AgreementCell> Measure(
        ITask task, IReadOnlyList<HypothesisDraft> specs, IReadOnlyList<Site> sites, int references, RunSeed seed,
        IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        string[] texts = [.. ReferenceDraws.Distinct(task, new Dictionary<string, string>(), references, seed.Stream("agreement references", task.Fingerprint)).Take(references)];
        var alike = measurement with { IncludeReference = true, Samples = 0, MinimumEss = 0 };
        var exact = Rates(alike with { Sampler = SamplerKind.Enumerate, Generator = null, Weighting = Weighting.Importance });
        var weighted = Rates(alike with { Sampler = SamplerKind.Generator, Weighting = Weighting.Importance });
        var plain = Rates(alike with { Sampler = SamplerKind.Generator, Weighting = Weighting.None });
        return [.. exact.Zip(weighted, plain).Select((of, i) => new AgreementCell(
            sites[i / specs.Count].ToString(), specs[i % specs.Count].Title, of.First.Fcr, of.Second.Fcr, ReportInterval.Of(of.Second.FcrInterval), of.Third.Fcr))];

        List<FeatureConsistency> Rates(MeasurementOptions options)
        {
            using var backend = open(options);
            backend.Prepare(sites, progress, cancel);
            LabelColumn[] columns = [.. specs.Select(s => new LabelColumn(s.Feature, backend.Texts))];
            var rates = new List<FeatureConsistency>();
            foreach (var (done, site) in sites.Index())
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Report(new WorkProgress($"rates at {site}, {options.Sampler.ToString().ToLowerInvariant()}", done, sites.Count, "sites"));
                var samples = backend.Sample(site, texts, "agreement", cancel);
                var measured = new MeasuredSite(site, samples, PriorSample.Of(backend, site, samples, seed), backend.Texts);
                foreach (var (spec, column) in specs.Zip(columns))
                {
                    var labels = RankedLabels.Over(measured, column, cancel);
                    rates.Add(FeatureConsistency.Measure(
                        ReferenceClusters.Of(LabelledSamples.Of(samples.Sets, labels), alike.MinimumEss), measured.Prior.Shares(labels),
                        seed.Stream("agreement bootstrap", site.ToString(), spec.Feature.Hash), Confidence));
                }
            }

            return rates;
        }
    }
}
