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
        Distance = DistanceKind.Euclidean,
        Epsilon = 1.5,
        Samples = 0,
    };

    private static readonly Site Head = SitePattern.Parse("L1H0@last").Expand(2, 2)[0];
    private static readonly Site Third = SitePattern.Parse("L0.mlp@2").Expand(2, 2)[0];

    private readonly TorchFixture _torch;
    private readonly TempFolder _model;
    private readonly TempFolder _folder = new();
    private readonly ITask _task;

    public TorchBackendTests(TorchFixture torch)
    {
        (_torch, _model) = (torch, TinyTarget.Make(torch.Thread));
        var letters = "abcdefgh";
        var texts = letters.SelectMany(a => letters.Select(b => $"{a}{b}")).Concat(letters.Select(a => $"{a}cb"));
        File.WriteAllLines(_folder["texts.txt"], texts);
        _task = new TaskCatalog().Find(_folder["texts.txt"]);
    }

    [Fact]
    public void Samples_are_the_neighbours_that_a_slow_computation_finds()
    {
        using var backend = Open(Enumerate);
        backend.Prepare([Head, Third], null, default);
        var samples = backend.Sample(Head, ["ab", "gcb"], "test", default);
        using var target = TargetModel.Open(_model.Path, _torch.Thread);
        using var capture = new ActivationCapture(target, [Head], Basis.Raw, _task);
        var all = Enumerable.Range(0, (int)_task.Count!).Select(i => _task.TextAt(i)).ToArray();
        var found = capture.Read(all, default)[0];
        foreach (var set in samples.Sets)
        {
            var at = Array.IndexOf(all, backend.Texts[set.Reference]);
            var distances = all.Select((_, i) => Distance(found[at], found[i])).ToArray();
            var near = Enumerable.Range(0, all.Length).Where(i => i != at && distances[i] < 1.5 * Math.Sqrt(2 * Math.Log(1e9)));
            Assert.Equal(near.Select(i => all[i]), set.Texts.Select(t => backend.Texts[t]));
            var weights = near.Select(i => Math.Exp(-distances[i] * distances[i] / (2 * 1.5 * 1.5))).ToArray();
            for (var i = 0; i < weights.Length; i++)
                Assert.Equal(weights[i] / weights.Sum(), set.Weights[i], 1e-5);
        }
    }

    [Fact]
    public void A_text_without_the_position_is_neither_reference_nor_sample()
    {
        using var backend = Open(Enumerate with { Epsilon = 100 });
        backend.Prepare([Third], null, default);
        var samples = backend.Sample(Third, ["ab", "gcb"], "test", default);
        Assert.Equal("gcb", backend.Texts[Assert.Single(samples.Sets).Reference]);
        Assert.Equal("ab", backend.Texts[Assert.Single(samples.WithoutPosition)]);
        Assert.Equal((8 / 72.0, 8L), (samples.PriorShareWithPosition, samples.Rows));
        Assert.All(samples.Sets[0].Texts, t => Assert.Equal(3, backend.Texts[t].Length));
    }

    [Fact]
    public void A_position_that_no_text_has_is_refused_and_nothing_is_left_behind()
    {
        using var backend = Open(Enumerate);
        var site = SitePattern.Parse("L0H0@7").Expand(2, 2)[0];
        Assert.Contains("@7", Assert.Throws<BadInputException>(() => backend.Prepare([site], null, default)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder["banks"]));
    }

    [Fact]
    public void A_bank_is_made_once_and_made_again_when_it_is_broken()
    {
        using (var first = Open(Enumerate))
            first.Prepare([Head], null, default);
        var file = Assert.Single(Directory.GetFiles(_folder["banks"]));
        var bytes = File.ReadAllBytes(file);
        var written = File.GetLastWriteTimeUtc(file);
        using (var second = Open(Enumerate with { Epsilon = 3, Kernel = KernelKind.Threshold }))
            second.Prepare([Head], null, default);
        Assert.Equal(written, File.GetLastWriteTimeUtc(file));
        File.WriteAllBytes(file, bytes[..^5]);
        using var third = Open(Enumerate);
        third.Prepare([Head], null, default);
        Assert.Equal(bytes, File.ReadAllBytes(file));
    }

    [Fact]
    public void A_draw_that_comes_twice_weighs_twice()
    {
        var bank = Enumerate with { Sampler = SamplerKind.Bank, BankSize = 2000, Epsilon = 1e6, Kernel = KernelKind.Threshold };
        using var backend = Open(bank);
        backend.Prepare([Head], null, default);
        Assert.Equal(72, backend.PriorTexts);
        var set = backend.Sample(Head, ["ab"], "test", default).Sets[0];
        var random = new RunSeed(3).Stream("bank", _task.Fingerprint);
        var times = Enumerable.Range(0, 2000).Select(_ => _task.Draw(random)).CountBy(t => t).ToDictionary();
        var others = 2000.0 - times["ab"];
        Assert.All(set.Texts.Zip(set.Weights), s => Assert.Equal(times[backend.Texts[s.First]] / others, s.Second, 1e-6));
    }

    [Fact]
    public void A_prior_without_end_cannot_be_enumerated()
    {
        var counting = new TaskCatalog().Find("counting");
        var error = Assert.Throws<BadInputException>(() =>
            TorchBackend.Open(_torch.Thread, _model.Path, null, counting, Enumerate, new RunSeed(3), _folder["banks"]));
        Assert.Contains("sampler", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_target_has_read_through_the_end_of_the_sites_token()
    {
        using var backend = Open(Enumerate);
        Assert.Equal((3, 3, null), (backend.CharactersRead(Head, "abc"), backend.CharactersRead(Third, "abcd"), backend.CharactersRead(Third, "ab")));
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    private TorchBackend Open(MeasurementOptions options) =>
        TorchBackend.Open(_torch.Thread, _model.Path, "tiny", _task, options, new RunSeed(3), _folder["banks"]);

    private static double Distance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (var k = 0; k < a.Length; k++)
            sum += Math.Pow(a[k] - (double)b[k], 2);
        return Math.Sqrt(sum);
    }
}
