using System.Globalization;
using InverseScope.Core.Sampling;
using InverseScope.Core.Search;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Stages;

/// <summary>
/// Proposals of the symbolic search. It is given explore samples and draws of the prior; of the rest of a sweep it knows
/// neither store nor confirm references, and cannot ask for samples.
/// </summary>
internal sealed class SymbolicProposer(
    SweepPlan plan, ITask task, TextPool texts, Func<Site, IReadOnlyList<string>, IReadOnlyList<int?>> charactersRead, RunSeed seed)
{
    private const int PriorDraws = 6_000;

    // What varies in the prior is the same at every site.
    private readonly Lazy<SearchSpace> _space = new(() =>
    {
        var random = seed.Stream("search prior", task.Fingerprint);
        string[] prior = [.. Enumerable.Range(0, PriorDraws).Select(_ => task.Draw(random))];
        return SearchSpace.Build(prior, CompileContext.Of(task), CancellationToken.None);
    });

    /// <param name="samples">Of the explore references.</param>
    /// <param name="tested">Hashes of specs that are tested at the site anyway.</param>
    public ProposeResult Propose(
        Site site, SiteSamples samples, IReadOnlySet<string> tested, TimeProvider clock, CancellationToken cancel)
    {
        var sets = samples.Sets.Where(s => s.Ess >= plan.Measurement.MinimumEss).ToArray();
        var input = new SearchInput(_space.Value, texts, sets, some => charactersRead(site, some), tested);
        var options = new SearchOptions { MaxProposals = plan.MaxProposals, MinimumKappa = plan.MinimumKappa };
        var result = SymbolicSearch.Propose(input, options, seed.Stream("search", site.ToString()), cancel);
        var now = clock.GetUtcNow();
        var log = result.Log;
        var summary = string.Create(
            CultureInfo.InvariantCulture,
            $"{log.Candidates} rules scored on {log.References} references, {result.Proposals.Count} proposed, {log.JointBits:0.0} bits together; ended because {log.Stopped}");
        return new ProposeResult(
            [.. result.Proposals.Select(p => new ProposalResult(
                SpecLibrary.Write(p.Spec),
                HypothesisAuthor.Symbolic,
                new ExploreRecord
                {
                    References = p.Score.References,
                    Fcr = p.Score.Fcr,
                    Chance = p.Score.Chance,
                    Kappa = p.Score.Kappa,
                    Bits = p.Score.Bits,
                },
                [
                    new TrailStep { Time = now, Step = "search", Detail = summary },
                    new TrailStep { Time = now, Step = "proposed", Detail = p.Why },
                ])
            {
                Proposers = ["symbolic"],
            })],
            log.Candidates,
            summary);
    }
}
