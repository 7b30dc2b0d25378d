using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Testing;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;

namespace InverseScope.Torch.Tests.Generators;

/// <summary>Samples of a small generator against the whole of a small prior, where every weight is known.</summary>
[Collection(TorchCollection.Name)]
public sealed class GeneratorSamplingTests(TorchFixture torch, SpeakerGenerator speaker) : IClassFixture<SpeakerGenerator>, IDisposable
{
    private const int References = 12;

    private static readonly MeasurementOptions Exact = new()
    {
        Sampler = SamplerKind.Enumerate,
        Epsilon = 0.01,
        NormBand = 0.5,
        Samples = 0,
        IncludeReference = true,
        BankSize = 800,
        Draws = 1_500,
    };

    private readonly TempFolder _banks = new();

    public void Dispose() => _banks.Dispose();

    [Theory]
    [InlineData(SamplerKind.Generator, true, 1, 1)]
    [InlineData(SamplerKind.Generator, false, 1, 1)]
    [InlineData(SamplerKind.Generator, true, 1.5, 1)]
    [InlineData(SamplerKind.Mixture, true, 1, 1)]
    [InlineData(SamplerKind.Mixture, false, 1, 0.5)]
    public void Label_shares_are_those_of_the_enumerated_prior(SamplerKind sampler, bool exactPrior, double temperature, double topP)
    {
        using var exact = Open(Exact);
        using var backend = Open(Exact with { Sampler = sampler, Temperature = temperature, TopP = topP }, exactPrior ? SpeakerTarget.Task : new Unweighed(SpeakerTarget.Task));
        foreach (var site in Sites(backend))
        {
            var (expected, found) = (Sample(exact, site), Sample(backend, site));
            double difference = 0, apart = 0;
            for (var r = 0; r < References; r++)
            {
                var (a, b) = (Shares(exact, expected.Sets[r]), Shares(backend, found.Sets[r]));
                difference += a.Keys.Union(b.Keys).Sum(l => Math.Abs(a.GetValueOrDefault(l) - b.GetValueOrDefault(l))) / 2 / References;
                var other = Shares(exact, expected.Sets[(r + 1) % References]);
                apart += a.Keys.Union(other.Keys).Sum(l => Math.Abs(a.GetValueOrDefault(l) - other.GetValueOrDefault(l))) / 2 / References;
            }

            Assert.True(difference < 0.09, $"{site}: {difference:0.000}");
            Assert.True(apart > 0.15, $"{site}: what is the same for every reference would hide a wrong weight ({apart:0.000})");
        }
    }

    [Fact]
    public void Rows_of_the_bank_that_stand_for_others_weigh_as_much_as_those()
    {
        const int Streams = 40;
        const int Few = 4;
        // A generator that writes only its likeliest tokens misses most of what is near.
        var wide = Exact with { Epsilon = 0.3, BankSize = 6_000, TopP = 0.4 };
        using var exact = Open(wide);
        using var backend = Open(wide with { Sampler = SamplerKind.Mixture, Draws = 24 });
        var site = Sites(backend)[0];
        var expected = Sample(exact, site);
        backend.Prepare([site], null, default);
        var difference = 0.0;
        var found = Enumerable.Range(0, Streams)
            .Select(i => backend.Sample(site, [.. Texts().Take(Few)], $"stream {i}", default).Sets.Select(s => Shares(backend, s)).ToArray()).ToArray();
        for (var r = 0; r < Few; r++)
        {
            Assert.True(expected.Sets[r].Neighbours > 48);
            var shares = Shares(exact, expected.Sets[r]);
            difference += shares.Keys.Union(found.SelectMany(f => f[r].Keys))
                .Sum(l => Math.Abs(shares.GetValueOrDefault(l) - found.Average(f => f[r].GetValueOrDefault(l)))) / 2 / Few;
        }

        Assert.True(difference < 0.08, $"{difference:0.000}");
    }

    [Fact]
    public void The_reference_is_left_out_and_draws_are_counted()
    {
        using var backend = Open(Exact with { Sampler = SamplerKind.Generator, IncludeReference = false, Draws = 200 });
        foreach (var set in Sample(backend, Sites(backend)[0]).Sets)
        {
            Assert.DoesNotContain(set.Reference, set.Texts);
            var draws = set.Draws!;
            Assert.Equal(200, draws.Total);
            // So many of few texts cannot all differ.
            Assert.InRange(draws.Repeated, 1, draws.Total - draws.Unfinished - 1);
            Assert.Equal(draws.Total - draws.Unfinished, draws.Distinct + draws.Repeated);
            Assert.InRange(draws.Distinct, set.Neighbours, draws.Total);
            Assert.InRange(draws.Refused, draws.Unfinished + draws.Unread, draws.Total);
            Assert.True(set.Neighbours <= draws.Total - draws.Unfinished - draws.Invalid);
            Assert.All(set.Texts, t => Assert.Null(SpeakerTarget.Task.WhyInvalid(backend.Texts[t])));
        }
    }

    [Theory]
    [InlineData(SamplerKind.Bank)]
    [InlineData(SamplerKind.Enumerate)]
    public void Beside_other_samplers_it_tells_of_tokens_and_changes_no_sample(SamplerKind sampler)
    {
        using var alone = Open(Exact with { Sampler = sampler });
        using var beside = Open(Exact with { Sampler = sampler, Generator = speaker.Folder(torch) });
        using var mixture = Open(Exact with { Sampler = SamplerKind.Mixture, Draws = 20 });
        var site = Sites(beside)[0];
        var (without, with, generated) = (Sample(alone, site), Sample(beside, site), Sample(mixture, site));
        foreach (var (expected, found) in without.Sets.Zip(with.Sets))
        {
            Assert.Equal(expected.Texts.Select(t => alone.Texts[t]), found.Texts.Select(t => beside.Texts[t]));
            Assert.Equal(expected.Weights, found.Weights);
            Assert.Equal(expected.Bits, found.Bits);
        }

        Assert.All(without.Sets, s => Assert.Null(s.Tokens));
        Assert.All(with.Sets, s => Assert.Null(s.Draws));
        foreach (var (set, same) in with.Sets.Zip(generated.Sets))
        {
            Assert.Equal(same.Bits!.Value, set.Tokens!.Sum(t => t.Bits), 1e-4);
            Assert.Equal(same.Tokens!.Select(t => t.Token), set.Tokens!.Select(t => t.Token));
        }
    }

    [Fact]
    public void Bits_are_those_of_the_references_tokens_at_temperature_1()
    {
        using var backend = Open(Exact with { Sampler = SamplerKind.Mixture, Temperature = 0.5, TopP = 0.5, Draws = 20 });
        using var generator = Generator.Open(speaker.Folder(torch), torch.Thread);
        var site = Sites(backend)[0];
        var samples = Sample(backend, site);
        var activations = new Dictionary<string, float[]>();
        using (var target = TargetModel.Open(speaker.Model(torch), torch.Thread))
        using (var capture = new ActivationCapture(target, [site], Basis.Raw, SpeakerTarget.Task))
        {
            foreach (var text in Texts())
                activations[text] = capture.Read([text], default)[0][0].ToArray();
        }

        foreach (var set in samples.Sets)
        {
            var text = backend.Texts[set.Reference];
            var q = generator.LogGiven(generator.IndexOf(site)!.Value, [activations[text]], [text], new DrawOptions(), default)[0].Sum();
            var p = generator.LogPrior([text], default)[0].Sum();
            Assert.Equal((q - p) / Math.Log(2), set.Bits!.Value, 1e-3);
            Assert.Equal(set.Bits.Value, set.Tokens!.Sum(t => t.Bits), 1e-9);
            Assert.All(set.Tokens!, t => Assert.Equal(t.Token, text.Substring(t.Start, t.Token.Length)));
            Assert.Equal(text.Length, set.Tokens![^1].Start);
        }

        Assert.Equal(samples.Sets.Average(s => s.Bits!.Value), samples.Bits!.Value, 1e-9);
        Assert.True(samples.Bits > 0);
    }

    [Fact]
    public void Without_a_bank_nothing_is_captured_and_the_prior_is_there_for_chance()
    {
        using var backend = Open(Exact with { Sampler = SamplerKind.Generator, Draws = 10 });
        var site = Sites(backend)[0];
        var samples = Sample(backend, site);
        Assert.Empty(Directory.GetFileSystemEntries(_banks.Path));
        Assert.Equal(1, samples.PriorShareWithPosition);
        Assert.Equal(backend.PriorTexts, samples.Rows);
        Assert.Equal(800, backend.PriorWeights!.Sum());
        using var mixture = Open(Exact with { Sampler = SamplerKind.Mixture });
        using var exact = Open(Exact);
        Assert.Equal(backend.Generator, mixture.Generator);
        Assert.Null(exact.Generator);
    }

    [Fact]
    public void The_same_question_gives_the_same_samples_and_another_stream_others()
    {
        using var first = Open(Exact with { Sampler = SamplerKind.Mixture, Draws = 40, Samples = 16 });
        using var second = Open(Exact with { Sampler = SamplerKind.Mixture, Draws = 40, Samples = 16 });
        var site = Sites(first)[1];
        Assert.Equal(Shown(first, Sample(first, site)), Shown(second, Sample(second, site)));
        Assert.NotEqual(Shown(first, Sample(first, site)), Shown(first, first.Sample(site, Texts(), "other", default)));
    }

    [Fact]
    public void The_plain_average_takes_every_valid_sample_alike()
    {
        using var backend = Open(Exact with { Sampler = SamplerKind.Generator, Weighting = Weighting.None, Draws = 50 });
        foreach (var set in Sample(backend, Sites(backend)[0]).Sets)
        {
            // A text weighs as often as it was drawn.
            var valid = set.Draws!.Total - set.Draws.Unfinished - set.Draws.Invalid;
            Assert.All(set.Weights, w => Assert.Equal(Math.Round(w * valid), w * valid, 1e-4));
            Assert.Equal(1, set.Weights.Sum(w => (double)w), 1e-5);
            Assert.InRange(set.Neighbours, 1, valid);
        }
    }

    [Fact]
    public void What_the_generator_is_not_for_is_refused_with_what_it_is_for()
    {
        using var backend = Open(Exact with { Sampler = SamplerKind.Generator });
        var untrained = Assert.Throws<BadInputException>(() => backend.Prepare(SitePattern.ExpandAll(["L0H0@2", "L0H1@2"], 1, 2, null, SpeakerTarget.Task), null, default));
        Assert.Contains("was not trained on L0H0@2.", untrained.Message, StringComparison.Ordinal);
        Assert.Contains(string.Join(", ", SpeakerGenerator.Patterns), untrained.Message, StringComparison.Ordinal);
        Assert.Contains("basis", Assert.Throws<BadInputException>(() => Open(Exact with { Sampler = SamplerKind.Generator, Basis = Basis.Centred })).What, StringComparison.Ordinal);
        Assert.Contains("task", Assert.Throws<BadInputException>(() => Open(
            Exact with { Sampler = SamplerKind.Mixture }, new TextFileTask("own", "test", [new("First Ann, then Bea: this was", 1)]))).What, StringComparison.Ordinal);
    }

    private static readonly string[] AllTexts = [.. Enumerable.Range(0, (int)SpeakerTarget.Task.Count!).Select(i => SpeakerTarget.Task.TextAt(i))];

    private static string[] Texts() => [.. Enumerable.Range(0, References).Select(i => AllTexts[i * AllTexts.Length / References])];

    private static SiteSamples Sample(TorchBackend backend, Site site)
    {
        backend.Prepare([site], null, default);
        return backend.Sample(site, Texts(), "s", default);
    }

    // Who spoke first.
    private static Dictionary<string, double> Shares(TorchBackend backend, SampleSet set)
    {
        var shares = new Dictionary<string, double>();
        for (var i = 0; i < set.Texts.Length; i++)
        {
            var label = backend.Texts[set.Texts[i]].Replace("At last", "First", StringComparison.Ordinal).Split(' ')[1];
            shares[label] = shares.GetValueOrDefault(label) + set.Weights[i];
        }

        return shares;
    }

    private static string Shown(TorchBackend backend, SiteSamples samples) => string.Join(';', samples.Sets.Select(s =>
        string.Join(',', s.Texts.Select(t => backend.Texts[t])) + string.Join(',', s.Weights) + s.Ess + s.Bits));

    private static IReadOnlyList<Site> Sites(TorchBackend backend) =>
        SitePattern.ExpandAll(SpeakerGenerator.Patterns, backend.Target.Layers, backend.Target.Heads, null, SpeakerTarget.Task);

    private TorchBackend Open(MeasurementOptions options, ITask? task = null) => TorchBackend.Open(
        torch.Thread, speaker.Model(torch), "tiny", task ?? SpeakerTarget.Task, options, new RunSeed(7), _banks.Path,
        generators: _ => speaker.Folder(torch));

    /// <summary>The task, without its probabilities.</summary>
    private sealed class Unweighed(ITask task) : ITask
    {
        public string Name => task.Name;

        public string Description => task.Description;

        public string Fingerprint => task.Fingerprint;

        public long? Count => task.Count;

        public IReadOnlyList<string> PositionNames => task.PositionNames;

        public IReadOnlyDictionary<string, IReadOnlyList<string>> Lexicons => task.Lexicons;

        public string TextAt(long index) => task.TextAt(index);

        public string Draw(RandomStream random) => task.Draw(random);

        public double? LogProbability(string text) => null;

        public string? WhyInvalid(string text) => task.WhyInvalid(text);

        public int? CharacterAt(string positionName, string text) => task.CharacterAt(positionName, text);
    }
}
