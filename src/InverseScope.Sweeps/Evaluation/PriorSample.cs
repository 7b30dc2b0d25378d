using InverseScope.Core.Consistency;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Specs;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>
/// The texts of the prior that chance, entropies and partitions are taken over: all of an enumerated prior, where they are
/// then exact, or those of the bank. Only texts that have the site's position are among them, since no other can be a
/// sample there.
/// </summary>
public sealed class PriorSample
{
    private const int PartitionTexts = 2_000;

    private readonly int[] _texts;
    private readonly double[]? _weights;
    private readonly double[] _cumulated;
    private readonly int[] _partition;

    private PriorSample(int[] texts, double[]? weights, bool isExact, RunSeed seed)
    {
        (_texts, _weights, IsExact) = (texts, weights, isExact);
        _cumulated = new double[texts.Length];
        var sum = 0.0;
        for (var i = 0; i < texts.Length; i++)
            _cumulated[i] = sum += weights?[i] ?? 1;
        // An enumeration is in order: its first texts are all alike.
        var random = seed.Stream("prior partition");
        _partition = texts.Length <= PartitionTexts
            ? texts
            : [.. Enumerable.Range(0, PartitionTexts).Select(_ => Draw(random))];
    }

    /// <param name="samples">Of the site, which say whether some texts lack its position.</param>
    /// <param name="seed">Chance of <see cref="Partition"/>.</param>
    public static PriorSample Of(IInversionBackend backend, Site site, SiteSamples samples, RunSeed seed)
    {
        int[] texts = [.. Enumerable.Range(0, backend.PriorTexts)];
        if (samples.PriorShareWithPosition < 1)
        {
            var read = backend.CharactersRead(site, [.. texts.Select(t => backend.Texts[t])]);
            texts = [.. texts.Where(t => read[t] is not null)];
        }

        return new PriorSample(
            texts, backend.PriorWeights is { } all ? [.. texts.Select(t => all[t])] : null,
            backend.Options.Sampler == SamplerKind.Enumerate, seed);
    }

    /// <summary>
    /// Whether this is the whole prior. Entropies are taken over it only then: those of a bank fall short where labels are
    /// many, while an estimate from references corrects for that.
    /// </summary>
    public bool IsExact { get; }

    /// <summary>Weight of each text, any scale; null if all are alike.</summary>
    public double[]? Weights => _weights;

    /// <summary>A feature's label code on each text.</summary>
    public int[] Labels(RankedLabels labels) => Array.ConvertAll(_texts, t => labels[t]);

    /// <summary>Share of the texts that have each label, by label code (<see cref="PriorLabels.Shares"/>).</summary>
    public double[] Shares(RankedLabels labels) => PriorLabels.Shares(Labels(labels), _weights);

    /// <summary>Share of the prior that one text is; 0 if it is not among these.</summary>
    public double ShareOf(int text) => Array.BinarySearch(_texts, text) is >= 0 and var at ? (_weights?[at] ?? 1) / _cumulated[^1] : 0;

    /// <summary>Share of the texts whose label is not missing.</summary>
    public double KnownShare(RankedLabels labels)
    {
        var known = 0.0;
        for (var i = 0; i < _texts.Length; i++)
            known += LabelCode.IsMissing(labels[_texts[i]]) ? 0 : _weights?[i] ?? 1;
        return known / _cumulated[^1];
    }

    /// <summary>Has a feature label all texts.</summary>
    internal void Ask(LabelColumn column, CancellationToken cancel) => column.Read(_texts, new int[_texts.Length], cancel);

    /// <summary>Label codes on a fixed choice of at most 2,000 texts, to compare how features part them.</summary>
    public int[] Partition(LabelColumn column, CancellationToken cancel)
    {
        var codes = new int[_partition.Length];
        column.Read(_partition, codes, cancel);
        return codes;
    }

    /// <summary>A text id, drawn by weight.</summary>
    public int Draw(RandomStream random)
    {
        if (_weights is null)
            return _texts[random.NextInt(_texts.Length)];
        var at = Array.BinarySearch(_cumulated, random.NextDouble() * _cumulated[^1]);
        return _texts[Math.Min(at < 0 ? ~at : at + 1, _texts.Length - 1)];
    }
}
