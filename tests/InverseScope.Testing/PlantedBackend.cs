using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;

namespace InverseScope.Testing;

/// <summary>
/// A backend whose sites encode what a test says: the activation of a text is a random unit vector for the site's
/// label of that text, plus noise. A site that the test does not name is independent of its text.
/// </summary>
public sealed class PlantedBackend : IInversionBackend
{
    private const int Width = 16;
    private readonly ITask _task;
    private readonly RunSeed _seed;
    private readonly IReadOnlyDictionary<string, Func<string, string?>> _planted;
    private readonly double _noise;
    private readonly Dictionary<Site, NeighbourSampler> _samplers = [];
    private readonly int[] _rowTexts;

    /// <param name="planted">Label of a text by site, in its full form.</param>
    /// <param name="noise">Standard deviation of each coordinate, the label's vector having norm 1.</param>
    public PlantedBackend(
        ITask task, MeasurementOptions options, RunSeed seed, IReadOnlyDictionary<string, Func<string, string?>> planted,
        double noise = 0.02, int layers = 2, int heads = 2)
    {
        (_task, _seed, _planted, _noise, Options) = (task, seed, planted, noise, options);
        Target = new TargetDescription("planted", "planted", "0000", layers, heads, Width, Width * heads, 100, 64);
        var random = seed.Stream("bank", task.Fingerprint);
        _rowTexts = [.. Enumerable.Range(0, options.BankSize).Select(_ => Texts.Add(task.Draw(random)))];
        PriorTexts = Texts.Count;
    }

    public TargetDescription Target { get; }

    public MeasurementOptions Options { get; }

    public TextPool Texts { get; } = new();

    public int PriorTexts { get; }

    public double[]? PriorWeights => null;

    /// <summary>Called at the start of each <see cref="Sample"/>: lets a test break off in the middle.</summary>
    public Action<Site>? BeforeSampling { get; init; }

    /// <summary>Told the stream and the references of each <see cref="Sample"/>.</summary>
    public Action<string, IReadOnlyList<string>>? AfterSampling { get; init; }

    /// <summary>Told the requests of each <see cref="Patch"/>.</summary>
    public Action<IReadOnlyList<PatchRequest>>? Patched { get; init; }

    /// <summary>What is written after a text with the activation of a donor.</summary>
    public Func<Site, ContinuationRequest, string?>? Continued { get; init; }

    public void Prepare(IReadOnlyList<Site> sites, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        foreach (var site in sites)
        {
            var rows = new float[_rowTexts.Length * Width];
            for (var i = 0; i < _rowTexts.Length; i++)
                Activation(site, Texts[_rowTexts[i]], i).CopyTo(rows, i * Width);
            _samplers[site] = new NeighbourSampler(rows, Width, _rowTexts, null, Options);
        }

        progress?.Report(new WorkProgress("planted activations", sites.Count, sites.Count, "sites"));
    }

    public SiteSamples Sample(Site site, IReadOnlyList<string> references, string streamName, CancellationToken cancel)
    {
        BeforeSampling?.Invoke(site);
        var sets = references.Select((text, i) => _samplers[site].Draw(
            Activation(site, text, -1 - i), Texts.Add(text), _seed.Stream(streamName, site.ToString(), text))).ToArray();
        AfterSampling?.Invoke(streamName, references);
        return new SiteSamples(sets, [], 1, _rowTexts.Length);
    }

    /// <summary>
    /// The output follows what is planted: 3 bits change with the label, and the answer goes from 0.9 to 0.1; at other sites nothing does.
    /// </summary>
    public IReadOnlyList<PatchOutcome?> Patch(Site site, IReadOnlyList<PatchRequest> requests, CancellationToken cancel)
    {
        Patched?.Invoke(requests);
        var label = _planted.TryGetValue(site.ToString(), out var planted) ? planted : _ => null;
        double? Answered(PatchRequest request, double probability) => request.Answer is null ? null : probability;
        return [.. requests.Select(request => new PatchOutcome(Answered(request, 0.9), [.. request.Donors.Select(donor =>
            (PatchEffect?)(label(donor) == label(request.Text) ? new PatchEffect(0, Answered(request, 0.9)) : new PatchEffect(3, Answered(request, 0.1))))]))];
    }

    /// <summary>Writes what <see cref="Continued"/> says.</summary>
    public IReadOnlyList<string?> Continue(Site site, IReadOnlyList<ContinuationRequest> requests, CancellationToken cancel) =>
        [.. requests.Select(request => (Continued ?? throw new NotSupportedException())(site, request))];

    public IReadOnlyList<int?> CharactersRead(Site site, IReadOnlyList<string> texts) => [.. texts.Select(t => (int?)t.Length)];

    public void Dispose()
    {
    }

    private float[] Activation(Site site, string text, int draw)
    {
        var name = site.ToString();
        var direction = _planted.TryGetValue(name, out var label)
            ? _seed.Stream("direction", name, label(text) ?? "")
            : _seed.Stream("null site", name, text);
        var noise = _seed.Stream("noise", name, text, draw.ToString(System.Globalization.CultureInfo.InvariantCulture));
        var vector = new double[Width];
        double norm = 0;
        for (var k = 0; k < Width; k++)
        {
            vector[k] = direction.NextNormal();
            norm += vector[k] * vector[k];
        }

        return [.. vector.Select(v => (float)(v / Math.Sqrt(norm) + _noise * noise.NextNormal()))];
    }
}
