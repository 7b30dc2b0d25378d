using InverseScope.Sweeps.Reports.Html;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Pages;

/// <summary>What one proposer asked about one site.</summary>
/// <param name="Site">Empty where the sweep as a whole was meant.</param>
/// <param name="Tokens">Read and written.</param>
/// <param name="First">When it began, as in <see cref="Timestamp"/>.</param>
public sealed record Conversation(string Site, string Proposer, int Calls, long Tokens, string First)
{
    internal static IReadOnlyList<Conversation> Of(IEnumerable<StoredCall> calls) =>
    [
        .. calls.GroupBy(c => (c.Site, c.Proposer)).Select(g => new Conversation(
            g.Key.Site, g.Key.Proposer, g.Count(), g.Sum(c => c.PromptTokens + c.ReplyTokens), g.First().At)),
    ];

    /// <summary>A page of its questions with their replies.</summary>
    internal static void Write(HtmlBuilder html, TranscriptStore store, IReadOnlyList<StoredCall> calls)
    {
        var anchors = new HashSet<string>(StringComparer.Ordinal);
        html.Add($"<h2 class=\"hidden\">Questions</h2>");
        foreach (var call in calls)
        {
            // A question that was asked twice is found by its first time.
            var anchor = HtmlTranscript.AnchorOf(call.RequestHash);
            if (anchors.Add(anchor))
                html.Add($"<section id=\"{anchor}\">");
            else
                html.Add($"<section>");
            HtmlTranscript.Call(html, call, store.Entry(call.Id));
            html.Add($"</section>\n");
        }
    }
}
