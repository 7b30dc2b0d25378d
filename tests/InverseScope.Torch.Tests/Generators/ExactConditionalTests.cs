using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Testing;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;

namespace InverseScope.Torch.Tests.Generators;

[Collection(TorchCollection.Name)]
public sealed class ExactConditionalTests(TorchFixture torch, SpeakerTarget speaker) : IClassFixture<SpeakerTarget>
{
    private static readonly MeasurementOptions Wide = new() { Epsilon = 0.4, NormBand = 1 };

    [Theory]
    [InlineData(KernelKind.Gaussian)]
    [InlineData(KernelKind.Threshold)]
    public void Draws_come_as_often_as_prior_times_kernel_says(KernelKind kernel)
    {
        const int Draws = 20_000;
        var options = Wide with { Kernel = kernel };
        using var target = TargetModel.Open(speaker.Folder(torch), torch.Thread);
        var task = SpeakerTarget.Task;
        var site = SitePattern.ExpandAll(["L0.resid@last"], target.Description.Layers, target.Description.Heads, null, task)[0];
        string[] texts = [.. Enumerable.Range(0, (int)task.Count!.Value).Select(i => task.TextAt(i))];
        using var capture = new ActivationCapture(target, [site], options.Basis, task);
        var z = capture.Read(texts, CancellationToken.None)[0];
        var weights = new double[texts.Length];
        for (var i = 0; i < texts.Length; i++)
        {
            var d = ActivationDistance.Of(z[i], z[0], options.Distance, options.NormBand);
            weights[i] = kernel == KernelKind.Gaussian ? Math.Exp(-d * d / (2 * 0.4 * 0.4)) : d < 0.4 ? 1 : 0;
        }

        var drawn = new ExactConditional(target, task, options, new RunSeed(3)).Draw([site], [texts[0]], Draws, null, CancellationToken.None)[0][0];
        Assert.Equal(Draws, drawn.Length);
        var counts = drawn.CountBy(d => d.Text).ToDictionary();
        var total = weights.Sum();
        foreach (var (text, weight) in texts.Zip(weights))
        {
            var expected = weight / total;
            var found = counts.GetValueOrDefault(text) / (double)Draws;
            Assert.InRange(found - expected, -5 * Math.Sqrt(expected / Draws) - 1e-9, 5 * Math.Sqrt(expected / Draws) + 1e-9);
        }

        foreach (var draw in drawn.DistinctBy(d => d.Text))
            Assert.Equal(Math.Log(weights[Array.IndexOf(texts, draw.Text)] / total), draw.LogProbability, 1e-5);
    }

    [Fact]
    public void A_generator_that_was_told_nothing_yet_differs_from_it_by_what_the_prior_does()
    {
        using var folder = new TempFolder();
        using var target = TargetModel.Open(speaker.Folder(torch), torch.Thread);
        var task = SpeakerTarget.Task;
        var sites = SitePattern.ExpandAll(["L0.resid@last"], target.Description.Layers, target.Description.Heads, null, task);
        var options = new GeneratorOptions
        {
            Layers = 1,
            Heads = 2,
            Width = 16,
            BackboneSteps = 400,
            BackboneLearningRate = 1e-2,
            Steps = 1,
            LearningRate = 1e-12,
            BatchSize = 32,
            SitesPerBatch = 1,
            Architecture = new GeneratorArchitecture { Latent = 4, ControlHeads = 2, ControlHeadWidth = 4 },
        };
        var record = new GeneratorTrainer(torch.Thread, TimeProvider.System).Train(target, task, sites, options, folder.Path, "a command");
        using var generator = Generator.Open(folder.Path, torch.Thread);
        var references = GeneratorEvaluation.References(task, [record], 6, new RunSeed(1));
        (double Variation, double Missed) Fit(double epsilon)
        {
            var measurement = Wide with { Epsilon = epsilon };
            var exact = new ExactConditional(target, task, measurement, new RunSeed(1)).Draw(sites, references, 200, null, CancellationToken.None)[0];
            var found = new GeneratorEvaluation(target, task, references, measurement, new RunSeed(1))
                .Measure(generator, sites[0], 5, [0.1], new DrawOptions(), exact, CancellationToken.None);
            return (found.TotalVariation!.Value, found.MissedMass!.Value);
        }

        // A kernel that sees no difference leaves the prior, which the backbone has learnt; a narrow one leaves few texts of many.
        var (prior, narrow) = (Fit(1e6), Fit(1e-4));
        Assert.InRange(prior.Variation, 0, 0.2);
        Assert.InRange(prior.Missed, 0, 0.05);
        Assert.InRange(narrow.Variation, 0.5, 1);
        Assert.InRange(narrow.Missed, prior.Missed, 1);
    }
}
