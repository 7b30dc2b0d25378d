namespace InverseScope.Sweeps.Reports.Html;

/// <summary>
/// Which parts of a sample its reference has too: the longest common sequence of words, or, for texts of one word (sums,
/// codes), the characters that stand at the same place.
/// </summary>
internal static class SharedPieces
{
    /// <returns>The sample in runs that are shared or not; joined, they are the sample.</returns>
    public static IReadOnlyList<(string Piece, bool Shared)> Of(string reference, string sample)
    {
        if (!reference.Contains(' ', StringComparison.Ordinal) && !sample.Contains(' ', StringComparison.Ordinal))
            return Runs([.. Characters(sample).Zip(Padded(Characters(reference)), (s, r) => (s, s == r))]);
        var (from, to) = (Words(reference), Words(sample));
        var common = Common(from, to);
        var pieces = new List<(string, bool)>();
        int i = 0, j = 0;
        while (j < to.Count)
        {
            var match = i < from.Count && from[i] == to[j] && common[i, j] == common[i + 1, j + 1] + 1;
            if (match)
            {
                pieces.Add((to[j++], true));
                i++;
            }
            else if (i < from.Count && common[i + 1, j] >= common[i, j + 1])
            {
                i++;
            }
            else
            {
                pieces.Add((to[j++], false));
            }
        }

        return Runs(pieces);
    }

    // common[i, j]: length of the longest common subsequence of from[i..] and to[j..].
    private static int[,] Common(List<string> from, List<string> to)
    {
        var common = new int[from.Count + 1, to.Count + 1];
        for (var i = from.Count - 1; i >= 0; i--)
        {
            for (var j = to.Count - 1; j >= 0; j--)
                common[i, j] = from[i] == to[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
        }

        return common;
    }

    private static List<(string Piece, bool Shared)> Runs(List<(string Piece, bool Shared)> pieces)
    {
        var runs = new List<(string Piece, bool Shared)>();
        foreach (var (piece, shared) in pieces)
        {
            if (runs.Count > 0 && runs[^1].Shared == shared)
                runs[^1] = (runs[^1].Piece + piece, shared);
            else
                runs.Add((piece, shared));
        }

        return runs;
    }

    // A word with the space before it.
    private static List<string> Words(string text)
    {
        var words = new List<string>();
        var start = 0;
        for (var i = 1; i <= text.Length; i++)
        {
            if (i == text.Length || (text[i] == ' ' && text[i - 1] != ' '))
            {
                words.Add(text[start..i]);
                start = i;
            }
        }

        return words;
    }

    private static IEnumerable<string> Characters(string text) => text.EnumerateRunes().Select(r => r.ToString());

    private static IEnumerable<string?> Padded(IEnumerable<string?> characters) =>
        characters.Concat(Enumerable.Repeat<string?>(null, int.MaxValue));
}
