using InverseScope.Torch.Runtime;

namespace InverseScope.Torch.Checks;

/// <summary>How far one kind of number, or one kind of continuation, is from its reference.</summary>
/// <param name="Name">As in golden.json, e.g. <c>final_logits</c> or <c>greedy</c>.</param>
/// <param name="WorstError">Largest over all tensors of max|a − b| / max|b|, b the reference; null for tokens.</param>
/// <param name="DifferingTokens">Number of tokens that are others than the reference's; null for tensors.</param>
/// <param name="Where">Where the worst error, or the first differing token, is; empty where there is none.</param>
/// <param name="Compared">Number of tensors or tokens compared.</param>
public sealed record CheckedQuantity(string Name, double? WorstError, int? DifferingTokens, string Where, int Compared);

/// <summary>A model compared with its reference numbers.</summary>
/// <param name="Weights">Type that it was computed in.</param>
public sealed record ModelCheckResult(string Folder, NumberType Weights, IReadOnlyList<CheckedQuantity> Quantities)
{
    /// <summary>What float32 arithmetic may differ by: 839 times its epsilon.</summary>
    private const double Float32 = 1e-4;

    /// <summary>
    /// What the other types may differ by, in their epsilons. The reference is of float32, so that each rounding of a weight and of
    /// the stream counts: 1 to 43 on the small models of the three families, most where scores are large before the softmax. A fault
    /// smaller than that shows in float32 only.
    /// </summary>
    private const double Epsilons = 64;

    /// <summary>Largest relative error that is allowed in the type of the weights.</summary>
    public double Tolerance => Weights == NumberType.Float32 ? Float32 : Epsilons * Epsilon;

    /// <summary>Distance from 1 to the next number of the type.</summary>
    public double Epsilon => Weights.Epsilon();

    /// <summary>Largest error of all tensors, 0 where only tokens were compared.</summary>
    public double WorstError => Quantities.Max(q => q.WorstError) ?? 0;

    /// <summary>Number of tokens of greedy continuations that are others than the reference's.</summary>
    public int DifferingTokens => Quantities.Sum(q => q.DifferingTokens) ?? 0;

    /// <summary>Number of tokens of greedy continuations that were compared.</summary>
    public int ComparedTokens => Quantities.Where(q => q.DifferingTokens is not null).Sum(q => q.Compared);

    /// <summary>
    /// Whether all errors are within tolerance, and in float32 all tokens alike. In a narrower type a continuation may leave the
    /// reference where two tokens are nearly as likely, and is another from there on: that is counted, and no fault.
    /// </summary>
    public bool Passed => WorstError <= Tolerance && (DifferingTokens == 0 || Weights != NumberType.Float32);
}
