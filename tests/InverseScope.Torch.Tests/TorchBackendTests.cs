using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Testing;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Models;

namespace InverseScope.Torch.Tests;

[Collection(TorchCollection.Name)]
public sealed class TorchBackendTests : IDisposable
{
    private static readonly MeasurementOptions Enumerate = new()
    {
        Sampler = SamplerKind.Enumerate,
        Kernel = KernelKind.Threshold,
        Distance = DistanceKind.Relative,
        Epsilon = 0.5,
        Samples = 0,
        IncludeReference = true,
    };

    private readonly TempFolder _banks = new();
    private readonly TorchFixture _torch;
    private readonly TempFolder _model;
    private readonly TargetModel _target;
    private readonly TextFileTask _task = new(
        "own", "test", Enumerable.Range(0, 200).Select(i => new WeightedText($"{"abcdefgh"[i % 8]}{"abcdefgh"[i / 8 % 8]}{"cdef"[i / 64]}", 1 + i % 3)));

    public TorchBackendTests(TorchFixture torch)
    {
        (_torch, _model) = (torch, TinyTarget.Make(torch.Thread));
        _target = TargetModel.Open(_model.Path, torch.Thread);
    }

    public void Dispose()
    {
        _target.Dispose();
        _model.Dispose();
        _banks.Dispose();
    }

    [Fact]
    public void Random_weights_make_another_target_of_the_same_scales_and_the_same_one_each_time()
    {
        var seed = new RunSeed(7);
        using var random = TargetModel.Open(_model.Path, _torch.Thread, "tiny", seed);
        using var again = TargetModel.Open(_model.Path, _torch.Thread, "tiny", seed);
        Assert.NotEqual(_target.Description.ContentHash, random.Description.ContentHash);
        Assert.Equal(random.Description.ContentHash, again.Description.ContentHash);
        using var other = TargetModel.Open(_model.Path, _torch.Thread, "tiny", new RunSeed(8));
        Assert.NotEqual(random.Description.ContentHash, other.Description.ContentHash);

        var sites = Sites("L1H0");
        float[] Activation(TargetModel target)
        {
            using var capture = new ActivationCapture(target, sites, Basis.Raw, null);
            return capture.Read(["abc"], default)[0][0].ToArray();
        }

        Assert.Equal(Activation(random), Activation(again));
        Assert.NotEqual(Activation(_target), Activation(random));
        var (trained, control) = (Deviations(_target), Deviations(random));
        Assert.All(trained.Zip(control), pair => Assert.InRange(pair.Second, 0.7 * pair.First, 1.3 * pair.First));

        static double[] Deviations(TargetModel target) => target.Compute(network => network.named_parameters()
            .Where(p => p.parameter.numel() > 500).Select(p =>
            {
                using var deviation = p.parameter.detach().std();
                return (double)deviation.item<float>();
            }).ToArray());
    }

    [Fact]
    public void A_backend_with_random_weights_keeps_its_activations_apart()
    {
        using var trained = Backend(Enumerate);
        using var random = TorchBackend.Open(
            _torch.Thread, _model.Path, "tiny", _task, Enumerate, new RunSeed(7), _banks.Path, TargetWeights.Random);
        Assert.NotEqual(trained.BankFolder, random.BankFolder);
        Assert.Equal(trained.PriorWeights, random.PriorWeights);
        Assert.Equal(trained.PriorTexts, trained.PriorWeights!.Length);
    }

    [Fact]
    public void Samples_are_the_texts_within_epsilon_with_their_prior_weights()
    {
        using var backend = Backend(Enumerate);
        var site = Sites("L1H0")[0];
        backend.Prepare([site], null, default);
        using var capture = new ActivationCapture(_target, [site], Basis.Raw, null);
        var texts = Enumerable.Range(0, backend.PriorTexts).Select(i => backend.Texts[i]).ToArray();
        var activations = capture.Read(texts, default)[0];
        var set = Assert.Single(backend.Sample(site, [texts[17]], "s", default).Sets);

        var target = activations[17].ToArray();
        double Distance(int i) => Norm(activations[i].ToArray().Zip(target, (a, b) => a - b)) / Norm(target);
        var near = Enumerable.Range(0, texts.Length).Where(i => Distance(i) < 0.5).ToArray();
        Assert.InRange(near.Length, 2, texts.Length - 1);
        Assert.Equal(near, set.Texts);
        var prior = near.Select(i => Math.Exp(_task.LogProbability(texts[i])!.Value)).ToArray();
        for (var i = 0; i < near.Length; i++)
        {
            Assert.Equal(Distance(near[i]), set.Distances[i], 1e-4);
            Assert.Equal(prior[i] / prior.Sum(), set.Weights[i], 1e-5);
        }
    }

    [Fact]
    public void A_reference_outside_the_population_is_run_and_joins_the_pool()
    {
        using var backend = Backend(Enumerate with { Epsilon = 10 });
        var site = Sites("L0H1")[0];
        backend.Prepare([site], null, default);
        var samples = backend.Sample(site, ["hhhh", "aac"], "s", default);
        Assert.Equal(backend.PriorTexts, samples.Sets[0].Reference);
        Assert.Equal("hhhh", backend.Texts[samples.Sets[0].Reference]);
        Assert.Equal(backend.PriorTexts, samples.Sets[0].Neighbours);
        Assert.DoesNotContain(samples.Sets[0].Reference, samples.Sets[0].Texts);
    }

    [Fact]
    public void References_without_the_position_are_told_apart()
    {
        using var backend = Backend(Enumerate, new TextFileTask("own", "test", [new("ab", 3), new("abcd", 1), new("bbcd", 1)]));
        var site = Sites("L0H0@3")[0];
        backend.Prepare([site], null, default);
        var samples = backend.Sample(site, ["abcd", "ab", "c", "hhhh"], "s", default);
        Assert.Equal(["abcd", "hhhh"], samples.Sets.Select(s => backend.Texts[s.Reference]));
        Assert.Equal(["ab", "c"], samples.WithoutPosition.Select(id => backend.Texts[id]));
        Assert.Equal(0.4, samples.PriorShareWithPosition, 1e-9);
        Assert.Equal(2, samples.Rows);
        Assert.DoesNotContain(0, samples.Sets[0].Texts);
    }

    [Fact]
    public void Samples_depend_on_seed_stream_site_and_reference_alone()
    {
        var options = new MeasurementOptions { BankSize = 500, Samples = 8, Epsilon = 0.3 };
        var sites = Sites("L0H0", "L1H1");
        string[] references = ["abc", "hgf", "hhhh", "cccc"];
        using var first = Backend(options);
        first.Prepare(sites, null, default);
        var together = first.Sample(sites[1], references, "s", default).Sets;
        using var second = Backend(options);
        second.Prepare([sites[1]], null, default);
        for (var i = references.Length - 1; i >= 0; i--)
        {
            var alone = second.Sample(sites[1], [references[i]], "s", default).Sets[0];
            Assert.Equal(Texts(first, together[i]), Texts(second, alone));
            Assert.Equal(together[i].Distances, alone.Distances);
            Assert.Equal(together[i].Ess, alone.Ess);
        }

        var otherStream = first.Sample(sites[1], references, "t", default).Sets;
        Assert.Contains(references.Index(), r => !Texts(first, together[r.Index]).SequenceEqual(Texts(first, otherStream[r.Index])));
    }

    [Fact]
    public void Characters_read_end_with_the_token_at_the_site()
    {
        using var backend = Backend(Enumerate);
        Assert.Equal(2, backend.CharactersRead(Sites("L0H0@1")[0], ["abcd"])[0]);
        Assert.Equal(4, backend.CharactersRead(Sites("L0H0")[0], ["abcd"])[0]);
        Assert.Null(backend.CharactersRead(Sites("L0H0@6")[0], ["abcd"])[0]);
    }

    [Fact]
    public void A_begin_token_has_read_no_characters()
    {
        using var backend = TorchBackend.Open(
            _torch.Thread, Shared.Path("models/addition"), null, new AdditionTask(), new MeasurementOptions { BankSize = 2 }, new RunSeed(1), _banks.Path);
        Assert.Equal(0, backend.CharactersRead(Sites("L0H0@0")[0], ["615+861=1476"])[0]);
        Assert.Equal(8, backend.CharactersRead(SitePattern.Parse("L0H0@eq").Expand(2, 4)[0], ["615+861=1476"])[0]);
    }

    [Fact]
    public void The_token_before_the_reply_is_the_last_of_an_instruction_and_another_models_chat_template_is_refused()
    {
        TextFileTask Instructions(string template) => new("own", "test", [new("ab", 3), new("abcd", 1)], InstructionFormat.Of(template));
        using var backend = Backend(Enumerate, Instructions("none"));
        var reply = SitePattern.Parse("L0H0@reply").Expand(backend.Target.Layers, backend.Target.Heads)[0];
        Assert.Equal(backend.CharactersRead(Sites("L0H0")[0], ["abcd"])[0], backend.CharactersRead(reply, ["abcd"])[0]);
        Assert.Contains("are to be read in the chat template gemma-it.", Assert.Throws<BadInputException>(
            () => Backend(Enumerate, Instructions("gemma-it"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_site_that_is_not_prepared_is_the_callers_fault()
    {
        using var backend = Backend(Enumerate);
        Assert.Throws<ArgumentException>(() => backend.Sample(Sites("L0H0")[0], ["abc"], "s", default));
    }

    [Fact]
    public void Options_that_cannot_be_used_are_refused()
    {
        var e = Assert.Throws<BadInputException>(() => Backend(Enumerate with { Epsilon = 0 }));
        Assert.Contains("epsilon", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_sites_and_callers_at_once_give_the_same_samples()
    {
        using var backend = Backend(Enumerate);
        var sites = Sites("L*H*", "L*.attn", "L*.mlp", "L*.resid", "embed");
        backend.Prepare(sites, null, default);
        string[] references = ["aac", "hhhh", "bcd"];
        var expected = sites.Select(site => Shown(backend, site, references)).ToArray();
        var found = new string[sites.Length];
        var callers = sites.Select((site, s) => new Thread(() => found[s] = Shown(backend, site, references))).ToArray();
        Array.ForEach(callers, c => c.Start());
        Array.ForEach(callers, c => c.Join());
        Assert.Equal(expected, found);
    }

    private static string Shown(TorchBackend backend, Site site, string[] references) =>
        string.Join(';', backend.Sample(site, references, "s", default).Sets.Select(set => string.Join(',', Texts(backend, set)) + string.Join(',', set.Weights)));

    private static IEnumerable<string> Texts(TorchBackend backend, SampleSet set) => set.Texts.Select(id => backend.Texts[id]);

    private static double Norm(IEnumerable<float> values) => Math.Sqrt(values.Sum(v => (double)v * v));

    private static Site[] Sites(params string[] patterns) => [.. SitePattern.ExpandAll(patterns, TinyTarget.Layers, TinyTarget.Heads)];

    private TorchBackend Backend(MeasurementOptions options, ITask? task = null) =>
        TorchBackend.Open(_torch.Thread, _model.Path, "tiny", task ?? _task, options, new RunSeed(7), _banks.Path);
}
