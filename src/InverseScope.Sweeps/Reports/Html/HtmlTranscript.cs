using InverseScope.Agent.Transcripts;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps.Reports.Html;

/// <summary>Questions to a language model about one site, each with what came of it, as one page beside the report.</summary>
internal static class HtmlTranscript
{
    /// <summary>Folder of the pages, beside the report.</summary>
    public const string Folder = "transcripts";

    private const int HashShown = 12;

    /// <summary>Of the page about a site.</summary>
    public static string FileOf(string site) => SiteFileName.Of(site, "html");

    /// <summary>From the report to a question.</summary>
    public static string LinkTo(string site, string request) => $"{Folder}/{Uri.EscapeDataString(FileOf(site))}#{AnchorOf(request)}";

    /// <param name="calls">In order, at least one.</param>
    /// <param name="left">How many more there are.</param>
    public static string Write(string sweep, string site, IReadOnlyList<(StoredCall Call, TranscriptEntry Entry)> calls, int left)
    {
        var html = new HtmlBuilder();
        html.Add($"<header><p class=\"kicker\">Sweep {sweep}</p><h1>What the language model was asked about {site}</h1>");
        html.Add($"<p class=\"byline\">{ReportNumbers.Of(calls.Count + left, "question")} to <b>{calls[0].Entry.Model.Name}</b>{(left > 0 ? $"; the last {ReportNumbers.Count(left)} are in the store: sweep transcript {sweep}" : "")}. <a href=\"../{ReportWriter.FileName(ReportFormat.Html)}\">The report</a></p></header>\n<main>\n");
        var anchors = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (call, entry) in calls)
        {
            // A question that was asked twice is found by its first time.
            var anchor = AnchorOf(call.RequestHash);
            if (anchors.Add(anchor))
                html.Add($"<section id=\"{anchor}\">");
            else
                html.Add($"<section>");
            Call(html, call, entry);
            html.Add($"</section>\n");
        }

        html.Add($"</main>\n");
        return HtmlPage.Write($"{site}: questions to the language model, sweep {sweep}", html);
    }

    public static string AnchorOf(string request) => $"q-{request[..HashShown]}";

    public static void Call(HtmlBuilder html, StoredCall call, TranscriptEntry entry)
    {
        html.Add($"<h3>{call.Purpose} <small>{call.Proposer} · step {ReportNumbers.Count(entry.Step)}</small></h3>");
        html.Add($"<p class=\"quiet\">{entry.Outcome.ToString().ToLowerInvariant()} · {ReportNumbers.Time(entry.At)} · {ReportNumbers.Of(call.PromptTokens, "token")} read, {ReportNumbers.Count(call.ReplyTokens)} written in {ReportNumbers.Duration(call.Seconds)} · prompt {entry.PromptId} <code title=\"{entry.PromptHash}\">{HtmlSummary.Short(entry.PromptHash)}</code> · question <code title=\"{call.RequestHash}\">{call.RequestHash[..HashShown]}</code></p>");
        if (entry.Problem is { } problem)
            html.Add($"<p>{problem}</p>");
        Text(html, "Instructions", entry.System);
        Text(html, "Question", entry.User);
        foreach (var round in entry.Earlier ?? [])
        {
            Text(html, "It said", round.Said);
            foreach (var (asked, result) in round.Calls.Zip(round.Results))
                Text(html, $"It called {asked.Name}", $"{asked.Arguments}\n→ {result}");
            Text(html, "It was told", round.Told);
        }

        foreach (var attempt in entry.Attempts)
        {
            Text(html, attempt.IsRepair ? "Reply, after it was told its errors" : "Reply", attempt.Text, open: true);
            if (attempt.Problem is { } fault)
                html.Add($"<p class=\"quiet\">{fault}</p>");
        }

        foreach (var asked in entry.Calls ?? [])
            Text(html, $"It calls {asked.Name}", asked.Arguments, open: true);
    }

    private static void Text(HtmlBuilder html, string what, string? text, bool open = false)
    {
        if (string.IsNullOrEmpty(text))
            return;
        if (open)
            html.Add($"<details open>");
        else
            html.Add($"<details>");
        html.Add($"<summary>{what} <small>{ReportNumbers.Of(text.Length, "character")}</small></summary><pre>{text:lines}</pre></details>");
    }
}
