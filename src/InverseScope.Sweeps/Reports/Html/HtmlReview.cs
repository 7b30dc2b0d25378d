namespace InverseScope.Sweeps.Reports.Html;

/// <summary>What asks for a person, and what people said. Names and comments are untrusted text.</summary>
internal static class HtmlReview
{
    public static void Write(HtmlBuilder html, ReportDocument document, HypothesisRecord h)
    {
        var question = ReportProse.Question(document, h);
        if (question is null && h.Reviews.Count == 0 && h.Corrected is null)
            return;
        html.Add($"<section class=\"block{(h.Reviews.Count == 0 && question is not null ? " ask" : "")}\"><h4>Review</h4>");
        if (question is not null)
            html.Add($"<p>Queued because {ReportNumbers.Words(question.Reason)}: {question.Detail}</p>");
        if (h.Reviews.Count > 0)
            History(html, h.Reviews);
        if (h.Corrected is { } corrected)
            html.Add($"<p>{ReportProse.Corrected(corrected, h)}</p>");
        html.Add($"</section>\n");
    }

    /// <summary>For the line of the hypothesis: sign and word of the last verdict; empty without one.</summary>
    public static string Sign(HypothesisRecord h) =>
        h.Reviews is [.., var last] ? $" · {ReportProse.Sign(last.Verdict)} {ReportProse.Reviewed(last.Verdict)}" : "";

    private static void History(HtmlBuilder html, IReadOnlyList<ReviewRecord> reviews)
    {
        html.Add($"<ol class=\"trail\">");
        foreach (var review in reviews)
        {
            html.Add($"<li><b>{ReportProse.Sign(review.Verdict)} {ReportProse.Reviewed(review.Verdict)}</b> by <bdi>{review.Author}</bdi> <span class=\"quiet\">{ReportNumbers.Time(review.Time)}</span>");
            if (review.Comment.Length > 0)
                html.Add($"<br><bdi class=\"text\">{review.Comment:lines}</bdi>");
            html.Add($"</li>");
        }

        html.Add($"</ol>");
    }
}
