using InverseScope.Core.Seeds;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;
using InverseScope.Torch.Tokenizers;
using static TorchSharp.torch;

namespace InverseScope.Torch.Tests.Generators;

[Collection(TorchCollection.Name)]
public sealed class TextSamplerTests(TorchFixture torch)
{
    private const int Begin = 0;
    private const int End = 1;
    private static readonly TokenChoice Plain = new(Never: Begin);

    public static TheoryData<ConditioningKind> Kinds => [ConditioningKind.Control, ConditioningKind.Prefix];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_probability_of_a_text_is_that_of_reading_it(ConditioningKind kind) => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var network = Network(kind);
        var written = Write(network, [1, 2, 3], samples: 6, new TokenChoice(0.7, 0.9, Begin));
        Assert.Contains(written.SelectMany(w => w), w => w.Ended);
        Assert.True(written.SelectMany(w => w).Select(w => w.Ids.Length).Distinct().Count() > 2);
        foreach (var (activation, texts) in written.Index())
        {
            foreach (var text in texts.Where(t => t.Ended))
            {
                var told = network.Conditioning.Condition(Activations([activation + 1]));
                var read = network.LogProbabilities([[Begin, .. text.Ids, End]], told, new TokenChoice(0.7, 0.9, Begin))[0];
                Assert.Equal(read.Sum(), text.LogProbability, 1e-4);
            }
        }
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_texts_of_an_activation_do_not_depend_on_what_is_written_beside_it(ConditioningKind kind) => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var network = Network(kind);
        var together = Write(network, [1, 2, 3, 4], samples: 5, Plain);
        foreach (var (i, activation) in new[] { 1, 2, 3, 4 }.Index())
        {
            var alone = Write(network, [activation], samples: 5, Plain)[0];
            Assert.Equal(alone.Select(w => string.Join(' ', w.Ids)), together[i].Select(w => string.Join(' ', w.Ids)));
        }
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Another_activation_gives_other_texts(ConditioningKind kind) => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var network = Network(kind);
        var told = network.Conditioning.Condition(Activations([1, 2]));
        var read = network.LogProbabilities([[Begin, 4, 5, End], [Begin, 4, 5, End]], told, Plain);
        Assert.True(Math.Abs(read[0].Sum() - read[1].Sum()) > 1e-3);
        var prior = network.LogProbabilities([[Begin, 4, 5, End]], null, Plain);
        Assert.True(Math.Abs(read[0].Sum() - prior[0].Sum()) > 1e-3);
    });

    [Fact]
    public void First_tokens_come_as_often_as_they_should() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        using var network = Network(ConditioningKind.Control);
        const int Draws = 4000;
        var written = Write(network, [2], Draws, Plain)[0];
        var told = network.Conditioning.Condition(Activations([2]));
        using var inference = inference_mode();
        var expected = Plain.LogProbabilities(network.Logits(tensor(new long[] { Begin }, [1, 1]), told)).exp().squeeze().data<float>().ToArray();
        Assert.Equal(0, expected[Begin]);
        for (var token = 0; token < expected.Length; token++)
        {
            var share = written.Count(w => (w.Ids.Length > 0 ? w.Ids[0] : End) == token) / (double)Draws;
            Assert.InRange(share, expected[token] - 4.5 * Math.Sqrt(0.25 / Draws), expected[token] + 4.5 * Math.Sqrt(0.25 / Draws));
        }
    });

    /// <summary>More than one block of tokens, and a last block that is not full.</summary>
    [Fact]
    public void Tokens_of_a_large_vocabulary_come_as_often_as_they_should() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        const int Vocabulary = 700;
        const int Draws = 20_000;
        const int Part = 50;
        using var network = Network(ConditioningKind.Control, Vocabulary, context: 2);
        var written = Write(network, [2], Draws, Plain)[0];
        var told = network.Conditioning.Condition(Activations([2]));
        using var inference = inference_mode();
        var expected = Plain.LogProbabilities(network.Logits(tensor(new long[] { Begin }, [1, 1]), told)).exp().squeeze().data<float>().ToArray();
        var found = new double[Vocabulary];
        foreach (var text in written)
            found[text.Ids.Length > 0 ? text.Ids[0] : End] += 1.0 / Draws;
        for (var begin = 0; begin < Vocabulary; begin += Part)
        {
            var share = expected.AsSpan(begin, Part).ToArray().Sum(p => (double)p);
            var error = 4.5 * Math.Sqrt(share * (1 - share) / Draws);
            Assert.InRange(found.AsSpan(begin, Part).ToArray().Sum(), share - error, share + error);
        }

        Assert.Equal(0, found[Begin]);
    });

    /// <summary>Both kinds together.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Ten_thousand_batches_leave_no_tensor_behind(ConditioningKind kind) => torch.Thread.Run(() =>
    {
        using var network = Network(kind, context: 3);
        var open = TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        var before = Tensor.TotalCount;
        for (var batch = 0; batch < 5_000; batch++)
        {
            using var scope = NewDisposeScope();
            Write(network, [1 + batch % 3], samples: 2, Plain);
        }

        // The count of the process may fall, as finalizers free what earlier tests forgot; the thread's own knows nothing of them.
        Assert.Equal(open, TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        Assert.InRange(Tensor.TotalCount, 0, before);
    });

    [Fact]
    public void Top_p_keeps_the_fewest_tokens_that_reach_the_share() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new[] { 0.1f, 0.5f, 0.15f, 0.25f }).log();
        float[] Of(double topP) => new TokenChoice(TopP: topP).LogProbabilities(logits).exp().data<float>().ToArray();
        Assert.Equal([0, 1, 0, 0], Of(0.3), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal([0, 2 / 3f, 0, 1 / 3f], Of(0.6), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal([0.1f, 0.5f, 0.15f, 0.25f], Of(1), (a, b) => Math.Abs(a - b) < 1e-6);
        var cold = new TokenChoice(Temperature: 0.5).LogProbabilities(logits).exp().data<float>().ToArray();
        Assert.Equal(0.25f / (0.01f + 0.25f + 0.0225f + 0.0625f), cold[1], 1e-5);
    });

    private static WrittenText[][] Write(GeneratorNetwork network, int[] activations, int samples, TokenChoice choice) =>
        new TextSampler(network, new GeneratorTokens(Tokenizer(), network.Backbone.Config, "test")).Write(
            network.Conditioning.Condition(Activations(activations)),
            [.. activations.Select(a => new RunSeed(3).Stream("texts", a.ToString(System.Globalization.CultureInfo.InvariantCulture)))],
            samples, choice, CancellationToken.None);

    private static VocabularyTokenizer Tokenizer() => new(
        "<>abcdefg".Select((c, i) => (c, i)).ToDictionary(p => p.i < 2 ? $"<{p.i}>" : p.c.ToString(), p => p.i), TokenUnit.Character,
        new TokenizerConfig(null, "<0>", "<1>", "<1>", AddsBegin: true));

    private static SiteBatch Activations(int[] which) =>
        SiteBatch.Of(1, [.. which.SelectMany(w => new[] { w, 1f, -w * 0.5f })], which.Length);

    private static GeneratorNetwork Network(ConditioningKind kind, int vocabulary = 9, int context = 9)
    {
        var config = new TransformerConfig
        {
            Family = "gpt2",
            Layers = 2,
            Heads = 2,
            HeadWidth = 4,
            Width = 8,
            MlpWidth = 16,
            Vocabulary = vocabulary,
            Context = context,
        };
        var backbone = new CausalTransformer(config);
        backbone.Initialise(new RunSeed(2), 0.5, 0.3);
        backbone.eval();
        Conditioning conditioning = kind == ConditioningKind.Control
            ? new ControlConditioning(config, [new SiteShape(2, "L0", "@last"), new SiteShape(3, "L1", "@last")], new GeneratorArchitecture { Latent = 5, ControlHeads = 3, ControlHeadWidth = 4 })
            : new PrefixConditioning(config, [2, 3]);
        conditioning.Initialise([new(new float[2], [1], []), new(new float[3], [2], [])], backbone, [[0, 2, 1], [0, 3, 1]], new RunSeed(4));
        using var frozen = no_grad();
        foreach (var (name, parameter) in conditioning.named_parameters())
        {
            if (name.Contains(".v_", StringComparison.Ordinal) || name.StartsWith("project", StringComparison.Ordinal))
            {
                var random = new RunSeed(9).Stream(name);
                parameter.copy_(tensor(Enumerable.Range(0, (int)parameter.numel()).Select(_ => (float)random.NextNormal()).ToArray(), parameter.shape));
            }
        }

        return new GeneratorNetwork(backbone, conditioning, backbone, trainsBackbone: false);
    }
}
