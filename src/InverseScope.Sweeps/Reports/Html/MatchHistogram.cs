namespace InverseScope.Sweeps.Reports.Html;

/// <summary>References by the share of their samples that match.</summary>
internal static class MatchHistogram
{
    private const int Width = 200;
    private const int Height = 130;
    private const int Bottom = 18;
    private const int Top = 14;

    public static void Write(HtmlBuilder html, IReadOnlyList<int> counts)
    {
        var most = Math.Max(1, counts.Max());
        var step = (double)Width / counts.Count;
        html.Add($"<figure><figcaption>References by their match rate</figcaption><svg viewBox=\"0 0 {Width} {Height}\" width=\"{Width}\" height=\"{Height}\" role=\"img\" aria-label=\"Counts of references from match rate 0 to 1: {string.Join(", ", counts)}\">");
        for (var i = 0; i < counts.Count; i++)
        {
            if (counts[i] == 0)
                continue;
            var height = (double)(Height - Bottom - Top) * counts[i] / most;
            html.Add($"<rect class=\"bar\" x=\"{i * step + 1}\" y=\"{Height - Bottom - height}\" width=\"{step - 2}\" height=\"{height}\"/><text x=\"{(i + 0.5) * step}\" y=\"{Height - Bottom - height - 3}\" class=\"m\">{counts[i]}</text>");
        }

        html.Add($"<path class=\"grid\" d=\"M0 {Height - Bottom}H{Width}\"/><text x=\"0\" y=\"{Height - 4}\">0</text><text x=\"{Width / 2}\" y=\"{Height - 4}\" class=\"m\">0.5</text><text x=\"{Width}\" y=\"{Height - 4}\" class=\"e\">1</text></svg></figure>");
    }
}
