using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Specs;
using InverseScope.Core.Statistics.Calibration;
using InverseScope.Core.Tasks;

namespace InverseScope.Sweeps.Calibration;

/// <summary>
/// A target without a model, whose sites encode what they are told to: site <c>L{i}H0@last</c> the i-th set of features
/// (<see cref="PlantedSite"/>), or nothing at all: then a label that was drawn for each text without regard to it, so that
/// a reference has neighbours there too. Everything else is as with a real target.
/// </summary>
internal sealed class PlantedBackend : IInversionBackend
{
    private const int NullLabels = 8;

    private readonly RunSeed _seed;
    private readonly double _noiseRatio;
    private readonly int _width;
    private readonly LabelColumn[][] _planted;
    private readonly Lock _lock = new();
    private readonly double[] _weights;

    // The site asked for last: thousands of them would not fit into memory together.
    private (int Index, NeighbourSampler Sampler, float[] Rows)? _latest;

    /// <param name="options">The bank is drawn from the task, whatever sampler they name.</param>
    /// <param name="planted">Features of each site; none: nothing of the text.</param>
    /// <param name="noiseRatio">Norm of the noise over that of the signal, 0 or more.</param>
    /// <param name="width">Coordinates of an activation.</param>
    public PlantedBackend(
        ITask task, MeasurementOptions options, RunSeed seed, IReadOnlyList<IReadOnlyList<IFeature>> planted,
        double noiseRatio, int width)
    {
        (_seed, _noiseRatio, _width, Options) = (seed, noiseRatio, width, options);
        var random = seed.Stream("bank", task.Fingerprint);
        var weights = new List<double>();
        for (var draw = 0; draw < options.BankSize; draw++)
        {
            var row = Texts.Add(task.Draw(random));
            if (row == weights.Count)
                weights.Add(0);
            weights[row]++;
        }

        _weights = [.. weights];
        _planted = [.. planted.Select(features => features.Select(f => new LabelColumn(f, Texts)).ToArray())];
        Target = new TargetDescription(
            "planted", "planted", ContentHash.Of("planted", seed.Value.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            planted.Count, 1, width, width, 0, 0);
    }

    public TargetDescription Target { get; }

    public MeasurementOptions Options { get; }

    public TextPool Texts { get; } = new();

    public int PriorTexts => _weights.Length;

    public double[]? PriorWeights => _weights;

    /// <summary>The i-th site.</summary>
    public static Site SiteAt(int index) => SitePattern.ExpandAll([$"L{index}H0"], index + 1, 1, null, null)[0];

    public void Prepare(IReadOnlyList<Site> sites, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
    }

    public SiteSamples Sample(Site site, IReadOnlyList<string> references, string streamName, CancellationToken cancel)
    {
        var (sampler, rows) = At(site.Address.Layer);
        var ids = references.Select(Texts.Add).ToArray();
        // Columns label new texts one at a time and in this order, so that codes do not depend on threads.
        float[][] targets = [.. ids.Select((id, i) => id < PriorTexts
            ? rows[(id * _width)..((id + 1) * _width)]
            : Activations(site.Address.Layer, [id], references[i]))];
        var sets = new SampleSet[ids.Length];
        Parallel.For(0, ids.Length, new ParallelOptions { CancellationToken = cancel }, i =>
            sets[i] = sampler.Draw(targets[i], ids[i], _seed.Stream(streamName, site.ToString(), references[i])));
        return new SiteSamples(sets, [], 1, PriorTexts);
    }

    public IReadOnlyList<int?> CharactersRead(Site site, IReadOnlyList<string> texts) => [.. texts.Select(t => (int?)t.Length)];

    public void Dispose()
    {
    }

    private (NeighbourSampler Sampler, float[] Rows) At(int index)
    {
        lock (_lock)
        {
            if (_latest is not { } kept || kept.Index != index)
            {
                int[] all = [.. Enumerable.Range(0, PriorTexts)];
                var rows = Activations(index, all, "bank");
                _latest = kept = (index, new NeighbourSampler(rows, _width, all, _weights, Options), rows);
            }

            return (kept.Sampler, kept.Rows);
        }
    }

    private float[] Activations(int index, int[] texts, string name)
    {
        var seed = new RunSeed(_seed.Stream("known site", $"{index}").NextLong(long.MaxValue));
        int[][] columns = _planted[index].Length == 0
            ? [[.. texts.Select(t => seed.Stream("null label", Texts[t]).NextInt(NullLabels))]]
            : [.. _planted[index].Select(column => texts.Select(t => column[t]).ToArray())];
        return PlantedSite.Activations(columns, _width, _noiseRatio, seed, name);
    }
}
