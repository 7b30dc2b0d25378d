namespace InverseScope.Torch.Models;

/// <summary>The MLP's non-linearity.</summary>
public enum Activation
{
    /// <summary>x Φ(x), by the error function: <c>gelu</c>.</summary>
    GeluErf,

    /// <summary>Its approximation by tanh: <c>gelu_new</c>, <c>gelu_pytorch_tanh</c>.</summary>
    GeluTanh,

    /// <summary>x σ(1.702 x): <c>quick_gelu</c>.</summary>
    QuickGelu,

    Relu,

    /// <summary>x σ(x): <c>silu</c>, <c>swish</c>.</summary>
    Silu,

    Tanh,
}

/// <summary>How a stream is normed before it is read.</summary>
public enum NormKind
{
    /// <summary>Mean 0 and variance 1, times a weight, plus a bias (Ba et al. 2016).</summary>
    Layer,

    /// <summary>Mean square 1, times a weight (Zhang and Sennrich 2019).</summary>
    RootMeanSquare,

    /// <summary>Likewise, but the stored weight counts from 1: Gemma's.</summary>
    RootMeanSquareFromOne,
}

/// <summary>Positions told by turning pairs of numbers of queries and keys (Su et al. 2021); pairs are (i, i + K/2).</summary>
/// <param name="Base">θ: pair i turns by θ^(−2i/K) for each position; above 0.</param>
/// <param name="Scaling">Slows the turning, for texts longer than training began with; null for none.</param>
public sealed record RotaryPositions(double Base, RotaryScaling? Scaling = null);

/// <summary>Slower turning by a factor: of all pairs, or as Llama 3.1 does only of those that turn slowly.</summary>
/// <param name="Factor">From 1.</param>
/// <param name="Bands">Null slows all pairs alike (<c>linear</c>).</param>
public sealed record RotaryScaling(double Factor, RotaryBands? Bands = null);

/// <summary>Llama 3.1's: pairs that turn more than <paramref name="HighTurns"/> times within the original context stay, those below <paramref name="LowTurns"/> are slowed by the whole factor, between them it is blended.</summary>
/// <param name="OriginalContext">Tokens.</param>
public sealed record RotaryBands(double LowTurns, double HighTurns, int OriginalContext);

/// <summary>Everything that decides what a transformer computes, but for its weights.</summary>
public sealed record TransformerConfig
{
    /// <summary><c>model_type</c> of config.json, e.g. <c>gpt2</c>.</summary>
    public required string Family { get; init; }

    public required int Layers { get; init; }

    public required int Heads { get; init; }

    private readonly int _keyValueHeads;

    /// <summary>Heads of keys and values; each is read by <see cref="QueriesPerKey"/> query heads, next to one another. As many as <see cref="Heads"/> by default.</summary>
    public int KeyValueHeads
    {
        get => _keyValueHeads == 0 ? Heads : _keyValueHeads;
        init => _keyValueHeads = value;
    }

    /// <summary>Query heads that share one key and value.</summary>
    public int QueriesPerKey => Heads / KeyValueHeads;

    /// <summary>K, numbers in one head.</summary>
    public required int HeadWidth { get; init; }

    /// <summary>C, numbers in the residual stream.</summary>
    public required int Width { get; init; }

    /// <summary>Hidden numbers of the MLP.</summary>
    public required int MlpWidth { get; init; }

    public required int Vocabulary { get; init; }

    /// <summary>Most tokens in one text.</summary>
    public required int Context { get; init; }

    /// <summary>Null where a vector for each position is learnt and added to the token's.</summary>
    public RotaryPositions? Rotary { get; init; }

    /// <summary>What token vectors are multiplied by.</summary>
    public double EmbeddingScale { get; init; } = 1;

    public NormKind Norm { get; init; } = NormKind.Layer;

    /// <summary>Added to the variance in every norm.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>Whether what attention and MLP add is normed as well, before it is added.</summary>
    public bool NormsAdded { get; init; }

    /// <summary>Whether the projections of attention have biases.</summary>
    public bool AttentionBias { get; init; } = true;

    /// <summary>Whether the projections of the MLP have biases.</summary>
    public bool MlpBias { get; init; } = true;

    /// <summary>Whether the MLP is gated: the non-linearity of one projection times another (Shazeer 2020).</summary>
    public bool GatedMlp { get; init; }

    public Activation Activation { get; init; } = Activation.GeluTanh;

    /// <summary>Whether attention scores are divided by √K.</summary>
    public bool ScaleScores { get; init; } = true;

    /// <summary>Whether attention scores are also divided by the layer's number, counted from 1.</summary>
    public bool ScaleScoresByLayer { get; init; }

    /// <summary>What attention scores are multiplied by instead of 1/√K; null for that.</summary>
    public double? ScoreScale { get; init; }

    /// <summary>c of c tanh(score / c), taken before the mask; null for none.</summary>
    public double? ScoreCap { get; init; }

    /// <summary>Likewise of the next-token scores.</summary>
    public double? LogitCap { get; init; }

    /// <summary>Tokens that a sliding layer sees, the reading one included; null for all.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Whether each layer slides; empty for none.</summary>
    public IReadOnlyList<bool> SlidingLayers { get; init; } = [];

    /// <summary>The window of a layer; null if it sees all tokens before.</summary>
    public int? Window(int layer) => layer < SlidingLayers.Count && SlidingLayers[layer] ? SlidingWindow : null;

    /// <summary>Whether the output head is the token embedding; otherwise the checkpoint has an <c>lm_head.weight</c>.</summary>
    public bool TiedHead { get; init; } = true;

    /// <summary>Share of numbers dropped after the embedding, in training only.</summary>
    public double EmbeddingDropout { get; init; }

    /// <summary>Share of attention weights dropped, in training only.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Share of numbers dropped from what attention and MLP add, in training only.</summary>
    public double ResidualDropout { get; init; }

    /// <summary>How many numbers the weights are, about: without norms and biases.</summary>
    public double Parameters
    {
        get
        {
            double width = Width, heads = (Heads + KeyValueHeads) * (double)HeadWidth;
            var tables = Vocabulary * (TiedHead ? 1.0 : 2.0) + (Rotary is null ? Context : 0);
            return tables * width + Layers * (2 * heads * width + (GatedMlp ? 3 : 2) * width * MlpWidth);
        }
    }

    /// <summary>Id of the token that begins a text, if the family has one.</summary>
    public int? BeginToken { get; init; }

    /// <summary>Id of the token that ends a text, if the family has one.</summary>
    public int? EndToken { get; init; }

    /// <summary>Id of the token that fills up batches, if the family has one.</summary>
    public int? PadToken { get; init; }
}
