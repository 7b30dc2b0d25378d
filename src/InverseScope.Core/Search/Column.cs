namespace InverseScope.Core.Search;

/// <summary>
/// The labels of one term over the rows of a <see cref="SiteTable"/>, as small integers: <see cref="Undefined"/>, or
/// 0 .. <paramref name="Count"/> − 1. For numbers, value = code + <paramref name="Offset"/>; characters and words have
/// offset 0 and share their codes among all terms, so that they can be compared.
/// </summary>
internal readonly record struct Column(int[] Codes, int Count, int Offset = 0)
{
    public const int Undefined = -1;

    /// <summary>
    /// The same partition with codes 0 .. k − 1 in order of first appearance, for labels whose codes span too wide a
    /// range to index a table with.
    /// </summary>
    public static int Compress(ReadOnlySpan<long> wide, Span<int> codes)
    {
        var seen = new Dictionary<long, int>();
        for (var i = 0; i < wide.Length; i++)
        {
            if (wide[i] < 0)
            {
                codes[i] = Undefined;
                continue;
            }

            if (!seen.TryGetValue(wide[i], out var code))
                seen.Add(wide[i], code = seen.Count);
            codes[i] = code;
        }

        return Math.Max(1, seen.Count);
    }
}
