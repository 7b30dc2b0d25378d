using InverseScope.Core.Seeds;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace InverseScope.Torch.Generators;

/// <summary>
/// One linear map for each site into the latent space that all sites share: e = W (z − μ)/σ + b, with the mean μ and the
/// deviation σ (a single number) of the site's activations, so that every site begins at the same scale. Sites of the same
/// width are kept in one tensor.
/// </summary>
internal sealed class SiteEncoders : nn.Module
{
    private const double SiteShare = 0.5;

    private readonly int[] _classOf;
    private readonly int[] _rowOf;
    private readonly int _latent;

    [ComponentName(Name = "by_width")]
    private readonly ModuleList<WidthClass> _classes;

    /// <param name="widths">Width of each site.</param>
    /// <param name="latent">E.</param>
    public SiteEncoders(IReadOnlyList<int> widths, int latent)
        : base(nameof(SiteEncoders))
    {
        _latent = latent;
        int[] distinct = [.. widths.Distinct().Order()];
        _classOf = [.. widths.Select(w => Array.IndexOf(distinct, w))];
        var counts = new int[distinct.Length];
        _rowOf = [.. _classOf.Select(c => counts[c]++)];
        _classes = new ModuleList<WidthClass>([.. distinct.Select((w, c) => new WidthClass(counts[c], w, latent))]);
        RegisterComponents();
    }

    /// <param name="statistics">Mean (width) and deviation of each site.</param>
    public void Initialise(IReadOnlyList<(float[] Mean, float Deviation)> statistics, RunSeed seed)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (var (site, (mean, deviation)) in statistics.Index())
        {
            var (kept, row) = (_classes[_classOf[site]], _rowOf[site]);
            var random = seed.Stream("site encoder", site.ToString(System.Globalization.CultureInfo.InvariantCulture));
            var weight = new float[_latent * mean.Length];
            for (var i = 0; i < weight.Length; i++)
                weight[i] = (float)(random.NextNormal() / Math.Sqrt(mean.Length));
            // A vector of its own tells the site, smaller than what tells the activation.
            var bias = new float[_latent];
            for (var i = 0; i < bias.Length; i++)
                bias[i] = (float)(SiteShare * random.NextNormal());
            kept.Weight[row].copy_(tensor(weight, [_latent, mean.Length]));
            kept.Bias[row].copy_(tensor(bias));
            kept.Mean[row].copy_(tensor(mean));
            kept.Scale[row].copy_(tensor(1 / deviation));
        }
    }

    /// <summary>Encodes activations.</summary>
    /// <returns>e, <c>(R, E)</c> in the batch's order; the caller owns it.</returns>
    public Tensor Encode(SiteBatch batch)
    {
        using var scope = NewDisposeScope();
        var parts = new List<Tensor>();
        for (int begin = 0, end; begin < batch.Sites.Length; begin = end)
        {
            end = begin + 1;
            while (end < batch.Sites.Length && _classOf[batch.Sites[end]] == _classOf[batch.Sites[begin]])
                end++;
            parts.Add(EncodeGroups(_classes[_classOf[batch.Sites[begin]]], batch, begin, end));
        }

        return (parts.Count == 1 ? parts[0] : cat(parts, 0)).MoveToOuterDisposeScope();
    }

    private Tensor EncodeGroups(WidthClass kept, SiteBatch batch, int begin, int end)
    {
        var device = kept.Weight.device;
        var rows = tensor([.. batch.Sites[begin..end].Select(s => (long)_rowOf[s])], device: device); // (G)
        var values = batch.Values[begin..end].SelectMany(v => v).ToArray();
        var z = tensor(values, [end - begin, batch.Rows, kept.Weight.shape[2]], device: device); // (G, n, width)
        var scaled = (z - kept.Mean.index_select(0, rows).unsqueeze(1)) * kept.Scale.index_select(0, rows).view(-1, 1, 1);
        var encoded = scaled.bmm(kept.Weight.index_select(0, rows).transpose(1, 2)) + kept.Bias.index_select(0, rows).unsqueeze(1);
        return encoded.view(-1, _latent);
    }

    /// <summary>The encoders of S sites of one width.</summary>
    private sealed class WidthClass : nn.Module
    {
        [ComponentName(Name = "weight")]
        private readonly Parameter _weight;

        [ComponentName(Name = "bias")]
        private readonly Parameter _bias;

        [ComponentName(Name = "mean")]
        private readonly Parameter _mean;

        [ComponentName(Name = "scale")]
        private readonly Parameter _scale;

        public WidthClass(int sites, int width, int latent)
            : base(nameof(WidthClass))
        {
            _weight = nn.Parameter(empty(sites, latent, width));
            _bias = nn.Parameter(empty(sites, latent));
            // Measured, not learnt; parameters all the same, so that they are stored like the rest.
            _mean = nn.Parameter(empty(sites, width), requires_grad: false);
            _scale = nn.Parameter(empty(sites), requires_grad: false);
            RegisterComponents();
        }

        public Parameter Weight => _weight;

        public Parameter Bias => _bias;

        public Parameter Mean => _mean;

        public Parameter Scale => _scale;
    }
}
