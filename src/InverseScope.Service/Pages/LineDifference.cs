namespace InverseScope.Service.Pages;

/// <summary>What was changed from one text to another, line by line.</summary>
internal static class LineDifference
{
    // A table of both texts' lines: a spec of more is told as all old and all new.
    private const int MostLines = 1000;

    /// <returns>Lines of both in order, each with + (new), − as '-' (old) or ' ' (both).</returns>
    public static IReadOnlyList<(char Sign, string Line)> Of(string before, string now)
    {
        var (old, young) = (before.TrimEnd().Split('\n'), now.TrimEnd().Split('\n'));
        if (old.Length > MostLines || young.Length > MostLines)
            return [.. old.Select(l => ('-', l)), .. young.Select(l => ('+', l))];
        // common[i, j]: lines that old[i..] and young[j..] share in order.
        var common = new int[old.Length + 1, young.Length + 1];
        for (var i = old.Length - 1; i >= 0; i--)
        {
            for (var j = young.Length - 1; j >= 0; j--)
                common[i, j] = old[i] == young[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
        }

        var lines = new List<(char, string)>();
        int a = 0, b = 0;
        while (a < old.Length || b < young.Length)
        {
            if (a < old.Length && b < young.Length && old[a] == young[b])
                (_, a, b) = (Add(' ', old[a]), a + 1, b + 1);
            else if (b == young.Length || (a < old.Length && common[a + 1, b] >= common[a, b + 1]))
                (_, a) = (Add('-', old[a]), a + 1);
            else
                (_, b) = (Add('+', young[b]), b + 1);
        }

        return lines;

        bool Add(char sign, string line)
        {
            lines.Add((sign, line));
            return true;
        }
    }
}
