using InverseScope.Core.Seeds;
using InverseScope.Torch.Runtime;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace InverseScope.Torch.Models;

/// <summary>
/// A decoder-only transformer, one definition for running, capturing, patching and training. Parameter names are those
/// of GPT-2's checkpoints, without the <c>transformer.</c> prefix, whatever the family (<see cref="StoredLayout"/>). Norms and the
/// softmax are computed in float32, rotary angles in float64, the rest in the type of the weights.
/// Letters in shapes: B batch, T position, C width, H heads, K head width, V vocabulary.
/// </summary>
internal sealed class CausalTransformer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "wte")]
    private readonly EmbeddingTable _tokens;

    [ComponentName(Name = "wpe")]
    private readonly EmbeddingTable? _positions;

    [ComponentName(Name = "h")]
    private readonly ModuleList<TransformerBlock> _blocks;

    [ComponentName(Name = "ln_f")]
    private readonly Norm _finalNorm;

    [ComponentName(Name = "lm_head")]
    private readonly EmbeddingTable? _head;

    /// <summary>Allocates the parameters; <see cref="Initialise"/> or <see cref="WeightLoader"/> give them values.</summary>
    /// <param name="placement">float32 on the CPU by default.</param>
    public CausalTransformer(TransformerConfig config, Placement? placement = null)
        : base(nameof(CausalTransformer))
    {
        Config = config;
        var at = placement ?? Placement.Default;
        _tokens = new EmbeddingTable(config.Vocabulary, config.Width, at);
        _positions = config.Rotary is null ? new EmbeddingTable(config.Context, config.Width, at) : null;
        _blocks = new ModuleList<TransformerBlock>(
            [.. Enumerable.Range(0, config.Layers).Select(layer => new TransformerBlock(config, layer, at))]);
        _finalNorm = new Norm(config, at);
        if (!config.TiedHead)
            _head = new EmbeddingTable(config.Vocabulary, config.Width, at);
        RegisterComponents();
    }

    public TransformerConfig Config { get; }

    /// <summary>Where the parameters are; what a pass reads must be there too.</summary>
    public Device Device => _tokens.Weight.device;

    /// <summary>Type of the weights and of the stream.</summary>
    public ScalarType Type => _tokens.Weight.dtype;

    public TransformerBlock Block(int layer) => _blocks[layer];

    /// <summary>Next-token scores at every position.</summary>
    /// <param name="input">Token ids, (B, T), int64; padding only after the end of a text.</param>
    /// <returns><c>(B, T, V)</c>; the caller owns it.</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return Logits(Run(new ForwardPass(input))).MoveToOuterDisposeScope();
    }

    /// <summary>The residual stream after the last layer that the pass asks for.</summary>
    /// <returns><c>(B, T, C)</c>, before the final norm; the caller owns it.</returns>
    public Tensor Run(ForwardPass pass)
    {
        using var scope = NewDisposeScope();
        var t = pass.Ids.shape[1];
        var first = pass.Cache?.Tokens ?? 0;
        var positions = pass.Positions ?? TensorArithmetic.Integers(first, first + t, pass.Ids.device).unsqueeze(0); // (B or 1, T)
        var stream = _tokens.Rows(pass.Ids); // (B, T, C)
        if (Config.EmbeddingScale != 1)
            stream = stream.Times(Config.EmbeddingScale);
        if (_positions is not null)
            stream = stream.Plus(_positions.Rows(positions));
        stream = nn.functional.dropout(stream, Config.EmbeddingDropout, training);
        if (pass.Tap is { } tap)
            stream = tap(Place.Embedding, 0, stream);
        var view = new AttentionView(Config, pass, positions, Type);
        for (var layer = 0; layer < Config.Layers && !pass.EndsAt(layer, Place.Embedding); layer++)
            stream = _blocks[layer].Run(stream, view, pass);
        pass.Cache?.Advance((int)t);
        return stream.MoveToOuterDisposeScope();
    }

    /// <summary>Final norm and output head.</summary>
    /// <param name="stream">Residual stream after the last layer, <c>(…, C)</c>.</param>
    /// <returns><c>(…, V)</c>; the caller owns it.</returns>
    public Tensor Logits(Tensor stream)
    {
        using var scope = NewDisposeScope();
        // The embedding itself, not a second parameter that shares its storage: an optimizer would step that twice.
        var logits = nn.functional.linear(FinalNorm(stream), (_head ?? _tokens).Weight);
        return (Config.LogitCap is { } cap ? logits.DividedBy(cap).tanh().Times(cap) : logits).MoveToOuterDisposeScope();
    }

    /// <summary>Final norm alone; same shape as <paramref name="stream"/>.</summary>
    public Tensor FinalNorm(Tensor stream) => _finalNorm.call(stream);

    /// <summary>
    /// Random weights as GPT-2 begins with (Radford et al. 2019): normal with deviation 0.02, what is added to the
    /// residual stream smaller by √(2 × layers), biases 0, norms 1.
    /// </summary>
    /// <param name="positionDeviation">Deviation of the position embedding, 0.01 in GPT-2's own code.</param>
    public void Initialise(RunSeed seed, double deviation = 0.02, double positionDeviation = 0.02)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (var (name, parameter) in named_parameters())
        {
            var spread = name switch
            {
                _ when name.EndsWith(".bias", StringComparison.Ordinal) => 0,
                _ when parameter.dim() == 1 => double.NaN, // norm weights
                "wpe.weight" => positionDeviation,
                _ when name.EndsWith("c_proj.weight", StringComparison.Ordinal) => deviation / Math.Sqrt(2.0 * Config.Layers),
                _ => deviation,
            };
            if (double.IsNaN(spread))
            {
                nn.init.ones_(parameter);
                continue;
            }

            var random = seed.Stream("initial weights", name);
            var values = new float[parameter.numel()];
            for (var i = 0; i < values.Length && spread > 0; i++)
                values[i] = (float)(spread * random.NextNormal());
            parameter.copy_(tensor(values, parameter.shape));
        }
    }

    /// <summary>
    /// Replaces every parameter by normal numbers of the same mean and deviation: the control "any representation would do",
    /// with the scales of the trained weights (Heap et al., arXiv 2501.17727).
    /// </summary>
    /// <param name="blockNumbers">Most numbers that are on the host at once; a row at least. Changes no result.</param>
    public void Randomise(RunSeed seed, long blockNumbers = 1L << 24)
    {
        using var frozen = no_grad();
        foreach (var (name, parameter) in named_parameters())
        {
            double mean = 0, squares = 0, count = parameter.numel();
            InBlocks(parameter, blockNumbers, values =>
            {
                foreach (var value in values)
                    mean += value / count;
                return false;
            });
            InBlocks(parameter, blockNumbers, values =>
            {
                foreach (var value in values)
                    squares += (value - mean) * (value - mean) / count;
                return false;
            });
            var (random, deviation) = (seed.Stream("random weights", name), Math.Sqrt(squares));
            InBlocks(parameter, blockNumbers, values =>
            {
                for (var i = 0; i < values.Length; i++)
                    values[i] = (float)(mean + deviation * random.NextNormal());
                return true;
            });
        }
    }

    /// <param name="work">Is given some rows after others, and says whether it changed them.</param>
    private static void InBlocks(Tensor parameter, long blockNumbers, Func<float[], bool> work)
    {
        var rows = parameter.shape[0];
        var most = Math.Max(1, blockNumbers * rows / Math.Max(1, parameter.numel()));
        for (var first = 0L; first < rows; first += most)
        {
            using var scope = NewDisposeScope();
            var block = parameter.narrow(0, first, Math.Min(most, rows - first));
            var values = block.Singles();
            if (work(values))
                block.copy_(tensor(values, block.shape));
        }
    }

    /// <summary>From now on only low-rank updates of the projections are trained (Hu et al. 2022); at first they change nothing.</summary>
    public void AddLowRank(int rank, RunSeed seed)
    {
        foreach (var parameter in parameters())
            parameter.requires_grad = false;
        foreach (var (name, module) in named_modules())
        {
            if (module is Projection projection)
                projection.AddLowRank(rank, seed.Stream("low-rank update", name));
        }
    }

    /// <summary>The same function with every low-rank update within its weight; the caller owns it.</summary>
    public CausalTransformer Merged()
    {
        var merged = new CausalTransformer(Config); // before the scope, which would take its parameters along
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var mine = named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter, StringComparer.Ordinal);
        foreach (var (name, module) in named_modules())
        {
            if (module is Projection projection)
                mine[$"{name}.weight"] = projection.Merged();
        }

        foreach (var (name, parameter) in merged.named_parameters())
            parameter.copy_(mine[name]);
        return merged;
    }
}
