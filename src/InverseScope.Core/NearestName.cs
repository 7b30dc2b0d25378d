namespace InverseScope.Core;

/// <summary>Finds the valid name that a mistyped one most likely meant, for error messages.</summary>
public static class NearestName
{
    /// <returns>The nearest of <paramref name="valid"/> by edit distance, or null if none is near.</returns>
    public static string? Of(string given, IEnumerable<string> valid)
    {
        string? best = null;
        var bestDistance = int.MaxValue;
        foreach (var candidate in valid)
        {
            var distance = EditDistance(given.ToLowerInvariant(), candidate.ToLowerInvariant());
            if (distance < bestDistance)
                (best, bestDistance) = (candidate, distance);
        }

        return bestDistance <= Math.Max(1, given.Length / 3) ? best : null;
    }

    /// <returns>" Did you mean 'x'?" or an empty text.</returns>
    public static string Hint(string given, IEnumerable<string> valid) =>
        Of(given, valid) is { } near ? $" Did you mean '{near}'?" : "";

    // Optimal string alignment: a transposition counts as one edit, since it is the commonest slip.
    private static int EditDistance(string a, string b)
    {
        if (a.Length > 64 || b.Length > 64)
            return Math.Abs(a.Length - b.Length) + 64;
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            d[i, 0] = i;
        for (var j = 0; j <= b.Length; j++)
            d[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }

        return d[a.Length, b.Length];
    }
}
