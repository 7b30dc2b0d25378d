using InverseScope.Core.Seeds;
using InverseScope.Torch.Runtime;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace InverseScope.Torch.Generators;

/// <summary>What an encoder of a site depends on.</summary>
/// <param name="Width">Numbers in one activation.</param>
/// <param name="Address">Where in the network, e.g. <c>L9H6</c>.</param>
/// <param name="Position">Which token, e.g. <c>@last</c>.</param>
internal readonly record struct SiteShape(int Width, string Address, string Position)
{
    /// <param name="sites">In their full form, e.g. <c>L9H6@last</c>.</param>
    public static IReadOnlyList<SiteShape> Of(IEnumerable<string> sites, IReadOnlyList<int> widths) => [.. sites.Zip(widths, (site, width) =>
    {
        var at = site.IndexOf('@', StringComparison.Ordinal);
        return new SiteShape(width, site[..at], site[at..]);
    })];
}

/// <summary>
/// One linear map for each site into the latent space that all sites share: e = W (a − μ)/σ + b, where a is the activation or what
/// <see cref="EncoderInput"/> says, with its mean μ and its deviation σ (a single number for each block of a) over the site's activations, so that
/// every site begins at the same scale. W and b are sums of
/// what all sites of the width, all of the address, all of the position, and the site alone contribute: what one site
/// learns, those like it need not learn again, though each is in few of the batches. Sites of the same width are kept in one
/// tensor.
/// </summary>
internal sealed class SiteEncoders : nn.Module
{
    private const double SiteShare = 0.5;

    // Of what tells the activation in a line, beside which what bends has to be found.
    private const double RandomShare = 0.3;

    private readonly int[] _classOf;
    private readonly int[] _rowOf;
    private readonly int _latent;
    private readonly EncoderInput _input;

    [ComponentName(Name = "by_width")]
    private readonly ModuleList<WidthClass> _classes;

    /// <param name="latent">E.</param>
    public SiteEncoders(IReadOnlyList<SiteShape> sites, int latent, EncoderInput input)
        : base(nameof(SiteEncoders))
    {
        (_latent, _input) = (latent, input);
        int[] distinct = [.. sites.Select(s => s.Width).Distinct().Order()];
        _classOf = [.. sites.Select(s => Array.IndexOf(distinct, s.Width))];
        var counts = new int[distinct.Length];
        _rowOf = [.. _classOf.Select(c => counts[c]++)];
        _classes = new ModuleList<WidthClass>([.. distinct.Select(width => new WidthClass([.. sites.Where(s => s.Width == width)], latent, input.Blocks(width)))]);
        RegisterComponents();
    }

    /// <param name="statistics">Of each site.</param>
    public void Initialise(IReadOnlyList<SiteStatistics> statistics, RunSeed seed)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (var kept in _classes)
            kept.Initialise(seed);
        foreach (var (site, (mean, deviations, map)) in statistics.Index())
        {
            var (kept, row) = (_classes[_classOf[site]], _rowOf[site]);
            kept.Mean[row].copy_(tensor(mean));
            kept.Scale[row].copy_(tensor(Array.ConvertAll(deviations, d => 1 / d), kept.Scale[row].shape));
            if (map.Length > 0)
                kept.Read(row, tensor(map, [_latent, mean.Length], device: kept.Mean.device));
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
        var device = kept.Mean.device;
        int[] rows = [.. batch.Sites[begin..end].Select(s => _rowOf[s])]; // (G)
        var at = tensor(Array.ConvertAll(rows, r => (long)r), device: device);
        var values = batch.Values[begin..end].SelectMany(v => v).ToArray();
        var z = tensor(values, [end - begin, batch.Rows, kept.Width], device: device); // (G, n, width)
        var scaled = (_input.Of(z) - kept.Mean.index_select(0, at).unsqueeze(1)) * kept.Scales(at).unsqueeze(1);
        _input.Bound(scaled);
        var (weight, bias) = kept.Maps(rows);
        return scaled.bmm(weight.transpose(1, 2)).Plus(bias.unsqueeze(1)).view(-1, _latent);
    }

    /// <summary>The encoders of the sites of one width.</summary>
    private sealed class WidthClass : nn.Module
    {
        private readonly int[] _blocks;
        private readonly Part[] _parts;

        [ComponentName(Name = "all")]
        private readonly Part _all;

        [ComponentName(Name = "address")]
        private readonly Part _address;

        [ComponentName(Name = "position")]
        private readonly Part _position;

        [ComponentName(Name = "site")]
        private readonly Part _site;

        [ComponentName(Name = "mean")]
        private readonly Parameter _mean;

        [ComponentName(Name = "scale")]
        private readonly Parameter _scale;

        /// <param name="blocks">Of what is read, F numbers, see <see cref="EncoderInputs.Blocks"/>.</param>
        public WidthClass(SiteShape[] sites, int latent, int[] blocks)
            : base(nameof(WidthClass))
        {
            (_blocks, Width) = (blocks, sites[0].Width);
            var width = blocks.Sum();
            _all = new Part([.. sites.Select(_ => "")], latent, width);
            _address = new Part([.. sites.Select(s => s.Address)], latent, width);
            _position = new Part([.. sites.Select(s => s.Position)], latent, width);
            _site = new Part([.. sites.Select(s => s.Address + s.Position)], latent, width);
            _parts = [_all, _address, _position, _site];
            // Measured, not learnt; parameters all the same, so that they are stored like the rest.
            _mean = nn.Parameter(empty(sites.Length, width), requires_grad: false);
            // One number a site where all is one block, as it is stored by generators from before there were others.
            long[] scales = blocks.Length == 1 ? [sites.Length] : [sites.Length, blocks.Length];
            _scale = nn.Parameter(empty(scales), requires_grad: false);
            RegisterComponents();
        }

        /// <summary>Numbers in one activation.</summary>
        public int Width { get; }

        public Parameter Mean => _mean;

        public Parameter Scale => _scale;

        /// <summary>1/σ of each number that is read, <c>(G, F)</c>, of sites given by their rows.</summary>
        public Tensor Scales(Tensor at)
        {
            var scales = _scale.index_select(0, at).view(at.shape[0], -1);
            return cat([.. _blocks.Select((count, block) => scales.narrow(1, block, 1).expand(-1, count))], 1);
        }

        /// <summary>
        /// All sites begin with one random map, beside what each reads of its own texts; vectors of their address and their position tell them apart.
        /// </summary>
        public void Initialise(RunSeed seed)
        {
            foreach (var parameter in _parts.SelectMany(p => p.parameters()))
                nn.init.zeros_(parameter);
            var width = _mean.shape[1];
            Part.Fill(_all.Weight, RandomShare / Math.Sqrt(width), seed.Stream("site encoder", width.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            // Smaller than what tells the activation.
            var deviation = SiteShare * Math.Sqrt(0.5);
            foreach (var part in new[] { _address, _position })
            {
                foreach (var (row, name) in part.Names.Index())
                    Part.Fill(part.Bias[row], deviation, seed.Stream("site encoder", name));
            }
        }

        /// <summary>What a site's own share of its map begins as.</summary>
        /// <param name="map"><c>(E, F)</c>.</param>
        public void Read(int row, Tensor map) => _site.Weight[row].copy_(map);

        /// <returns>W, <c>(G, E, F)</c>, and b, <c>(G, E)</c>, of sites given by their rows.</returns>
        public (Tensor Weight, Tensor Bias) Maps(int[] rows)
        {
            var maps = Array.ConvertAll(_parts, part => part.Of(rows));
            return (maps.Select(m => m.Weight).Aggregate(TensorArithmetic.Plus), maps.Select(m => m.Bias).Aggregate(TensorArithmetic.Plus));
        }
    }

    /// <summary>What sites of one name contribute to their maps.</summary>
    private sealed class Part : nn.Module
    {
        private readonly int[] _of;

        [ComponentName(Name = "weight")]
        private readonly Parameter _weight;

        [ComponentName(Name = "bias")]
        private readonly Parameter _bias;

        /// <param name="names">One for each site.</param>
        public Part(string[] names, int latent, int width)
            : base(nameof(Part))
        {
            Names = [.. names.Distinct()];
            _of = Array.ConvertAll(names, name => Array.IndexOf(Names, name));
            _weight = nn.Parameter(empty(Names.Length, latent, width));
            _bias = nn.Parameter(empty(Names.Length, latent));
            RegisterComponents();
        }

        public string[] Names { get; }

        public Parameter Weight => _weight;

        public Parameter Bias => _bias;

        public static void Fill(Tensor into, double deviation, RandomStream random)
        {
            var values = new float[into.numel()];
            for (var i = 0; i < values.Length; i++)
                values[i] = (float)(deviation * random.NextNormal());
            into.copy_(tensor(values, into.shape));
        }

        public (Tensor Weight, Tensor Bias) Of(int[] rows)
        {
            var at = tensor(Array.ConvertAll(rows, r => (long)_of[r]), device: _weight.device);
            return (_weight.index_select(0, at), _bias.index_select(0, at));
        }
    }
}
