using InverseScope.Torch.Models;
using static TorchSharp.torch;

namespace InverseScope.Torch.Generators;

/// <summary>Texts as a step of a training reads them.</summary>
/// <param name="Ids">(R, T), with begin and end token, padded after the end.</param>
/// <param name="Weights">Weight of the loss of each next token, (R, T − 1), sum 1 or all 0; 0 in the padding.</param>
/// <param name="Length">T.</param>
internal sealed record LaidTexts(long[] Ids, float[] Weights, int Length)
{
    /// <param name="ids">Of each text, with begin and end token.</param>
    /// <param name="textWeights">Weight of each token of a text, from 0, any scale.</param>
    public static LaidTexts Of(int[][] ids, double[] textWeights)
    {
        var length = ids.Max(i => i.Length);
        var weights = new float[ids.Length * (length - 1)];
        var total = ids.Zip(textWeights, (i, w) => w * (i.Length - 1)).Sum();
        for (var row = 0; row < ids.Length && total > 0; row++)
            weights.AsSpan(row * (length - 1), ids[row].Length - 1).Fill((float)(textWeights[row] / total));
        return new LaidTexts(ForwardPass.Padded(ids, length), weights, length);
    }

    /// <returns>The ids, <c>(R, T)</c>; the caller owns them.</returns>
    public Tensor On(Device device) => tensor(Ids, [Ids.Length / Length, Length], device: device);

    /// <summary>Σ weight × −log q(next token), nats.</summary>
    /// <param name="logits">Scores of the next token, (R, T − 1, V), of all ids but the last of each text.</param>
    /// <returns>One number; the caller owns it.</returns>
    public Tensor Loss(Func<Tensor, Tensor> logits, Device device)
    {
        using var scope = NewDisposeScope();
        var ids = On(device);
        var targets = ids.narrow(1, 1, Length - 1).reshape(-1);
        var losses = nn.functional.cross_entropy(
            logits(ids.narrow(1, 0, Length - 1)).reshape(targets.shape[0], -1).@float(), targets, reduction: nn.Reduction.None);
        return (losses * tensor(Weights, device: device)).sum().MoveToOuterDisposeScope();
    }
}
