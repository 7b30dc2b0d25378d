using InverseScope.Core.Search;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Calibration;

/// <summary>Features to plant where no person names any.</summary>
public static class PlantedFeatures
{
    private const int PriorDraws = 2_000;

    /// <summary>Features of what varies in a task's prior, with different partitions.</summary>
    /// <returns>Fewer than <paramref name="count"/> if the prior has no more.</returns>
    public static IReadOnlyList<HypothesisDraft> FromPrior(int count, ITask task, RunSeed seed, CancellationToken cancel)
    {
        var random = seed.Stream("planted features, prior");
        var context = CompileContext.Of(task);
        var space = SearchSpace.Build([.. Enumerable.Range(0, PriorDraws).Select(_ => task.Draw(random))], context, cancel);
        return [.. RandomFeatures.Draw(space, count, seed.Stream("planted features")).Select(spec =>
            new HypothesisDraft(spec, FeatureCompiler.Compile(spec, context).OrThrow(), HypothesisAuthor.Symbolic, null, []))];
    }
}
