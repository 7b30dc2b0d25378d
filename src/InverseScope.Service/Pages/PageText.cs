using System.Globalization;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Reports.Html;
using InverseScope.Sweeps.Store;
using Microsoft.AspNetCore.Components;

namespace InverseScope.Service.Pages;

/// <summary>Words, signs and small figures of the pages.</summary>
internal static class PageText
{
    /// <summary>Text of strangers, made harmless to look at; whoever renders it escapes it.</summary>
    public static string Shown(string? text) => VisibleText.Of(text ?? "");

    /// <summary>The same with its lines.</summary>
    public static string Lines(string? text) => VisibleText.Of(text ?? "", keepLines: true);

    /// <summary>Markup that a figure of the report writes.</summary>
    public static MarkupString Drawn(Action<HtmlBuilder> draw)
    {
        var html = new HtmlBuilder();
        draw(html);
        return new MarkupString(html.ToString());
    }

    /// <summary>A text field of a form as it was typed, with line feeds alone.</summary>
    public static string Typed(string? text) => (text ?? "").ReplaceLineEndings("\n");

    public static string Sign(SweepStatus status) => status switch
    {
        SweepStatus.Queued => "…",
        SweepStatus.Running => "▸",
        SweepStatus.Paused => "‖",
        SweepStatus.Stopped => "■",
        SweepStatus.Finished => "✓",
        SweepStatus.Failed => "!",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "No sign for this status."),
    };

    public static string Sign(ReviewVerdict verdict) => verdict switch
    {
        ReviewVerdict.Accept => "✓",
        ReviewVerdict.Reject => "✕",
        ReviewVerdict.NeedsMore => "+",
        ReviewVerdict.SpecWrong => "⚠",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "No sign for this verdict."),
    };

    /// <summary>A verdict in the words of its button.</summary>
    public static string Words(ReviewVerdict verdict) => verdict switch
    {
        ReviewVerdict.Accept => "accept",
        ReviewVerdict.Reject => "reject",
        ReviewVerdict.NeedsMore => "needs more data",
        ReviewVerdict.SpecWrong => "spec wrong",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "No words for this verdict."),
    };

    /// <summary>A priority as it stands in forms.</summary>
    public static string Code(SweepPriority priority) => priority switch
    {
        SweepPriority.Low => "low",
        SweepPriority.Normal => "normal",
        SweepPriority.High => "high",
        _ => throw new ArgumentOutOfRangeException(nameof(priority), priority, "No such priority."),
    };

    /// <summary>A verdict as it stands in addresses and forms.</summary>
    public static string Code(ReviewVerdict verdict) => verdict switch
    {
        ReviewVerdict.Accept => "accept",
        ReviewVerdict.Reject => "reject",
        ReviewVerdict.NeedsMore => "needs_more",
        ReviewVerdict.SpecWrong => "spec_wrong",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "No code for this verdict."),
    };

    /// <summary>Number of a page as an address has it, at most <see cref="PageRule.LastPage"/>; 1 where it has none.</summary>
    public static int PageOf(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var page) && page > 0 ? Math.Min(page, PageRule.LastPage) : 1;

    /// <summary>Spent of what may be, e.g. "12 min 3 s of 30 min".</summary>
    public static string OfLimit(string spent, string? limit) => limit is null ? spent : $"{spent} of {limit}";
}
