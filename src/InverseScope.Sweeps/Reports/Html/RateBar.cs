namespace InverseScope.Sweeps.Reports.Html;

/// <summary>The raw rate as a bar from 0 to 1, with a mark at its chance level.</summary>
internal static class RateBar
{
    private const int Width = 84;

    public static void Write(HtmlBuilder html, HypothesisRecord h)
    {
        if (h.Fcr is not { } fcr)
        {
            html.Add($"<em>{ReportNumbers.NotMeasured}</em>");
            return;
        }

        html.Add($"<svg class=\"rate\" viewBox=\"0 0 {Width} 14\" width=\"{Width}\" height=\"14\" aria-hidden=\"true\"><rect class=\"rest\" y=\"3\" width=\"{Width}\" height=\"8\"/><rect class=\"bar\" y=\"3\" width=\"{Width * Math.Clamp(fcr, 0, 1)}\" height=\"8\"/>");
        if (h.Chance is { } chance)
            html.Add($"<path class=\"chance\" d=\"M{Width * Math.Clamp(chance, 0, 1)} 0V14\"/>");
        html.Add($"</svg><small>{ReportNumbers.Rate(fcr)} | {ReportNumbers.Rate(h.Chance)}</small>");
    }
}
