namespace InverseScope.Torch.Generators;

/// <summary>Activations that condition a generator: some of each of several sites, group by group.</summary>
/// <param name="Sites">Which of the generator's sites each group is of.</param>
/// <param name="Values">The activations of each group, (n, width of its site), row by row.</param>
/// <param name="Rows">n, the same for every group.</param>
internal sealed record SiteBatch(int[] Sites, float[][] Values, int Rows)
{
    /// <summary>Activations in all, R.</summary>
    public int Count => Sites.Length * Rows;

    /// <summary>Activations of one site.</summary>
    public static SiteBatch Of(int site, float[] values, int rows) => new([site], [values], rows);
}
