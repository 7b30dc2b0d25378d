namespace InverseScope.Sweeps.Reports.Html;

/// <summary>References of a site with each token shaded by what the activation says of it; the number is below the token.</summary>
internal static class HtmlTokenBits
{
    private const double BitsOfFullShade = 4;
    private const int Shades = 8;

    public static void Write(HtmlBuilder html, TokenBitsRecord tokens)
    {
        html.Add($"<details class=\"tokens\"><summary>What the activation says of each token, bits by the generator</summary>\n");
        WriteReferences(html, tokens);
        html.Add($"</details>\n");
    }

    /// <summary>Each reference as a line of shaded tokens, and the means by position.</summary>
    public static void WriteReferences(HtmlBuilder html, TokenBitsRecord tokens)
    {
        foreach (var reference in tokens.References)
        {
            html.Add($"<p>");
            foreach (var token in reference.Tokens)
                html.Add($"<span class=\"tok b{ShadeOf(token.Bits)}\"><code>{(token.Token.Length == 0 ? "(end)" : token.Token)}</code><small>{ReportNumbers.Signed(token.Bits)}</small></span>");
            html.Add($"<span class=\"quiet\">{ReportNumbers.Bits(reference.Bits)}</span></p>\n");
        }

        if (ReportProse.Positions(tokens) is { } positions)
            html.Add($"<p class=\"quiet\">{positions}</p>\n");
    }

    private static int ShadeOf(double bits) => (int)Math.Round(Math.Clamp(bits / BitsOfFullShade, 0, 1) * Shades);
}
