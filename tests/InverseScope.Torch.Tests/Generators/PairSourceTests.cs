using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;
using InverseScope.Torch.Tokenizers;

namespace InverseScope.Torch.Tests.Generators;

[Collection(TorchCollection.Name)]
public sealed class PairSourceTests(TorchFixture torch) : IDisposable
{
    private static readonly string[] Words =
        [.. from a in "abcdefgh" from b in "abcdefgh" from c in "abcdefgh" select $"{a}{b}{c}", .. from a in "abcdefgh" from b in "abcdefgh" select $"{a}{b}"];

    private static readonly TextFileTask Task = new TextFileTask("words", "test", [.. Words.Select(w => new WeightedText(w, 1))]);
    private static readonly GeneratorOptions Options = new() { BatchSize = 20, SitesPerBatch = 2, HeldOutShare = 0.2 };
    private readonly InverseScope.Testing.TempFolder _folder = TinyTarget.Make(torch.Thread);

    [Fact]
    public void A_step_has_the_same_pairs_whenever_it_is_asked_for()
    {
        using var target = TargetModel.Open(_folder.Path, torch.Thread);
        using var pairs = Source(target, ["L0.resid@last", "L1.mlp@0", "L0H1@1"]);
        using var others = Source(target, ["L0.resid@last", "L1.mlp@0", "L0H1@1"]);
        pairs.Pairs("texts", 3, heldOut: false, CancellationToken.None);
        var (first, again) = (pairs.Pairs("texts", 4, heldOut: false, CancellationToken.None), others.Pairs("texts", 4, heldOut: false, CancellationToken.None));
        Assert.Equal(first.Texts.Ids, again.Texts.Ids);
        Assert.Equal(first.Activations.Sites, again.Activations.Sites);
        Assert.Equal(first.Activations.Values.SelectMany(v => v), again.Activations.Values.SelectMany(v => v));
        Assert.Equal(1, first.Texts.Weights.Sum(), 1e-5);
    }

    [Fact]
    public void Texts_without_the_position_have_no_weight()
    {
        using var target = TargetModel.Open(_folder.Path, torch.Thread);
        using var pairs = Source(target, ["L0.resid@2"]);
        var batch = pairs.Pairs("texts", 1, heldOut: false, CancellationToken.None);
        var length = batch.Texts.Length;
        var lacking = 0;
        for (var row = 0; row < batch.Activations.Count; row++)
        {
            var ids = batch.Texts.Ids.AsSpan(row * length, length);
            var tokens = ids[1..].IndexOf(EndId); // of letters
            Assert.Equal(tokens == 3, batch.Texts.Weights.AsSpan(row * (length - 1), length - 1).ToArray().Any(w => w > 0));
            lacking += tokens == 3 ? 0 : 1;
        }

        Assert.InRange(lacking, 1, 15);
    }

    [Fact]
    public void Held_out_texts_are_none_that_training_sees()
    {
        var seen = PairSource.Texts(Task, 0.2, 3000, new RunSeed(1).Stream("a"), heldOut: false).ToHashSet();
        var heldOut = PairSource.Texts(Task, 0.2, 3000, new RunSeed(1).Stream("b"), heldOut: true).ToHashSet();
        Assert.Empty(seen.Intersect(heldOut));
        Assert.InRange(heldOut.Count / (double)(heldOut.Count + seen.Count), 0.15, 0.25);
    }

    [Fact]
    public void Scales_are_those_of_activations_with_their_noise()
    {
        // The first token of a text that always begins alike: only the noise makes a difference there.
        var constant = new TextFileTask("same", "test", [.. "abcdefgh".Select(c => new WeightedText($"a{c}", 1))]);
        using var target = TargetModel.Open(_folder.Path, torch.Thread);
        var tokens = new GeneratorTokens(Tokenizer(), Backbone, "test");
        using var pairs = new PairSource(
            target, constant, SitePattern.ExpandAll(["L0.resid@0"], 2, 2, null, constant), tokens,
            Options with { NoiseDistance = 0.02, Architecture = new GeneratorArchitecture { EncoderInput = EncoderInput.Polar } }, noise: true);
        var (mean, deviations, _) = pairs.Statistics(400, CancellationToken.None)[0];
        var norm = Math.Sqrt(mean[..12].Sum(m => (double)m * m));

        // A direction at the distance 0.02 is off by sin θ ≈ 0.2 of the norm, spread over 12 numbers.
        Assert.InRange(deviations[0] / (0.2 * norm / Math.Sqrt(12)), 0.7, 1.5);
        // The direction is as long as √12.
        Assert.Equal(25, mean.Length);
        Assert.InRange(deviations[1] / 0.2, 0.7, 1.5);
        // Within the band of the noise norms are as good as equal.
        Assert.Equal(Math.Log(1.05), deviations[2], 1e-6);
        Assert.Equal(Math.Log(norm), mean[24], 0.1);
        using var plain = new PairSource(target, constant, SitePattern.ExpandAll(["L0.resid@0"], 2, 2, null, constant), tokens, Options, noise: false);
        Assert.All(plain.Statistics(50, CancellationToken.None)[0].Deviations, d => Assert.InRange(d, 1e-6f, 1e6f));
    }

    [Fact]
    public void Its_own_texts_are_weighted_as_samples_of_what_the_noise_leaves_open()
    {
        const int Samples = 5;
        using var target = TargetModel.Open(_folder.Path, torch.Thread);
        var options = Options with { NoiseDistance = 0.4, NoiseNormBand = 0.6 };
        using var pairs = Source(target, ["L0.resid@last"], options);
        using var capture = new ActivationCapture(target, SitePattern.ExpandAll(["L0.resid@last"], 2, 2, null, Task), Basis.Raw, Task);
        var noise = ActivationNoise.FromTypicalDistance(
            pairs.Widths[0], options.Kernel, options.Distance, options.NoiseDistance, options.NoiseNormBand);
        torch.Thread.Run(() =>
        {
            var backbone = new CausalTransformer(Backbone);
            backbone.Initialise(new RunSeed(2), 0.3, 0.3);
            var conditioning = new ControlConditioning(Backbone, [new SiteShape(pairs.Widths[0], "L0.resid", "@last")], new GeneratorArchitecture { Latent = 4, ControlHeads = 2, ControlHeadWidth = 4 });
            conditioning.Initialise(pairs.Statistics(50, CancellationToken.None), backbone, [[8, 0, 1, 9]], new RunSeed(4));
            using var network = new GeneratorNetwork(backbone, conditioning, backbone, trainsBackbone: false);
            var some = false;
            var seen = PairSource.Texts(Task, Options.HeldOutShare, 20_000, new RunSeed(1).Stream("seen"), heldOut: false).ToHashSet();
            for (var step = 1; step <= 6; step++)
            {
                var own = pairs.OwnPairs(network, step, Samples, CancellationToken.None);
                var texts = own.Texts.Ids.Chunk(own.Texts.Length).Select(ids => string.Concat(ids[1..].TakeWhile(i => i != EndId).Select(i => i < 8 ? $"{(char)('a' + i)}" : "?"))).ToArray();
                Assert.Equal(own.Activations.Count * Samples, texts.Length);
                var q = network.LogProbabilities([.. texts.Select(t => (int[])[8, .. t.Select(c => c == '?' ? 8 : c - 'a'), EndId])], null, new TokenChoice(1, 1, 8));
                double[] Expected(int activation)
                {
                    var weights = new double[Samples];
                    for (var i = 0; i < Samples; i++)
                    {
                        var at = activation * Samples + i;
                        if (Task.WhyInvalid(texts[at]) is not null || !seen.Contains(texts[at]))
                            continue;
                        var z = capture.Read([texts[at]], CancellationToken.None)[0][0].ToArray();
                        var d = ActivationDistance.Of(
                            z, own.Activations.Values[0].AsSpan(activation * z.Length, z.Length), DistanceKind.Cosine, options.NoiseNormBand);
                        var kernel = Math.Exp(-d * d / (2 * noise.KernelEpsilon * noise.KernelEpsilon));
                        weights[i] = kernel < 1e-9 ? 0 : kernel * Math.Exp(-q[at].Sum());
                    }

                    return weights.Sum() > 0 ? [.. weights.Select(w => w / weights.Sum())] : weights;
                }

                double[] expected = [.. Enumerable.Range(0, own.Activations.Count).SelectMany(Expected)];
                var tokens = expected.Zip(texts, (w, t) => w * (t.Length + 1)).Sum();
                some |= tokens > 0;
                for (var row = 0; row < texts.Length; row++)
                    Assert.Equal(tokens > 0 ? expected[row] / tokens : 0, own.Texts.Weights[row * (own.Texts.Length - 1)], 1e-4);
            }

            Assert.True(some);
        });
    }

    [Fact]
    public void What_a_site_refuses_is_not_told_where_no_reference_has_it()
    {
        using var target = TargetModel.Open(_folder.Path, torch.Thread);
        using var pairs = Source(target, ["L0.resid@last", "L0.resid@5"]);
        torch.Thread.Run(() =>
        {
            var backbone = new CausalTransformer(Backbone);
            backbone.Initialise(new RunSeed(2), 0.3, 0.3);
            var conditioning = new ControlConditioning(
                Backbone, SiteShape.Of(["L0.resid@last", "L0.resid@5"], pairs.Widths), new GeneratorArchitecture { Latent = 4, ControlHeads = 2, ControlHeadWidth = 4 });
            conditioning.Initialise([.. pairs.Widths.Select(width => new SiteStatistics(new float[width], [1], []))], backbone, [[8, 0, 1, 9]], new RunSeed(4));
            using var network = new GeneratorNetwork(backbone, conditioning, backbone, trainsBackbone: false);
            var refused = pairs.Refused(network, 1, CancellationToken.None);
            Assert.InRange(refused[0], 0.5, 1);
            Assert.Equal(double.NaN, refused[1]);
        });
    }

    [Fact]
    public void Texts_that_do_not_fit_and_tokenizers_of_other_models_are_refused()
    {
        var tokens = new GeneratorTokens(Tokenizer(), Backbone, "test");
        Assert.Equal(7, tokens.Encode("abcde").Length);
        Assert.Contains("at most 6", Assert.Throws<BadInputException>(() => tokens.Encode("abcdef")).What, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => tokens.Encode("xyz"));
        Assert.Contains("knows 8 tokens", Assert.Throws<BadInputException>(
            () => new GeneratorTokens(Tokenizer(), Backbone with { Vocabulary = 8 }, "test")).What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_site_that_no_text_has_is_refused()
    {
        using var target = TargetModel.Open(_folder.Path, torch.Thread);
        using var pairs = Source(target, ["L0.resid@5"]);
        Assert.Contains("@5", Assert.Throws<BadInputException>(() => pairs.Statistics(50, CancellationToken.None)).What, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private const int EndId = 9;

    private static readonly TransformerConfig Backbone = new()
    {
        Family = "gpt2",
        Layers = 1,
        Heads = 1,
        HeadWidth = 8,
        Width = 8,
        MlpWidth = 16,
        Vocabulary = 10,
        Context = 6,
    };

    private static VocabularyTokenizer Tokenizer() => new(
        "abcdefgh<>".Select((c, i) => (c, i)).ToDictionary(p => p.i > 7 ? $"<{p.i}>" : p.c.ToString(), p => p.i), TokenUnit.Character,
        new TokenizerConfig(null, "<8>", "<9>", "<9>", AddsBegin: true));

    private static PairSource Source(TargetModel target, string[] sites, GeneratorOptions? options = null) => new(
        target, Task, SitePattern.ExpandAll(sites, 2, 2, null, Task), new GeneratorTokens(Tokenizer(), Backbone, "test"), options ?? Options, noise: true);
}
