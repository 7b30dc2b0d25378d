using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;
using InverseScope.Torch.Tokenizers;

namespace InverseScope.Torch.Tests.Generators;

[Collection(TorchCollection.Name)]
public sealed class SiteAllocationTests(TorchFixture torch, SpeakerGenerator speaker) : IClassFixture<SpeakerGenerator>
{
    [Fact]
    public void Sites_that_refuse_more_come_more_often_and_none_is_left_out()
    {
        using var target = TargetModel.Open(speaker.Model(torch), torch.Thread);
        using var generator = Generator.Open(speaker.Folder(torch), torch.Thread);
        using var pairs = Source(generator, target);
        var allocation = new SiteAllocation(step => step == 1 ? [1, 0, 0.5] : [0, double.NaN, 0]);
        var counts = Counts(pairs, allocation.Shares);
        Assert.All(counts, c => Assert.Equal(counts[0], c));
        allocation.Look(1);
        Assert.Equal([1, 0.1, 0.5], allocation.Shares!);
        counts = Counts(pairs, allocation.Shares);
        Assert.InRange(counts[0] / (double)counts[2], 1.8, 2.2);
        Assert.InRange(counts[0] / (double)counts[1], 7, 14);
        allocation.Look(2);
        Assert.Equal([0.55, 0.1, 0.3], allocation.Shares!, (a, b) => Math.Abs(a - b) < 1e-12);
        var untold = new SiteAllocation(_ => [double.NaN]);
        untold.Look(1);
        Assert.Equal([1.0], untold.Shares!);
    }

    [Fact]
    public void What_a_site_refuses_is_what_an_evaluation_finds()
    {
        using var target = TargetModel.Open(speaker.Model(torch), torch.Thread);
        using var generator = Generator.Open(speaker.Folder(torch), torch.Thread);
        using var pairs = Source(generator, target);
        var looks = Enumerable.Range(1, 40).Select(step => generator.Compute(network => pairs.Refused(network, step, CancellationToken.None))).ToArray();
        Assert.Equal(looks[3], generator.Compute(network => pairs.Refused(network, 4, CancellationToken.None)));
        var references = GeneratorEvaluation.References(SpeakerTarget.Task, [generator.Record], 40, new RunSeed(1));
        var evaluation = new GeneratorEvaluation(target, SpeakerTarget.Task, references, new MeasurementOptions(), new RunSeed(1));
        double[] expected = [.. SpeakerGenerator.Sites(target).Select(
            site => evaluation.Measure(generator, site, 25, [0.1], new DrawOptions(), null, CancellationToken.None).RefusalRate[0.1])];
        Assert.True(expected.Max() - expected.Min() > 0.2, string.Join(", ", expected));
        foreach (var (i, rate) in expected.Index())
            Assert.InRange(looks.Average(of => of[i]), rate - 0.1, rate + 0.1);
    }

    private static int[] Counts(PairSource pairs, double[]? shares)
    {
        var counts = new int[3];
        for (var step = 1; step <= 60; step++)
        {
            foreach (var site in pairs.Pairs("texts", step, heldOut: false, CancellationToken.None, shares).Activations.Sites)
                counts[site]++;
        }

        return counts;
    }

    private static PairSource Source(Generator generator, TargetModel target)
    {
        var folder = Path.Combine(generator.Folder, Generator.BackboneFolder);
        var tokens = new GeneratorTokens(TokenizerFolder.Load(folder)!, ConfigFile.Read(folder), folder);
        return new PairSource(target, SpeakerTarget.Task, SpeakerGenerator.Sites(target), tokens, generator.Record.Options, noise: true);
    }
}
