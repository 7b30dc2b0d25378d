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

/// <summary>Everything that decides what a transformer computes, but for its weights.</summary>
public sealed record TransformerConfig
{
    /// <summary><c>model_type</c> of config.json, e.g. <c>gpt2</c>.</summary>
    public required string Family { get; init; }

    public required int Layers { get; init; }

    public required int Heads { get; init; }

    /// <summary>K, numbers in one head.</summary>
    public required int HeadWidth { get; init; }

    /// <summary>C, numbers in the residual stream.</summary>
    public required int Width { get; init; }

    /// <summary>Hidden numbers of the MLP.</summary>
    public required int MlpWidth { get; init; }

    public required int Vocabulary { get; init; }

    /// <summary>Most tokens in one text; GPT-2 learns a vector for each position.</summary>
    public required int Context { get; init; }

    /// <summary>Added to the variance in every layer norm.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    public Activation Activation { get; init; } = Activation.GeluTanh;

    /// <summary>Whether attention scores are divided by √K.</summary>
    public bool ScaleScores { get; init; } = true;

    /// <summary>Whether attention scores are also divided by the layer's number, counted from 1.</summary>
    public bool ScaleScoresByLayer { get; init; }

    /// <summary>Whether the output head is the token embedding; otherwise the checkpoint has an <c>lm_head.weight</c>.</summary>
    public bool TiedHead { get; init; } = true;

    /// <summary>Share of numbers dropped after the embedding, in training only.</summary>
    public double EmbeddingDropout { get; init; }

    /// <summary>Share of attention weights dropped, in training only.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Share of numbers dropped from what attention and MLP add, in training only.</summary>
    public double ResidualDropout { get; init; }

    /// <summary>Id of the token that begins a text, if the family has one.</summary>
    public int? BeginToken { get; init; }

    /// <summary>Id of the token that ends a text, if the family has one.</summary>
    public int? EndToken { get; init; }

    /// <summary>Id of the token that fills up batches, if the family has one.</summary>
    public int? PadToken { get; init; }
}
