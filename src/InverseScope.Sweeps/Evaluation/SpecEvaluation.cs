using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>
/// Measures given specs at given sites, every spec at every site, as <c>spec eval</c> does. Nobody proposes here, so
/// that all references may be used.
/// </summary>
public static class SpecEvaluation
{
    /// <param name="backend">Disposed by the caller. Its options say how neighbours are chosen.</param>
    /// <param name="specs">Compiled against the task.</param>
    /// <param name="references">Distinct references drawn from the prior; fewer if a small prior has no more.</param>
    /// <param name="where">Values that variables of the task have on all references; empty: every text will do.</param>
    /// <param name="minimumKappa">δ of the verdict.</param>
    /// <param name="falseDiscoveryRate">Of e-BH over all records.</param>
    /// <returns>A record for each spec and site, site by site.</returns>
    /// <exception cref="BadInputException">A site that the target lacks, or a variable that the task lacks.</exception>
    public static IReadOnlyList<HypothesisRecord> Measure(
        IInversionBackend backend,
        ITask task,
        IReadOnlyList<HypothesisDraft> specs,
        IReadOnlyList<Site> sites,
        int references,
        IReadOnlyDictionary<string, string> where,
        double minimumKappa,
        double falseDiscoveryRate,
        RunSeed seed,
        IProgress<WorkProgress>? progress,
        CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(references);
        var texts = Draw(task, references, where, seed);
        backend.Prepare(sites, progress, cancel);
        var columns = specs.Select(s => new LabelColumn(s.Feature, backend.Texts)).ToArray();
        var rule = new VerdictRule(minimumKappa, falseDiscoveryRate);
        var tested = new List<TestedHypothesis>();
        foreach (var (done, site) in sites.Index())
        {
            cancel.ThrowIfCancellationRequested();
            progress?.Report(new WorkProgress($"measuring {site}", done, sites.Count, "sites"));
            var samples = backend.Sample(site, texts, "evaluation", cancel);
            var test = new HypothesisTest(
                new MeasuredSite(site, samples, PriorSample.Of(backend, site, samples, seed), backend.Texts), null,
                backend.Options.MinimumEss, rule.TestOf(specs.Count * sites.Count), seed);
            foreach (var (spec, labels) in specs.Zip(columns))
            {
                var measured = test.Measure(spec, labels, null, HypothesisPhase.Confirm, cancel: cancel);
                tested.Add(new TestedHypothesis(measured, VerdictRule.WhyDegenerate(measured.Consistency, sameAs: null)));
            }
        }

        return rule.Decide(tested);
    }

    private static string[] Draw(ITask task, int count, IReadOnlyDictionary<string, string> where, RunSeed seed) =>
        [.. ReferenceDraws.Distinct(task, where, count, seed.Stream("evaluation references", task.Fingerprint)).Take(count)];
}
