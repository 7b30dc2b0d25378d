using InverseScope.Torch.Runtime;

namespace InverseScope.Torch.Checks;

/// <summary>How far one kind of number, or one kind of continuation, is from its reference.</summary>
/// <param name="Name">As in golden.json, e.g. <c>final_logits</c> or <c>greedy</c>.</param>
/// <param name="WorstError">Largest over all tensors of max|a − b| / max|b|, b the reference; null for tokens.</param>
/// <param name="DifferingTokens">Number of tokens that are others than the reference's; null for tensors.</param>
/// <param name="Where">Where the worst error, or the first differing token, is; empty where there is none.</param>
/// <param name="Compared">Number of tensors or tokens compared.</param>
/// <param name="Lead">
/// By how much, as a share of the largest score, another token came before the reference's where a continuation left it, the most of
/// all; null where none did, or where tokens are not chosen by scores.
/// </param>
public sealed record CheckedQuantity(string Name, double? WorstError, int? DifferingTokens, string Where, int Compared, double? Lead = null);

/// <summary>A model compared with its reference numbers.</summary>
/// <param name="Weights">Type that it was computed in.</param>
public sealed record ModelCheckResult(string Folder, NumberType Weights, IReadOnlyList<CheckedQuantity> Quantities)
{
    /// <summary>What float32 arithmetic may differ by: 839 times its epsilon.</summary>
    public const double Float32 = 1e-4;

    /// <summary>Largest relative error that is allowed of any quantity that was compared.</summary>
    public double Tolerance => Quantities.Where(q => q.WorstError is not null).Select(q => ToleranceOf(q.Name)).DefaultIfEmpty(ToleranceOf("")).Max();

    /// <summary>
    /// Largest relative error that is allowed of a quantity in the type of the weights. The reference is of float32, so that in a
    /// narrower type each rounding of a weight and of the stream counts; a fault smaller than that shows in float32 only.
    /// </summary>
    public double ToleranceOf(string quantity) => Weights == NumberType.Float32 ? Float32 : Roundings(quantity) * Epsilon / 2;

    // Half epsilons, the most that one rounding changes. Most on the small models of the three families in both types: 86 of attention
    // weights, because the softmax makes shares of differences of scores; 55 of what a layer adds; 24 of the stream and what is read
    // from it.
    private static double Roundings(string quantity) => quantity switch
    {
        "attn_probs" or "attn_pattern" => 96,
        "z" or "head_out" or "head_out_tl" or "attn_out" or "mlp_out" or "attn_out_pre_norm" or "mlp_out_pre_norm" or "patched_value" => 64,
        _ => 32,
    };

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
    /// reference where the tolerance of both scores can turn the order of two tokens, and is another from there on: that is counted,
    /// and no fault.
    /// </summary>
    public bool Passed => Quantities.All(q => !(q.WorstError > ToleranceOf(q.Name)) && (q.DifferingTokens is null or 0 || MayDiffer(q)));

    private bool MayDiffer(CheckedQuantity tokens) => Weights != NumberType.Float32 && tokens.Lead <= 2 * ToleranceOf(tokens.Name);
}
