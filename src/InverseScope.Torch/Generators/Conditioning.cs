using InverseScope.Core.Seeds;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace InverseScope.Torch.Generators;

/// <summary>How a generator's backbone is told of an activation.</summary>
internal abstract class Conditioning(string name) : nn.Module(name)
{
    /// <summary>Whether the backbone becomes one that is always told, beside that of the prior; otherwise it is both.</summary>
    public abstract bool HasOwnBackbone { get; }

    /// <param name="statistics">Of each site's activations.</param>
    /// <param name="backbone">As the prior made it.</param>
    /// <param name="texts">Ids of texts of the prior, each with begin and end token.</param>
    public abstract void Initialise(IReadOnlyList<SiteStatistics> statistics, CausalTransformer backbone, IReadOnlyList<int[]> texts, RunSeed seed);

    /// <summary>Everything that depends on the activations alone, computed once for all passes and samples.</summary>
    public abstract Conditioned Condition(SiteBatch batch);
}

/// <summary>What a backbone has to be told of a batch of activations. Its tensors belong to the caller's scope.</summary>
internal abstract class Conditioned
{
    /// <summary>Whether passes have one more place to attend to.</summary>
    public abstract bool HasPrefix { get; }

    /// <summary>A pass that is told.</summary>
    /// <param name="pass">Over R × S texts: S consecutive ones are of one activation.</param>
    public abstract ForwardPass Tell(ForwardPass pass);

    /// <summary>The same of some of the activations.</summary>
    /// <param name="activations">Indices, int64.</param>
    public abstract Conditioned Keep(Tensor activations);
}

/// <summary>InverseScope's: a control layer after the self-attention of every block, added to the stream.</summary>
internal sealed class ControlConditioning : Conditioning
{
    private readonly ControlInitial _initial;

    [ComponentName(Name = "encoders")]
    private readonly SiteEncoders _encoders;

    [ComponentName(Name = "layers")]
    private readonly ModuleList<ControlLayer> _layers;

    public ControlConditioning(TransformerConfig backbone, IReadOnlyList<SiteShape> sites, GeneratorArchitecture architecture)
        : base(nameof(ControlConditioning))
    {
        _initial = architecture.ControlInitial;
        _encoders = new SiteEncoders(sites, architecture.Latent, architecture.EncoderInput);
        _layers = new ModuleList<ControlLayer>([.. Enumerable.Range(0, backbone.Layers).Select(_ =>
            new ControlLayer(backbone.Width, architecture.Latent, architecture.ControlHeads, architecture.ControlHeadWidth))]);
        RegisterComponents();
    }

    public override bool HasOwnBackbone => false;

    public override void Initialise(IReadOnlyList<SiteStatistics> statistics, CausalTransformer backbone, IReadOnlyList<int[]> texts, RunSeed seed)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        _encoders.Initialise(statistics, seed);
        var places = _initial == ControlInitial.Places ? Places(backbone, texts) : null;
        for (var layer = 0; layer < _layers.Count; layer++)
        {
            var name = layer.ToString(System.Globalization.CultureInfo.InvariantCulture);
            _layers[layer].Initialise(_initial, seed, name);
            using var read = places?[layer];
            if (read is not null)
                _layers[layer].ReadPlaces(read, seed, name);
        }
    }

    /// <summary>What each layer would read at the tokens of texts: h, <c>(N, C)</c>; the caller disposes them.</summary>
    private static Tensor[] Places(CausalTransformer backbone, IReadOnlyList<int[]> texts)
    {
        var length = texts.Max(t => t.Length);
        var device = backbone.parameters().First().device;
        var ids = tensor(ForwardPass.Padded(texts, length), [texts.Count, length], device: device).narrow(1, 0, length - 1);
        // The token that each place is to tell of must be one of the text.
        var read = tensor([.. texts.SelectMany((text, row) => Enumerable.Range(0, text.Length - 1).Select(t => row * (length - 1L) + t))], device: device);
        var found = new Tensor[backbone.Config.Layers];
        backbone.Run(new ForwardPass(ids)
        {
            Tap = (place, layer, stream) =>
            {
                if (place == Place.Middle)
                    found[layer] = stream.flatten(0, 1).index_select(0, read).DetachFromDisposeScope();
                return stream;
            },
        });
        return found;
    }

    public override Conditioned Condition(SiteBatch batch)
    {
        using var encoded = _encoders.Encode(batch);
        return new State(_layers, [.. _layers.Select(layer => layer.Prepare(encoded))], batch.Count);
    }

    /// <summary>Share of the weights ω whose absolute value is above 0.99, over all layers, heads and tokens.</summary>
    public double Saturation(CausalTransformer backbone, SiteBatch batch, Tensor ids)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var state = (State)Condition(batch);
        var shares = new List<double>();
        backbone.Run(state.Tell(new ForwardPass(ids), weights =>
            shares.Add(weights.abs().GreaterThan(0.99).@float().mean().item<float>()))).Dispose();
        return shares.Average();
    }

    private sealed class State(ModuleList<ControlLayer> layers, ControlState[] states, long activations) : Conditioned
    {
        public override bool HasPrefix => false;

        public override ForwardPass Tell(ForwardPass pass) => Tell(pass, null);

        public ForwardPass Tell(ForwardPass pass, Action<Tensor>? look) => pass with
        {
            Tap = (place, layer, stream) =>
            {
                if (place != Place.Middle)
                    return stream;
                using var scope = NewDisposeScope();
                var grouped = stream.view(activations, -1, stream.shape[^1]).to(states[layer].Values.dtype); // (R, S T, C)
                look?.Invoke(layers[layer].Weights(grouped, states[layer]));
                return stream.Plus(layers[layer].Apply(grouped, states[layer]).view(stream.shape).to(stream.dtype)).MoveToOuterDisposeScope();
            },
        };

        public override Conditioned Keep(Tensor kept) => new State(
            layers,
            [.. states.Select(s => new ControlState(s.Directions.index_select(0, kept), s.Offsets.index_select(0, kept), s.Values.index_select(0, kept)))],
            kept.shape[0]);
    }
}

/// <summary>
/// InversionView's (Huang et al. 2024, and the decoder of its repository): the activation, padded with zeros to the widest,
/// beside a learnt vector of its site goes through six residual MLPs and a norm; from that each layer makes one more row of
/// what its self-attention reads, by an affine map and a norm. The backbone is trained along, without noise.
/// </summary>
internal sealed class PrefixConditioning : Conditioning
{
    private const int Mlps = 6;
    private const int SiteVector = 64;
    private const double Deviation = 0.02;
    private const double NormEpsilon = 1e-5;
    private readonly int[] _widths;

    [ComponentName(Name = "sites")]
    private readonly EmbeddingTable _sites;

    [ComponentName(Name = "mlps")]
    private readonly ModuleList<ResidualMlp> _mlps;

    [ComponentName(Name = "norm")]
    private readonly LayerNorm _norm;

    [ComponentName(Name = "project")]
    private readonly ModuleList<Projection> _project;

    [ComponentName(Name = "norms")]
    private readonly ModuleList<LayerNorm> _norms;

    public PrefixConditioning(TransformerConfig backbone, IReadOnlyList<int> siteWidths)
        : base(nameof(PrefixConditioning))
    {
        _widths = [.. siteWidths];
        var width = siteWidths.Max() + SiteVector;
        _sites = new EmbeddingTable(siteWidths.Count, SiteVector);
        _mlps = new ModuleList<ResidualMlp>([.. Enumerable.Range(0, Mlps).Select(_ => new ResidualMlp(width))]);
        _norm = nn.LayerNorm(width, NormEpsilon);
        var layers = Enumerable.Range(0, backbone.Layers).ToArray();
        _project = new ModuleList<Projection>([.. layers.Select(_ => new Projection(width, backbone.Width))]);
        _norms = new ModuleList<LayerNorm>([.. layers.Select(_ => nn.LayerNorm(backbone.Width, NormEpsilon))]);
        RegisterComponents();
    }

    public override bool HasOwnBackbone => true;

    public override void Initialise(IReadOnlyList<SiteStatistics> statistics, CausalTransformer backbone, IReadOnlyList<int[]> texts, RunSeed seed)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (var (name, parameter) in named_parameters())
        {
            if (parameter.dim() == 1)
            {
                if (name.EndsWith("bias", StringComparison.Ordinal))
                    nn.init.zeros_(parameter);
                else
                    nn.init.ones_(parameter);
                continue;
            }

            var random = seed.Stream("prefix conditioning", name);
            var values = new float[parameter.numel()];
            for (var i = 0; i < values.Length; i++)
                values[i] = (float)(Deviation * random.NextNormal());
            parameter.copy_(tensor(values, parameter.shape));
        }
    }

    public override Conditioned Condition(SiteBatch batch)
    {
        using var scope = NewDisposeScope();
        var widest = _widths.Max();
        var padded = new float[batch.Count * widest];
        var sites = new long[batch.Count];
        for (var group = 0; group < batch.Sites.Length; group++)
        {
            var width = _widths[batch.Sites[group]];
            for (var row = 0; row < batch.Rows; row++)
            {
                var at = group * batch.Rows + row;
                sites[at] = batch.Sites[group];
                batch.Values[group].AsSpan(row * width, width).CopyTo(padded.AsSpan(at * widest));
            }
        }

        var device = _sites.Weight.device;
        var told = cat([tensor(padded, [batch.Count, widest], device: device), _sites.Rows(tensor(sites, device: device))], 1);
        foreach (var mlp in _mlps)
            told = told.Plus(mlp.call(told));
        told = _norm.call(told);
        var rows = _project.Zip(_norms, (project, norm) =>
            norm.call(project.call(told)).unsqueeze(1).MoveToOuterDisposeScope()).ToArray(); // (R, 1, C) each
        return new State(rows);
    }

    private sealed class State(Tensor[] rows) : Conditioned
    {
        public override bool HasPrefix => true;

        public override ForwardPass Tell(ForwardPass pass)
        {
            var samples = pass.Ids.shape[0] / rows[0].shape[0];
            return pass with { Prefix = layer => samples == 1 ? rows[layer] : rows[layer].repeat_interleave(samples, 0) };
        }

        public override Conditioned Keep(Tensor kept) => new State([.. rows.Select(r => r.index_select(0, kept))]);
    }

    private sealed class ResidualMlp : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = "norm")]
        private readonly LayerNorm _norm;

        [ComponentName(Name = "widen")]
        private readonly Projection _widen;

        [ComponentName(Name = "narrow")]
        private readonly Projection _narrow;

        public ResidualMlp(int width)
            : base(nameof(ResidualMlp))
        {
            _norm = nn.LayerNorm(width, NormEpsilon);
            _widen = new Projection(width, 2 * width);
            _narrow = new Projection(2 * width, width);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            return _narrow.call(nn.functional.relu(_widen.call(_norm.call(input)))).MoveToOuterDisposeScope();
        }
    }
}
