using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Generators;

/// <summary>How scores become the probabilities that tokens are drawn by.</summary>
/// <param name="Temperature">Scores are divided by it; above 0.</param>
/// <param name="TopP">Only the likeliest tokens that together reach this share are drawn; above 0 to 1.</param>
/// <param name="Never">Id that is never drawn (a begin token that does not end texts too); null for none.</param>
internal sealed record TokenChoice(double Temperature = 1, double TopP = 1, int? Never = null)
{
    /// <summary>log probabilities, nats; −∞ for tokens that are never drawn.</summary>
    /// <param name="logits"><c>(…, V)</c>.</param>
    /// <returns><c>(…, V)</c>, float32; the caller owns it.</returns>
    public Tensor LogProbabilities(Tensor logits)
    {
        using var scope = NewDisposeScope();
        var scores = logits.@float();
        if (Temperature != 1)
            scores = scores.DividedBy(Temperature);
        if (Never is { } never)
            scores = scores.IndexFill(-1, tensor(new long[] { never }, device: scores.device), float.NegativeInfinity);
        var found = scores.log_softmax(-1);
        if (TopP < 1)
        {
            // A token stays if those likelier than it do not reach the share yet: the likeliest always does.
            var (sorted, order) = found.exp().sort(-1, descending: true);
            var before = sorted.cumsum(-1) - sorted;
            var dropped = zeros_like(found, dtype: ScalarType.Bool).scatter(-1, order, before.GreaterOrEqual(TopP));
            found = found.MaskedFill(dropped, float.NegativeInfinity).log_softmax(-1);
        }

        return found.MoveToOuterDisposeScope();
    }
}
