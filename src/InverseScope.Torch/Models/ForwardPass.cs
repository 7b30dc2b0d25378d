using static TorchSharp.torch;

namespace InverseScope.Torch.Models;

/// <summary>A named place in the forward pass.</summary>
internal enum Place
{
    /// <summary>Residual stream before the first layer, (B, T, C).</summary>
    Embedding,

    /// <summary>Attention weights after the softmax, (B, H, T, T); the last index is the position attended to.</summary>
    AttentionWeights,

    /// <summary>z: each head's mix of values, before the output projection, (B, H, T, K).</summary>
    HeadMix,

    /// <summary>What the attention block gives before it is normed, (B, T, C); only where what is added is normed.</summary>
    UnnormedAttention,

    /// <summary>What the attention block adds to the stream, (B, T, C).</summary>
    Attention,

    /// <summary>Stream between attention and MLP, (B, T, C).</summary>
    Middle,

    /// <summary>What the MLP gives before it is normed, (B, T, C); only where what is added is normed.</summary>
    UnnormedMlp,

    /// <summary>What the MLP adds to the stream, (B, T, C).</summary>
    Mlp,

    /// <summary>Stream after the layer, (B, T, C).</summary>
    Residual,
}

/// <summary>
/// Called at each place with its value; returns the value to go on with, the same one unless it patches. A value that
/// shall outlive the pass must be copied out.
/// </summary>
internal delegate Tensor Tap(Place place, int layer, Tensor value);

/// <summary>What one forward pass reads.</summary>
/// <param name="Ids">Token ids, (B, T), int64.</param>
internal sealed record ForwardPass(Tensor Ids)
{
    /// <summary>Position of each token, (B, T), int64; null means 0 .. T − 1.</summary>
    public Tensor? Positions { get; init; }

    /// <summary>True where there is a token, false where there is padding, (B, T); null means no padding before a text's end.</summary>
    public Tensor? Mask { get; init; }

    /// <summary>
    /// Keys and values of the tokens before these, which are then neither padded nor read again; null where the pass begins
    /// the text. This pass's own are appended.
    /// </summary>
    public KeyValueCache? Cache { get; init; }

    /// <summary>
    /// One more place to attend to, before the first token: by layer, what its key and value are projected from, (B, 1, C).
    /// With a cache it is asked for in the first pass only. Null for none.
    /// </summary>
    public Func<int, Tensor>? Prefix { get; init; }

    public Tap? Tap { get; init; }

    /// <summary>
    /// Whether the tap wants <see cref="Place.AttentionWeights"/>, which only the slower way of computing attention has.
    /// </summary>
    public bool TapsWeights { get; init; }

    /// <summary>The last place that is needed; what comes after it is not computed. Null runs every layer.</summary>
    public (int Layer, Place Place)? StopAfter { get; init; }

    /// <summary>Whether nothing after <paramref name="place"/> of <paramref name="layer"/> is wanted.</summary>
    public bool EndsAt(int layer, Place place) =>
        StopAfter is { } stop && (stop.Layer < layer || (stop.Layer == layer && stop.Place <= place));

    /// <summary>Ids one row after the other, filled up at the end, where causal attention never looks.</summary>
    public static long[] Padded(IReadOnlyList<int[]> texts, int length)
    {
        var ids = new long[texts.Count * length];
        for (var row = 0; row < texts.Count; row++)
        {
            for (var i = 0; i < texts[row].Length; i++)
                ids[row * length + i] = texts[row][i];
        }

        return ids;
    }
}
