namespace InverseScope.Torch.Checks;

/// <summary>How far one kind of number is from its reference values.</summary>
/// <param name="Name">As in golden.json, e.g. <c>final_logits</c>.</param>
/// <param name="WorstError">
/// Largest over all tensors of max|a − b| / max|b|, b the reference; for <c>greedy</c> and <c>batch_greedy</c> the
/// number of tokens that differ.
/// </param>
/// <param name="Where">Where the worst error is.</param>
/// <param name="Compared">Number of tensors (or tokens) compared.</param>
public sealed record CheckedQuantity(string Name, double WorstError, string Where, int Compared);

/// <summary>A model compared with its reference numbers.</summary>
public sealed record ModelCheckResult(string Folder, IReadOnlyList<CheckedQuantity> Quantities)
{
    /// <summary>What float32 arithmetic may differ by.</summary>
    public const double Tolerance = 1e-4;

    public double WorstError => Quantities.Max(q => q.WorstError);

    public bool Passed => WorstError <= Tolerance;
}
