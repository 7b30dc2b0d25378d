using InverseScope.Core.Search;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;
using InverseScope.Core.Statistics;
using InverseScope.Core.Tasks;

namespace InverseScope.Core.Tests.Search;

public sealed class RandomFeaturesTests
{
    [Theory]
    [InlineData("addition")]
    [InlineData("counting")]
    [InlineData("ioi")]
    public void They_compile_are_defined_everywhere_and_part_the_prior_differently(string name)
    {
        var task = new TaskCatalog().Find(name);
        var context = new CompileContext(task.Lexicons);
        var random = new RunSeed(2).Stream("prior");
        string[] prior = [.. Enumerable.Range(0, 1_000).Select(_ => task.Draw(random))];

        var specs = RandomFeatures.Draw(SearchSpace.Build(prior, context, default), 4, new RunSeed(2).Stream("features"));

        Assert.Equal(4, specs.Count);
        int[][] codes = [.. specs.Select(s =>
        {
            var feature = FeatureCompiler.Compile(s, context).OrThrow();
            var labels = new Dictionary<string, int>();
            return prior.Select(t =>
            {
                var label = feature.Label(t);
                Assert.NotNull(label);
                return labels.TryGetValue(label, out var code) ? code : labels[label] = labels.Count;
            }).ToArray();
        })];
        for (var a = 0; a < codes.Length; a++)
        {
            for (var b = 0; b < a; b++)
                Assert.True(AdjustedMutualInformation.Of(codes[a], codes[b]) < 0.98);
        }
    }
}
