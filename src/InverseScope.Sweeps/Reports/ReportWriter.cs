using InverseScope.Sweeps.Reports.Html;

namespace InverseScope.Sweeps.Reports;

/// <summary>Forms of a report.</summary>
public enum ReportFormat
{
    /// <summary>One self-contained page without script.</summary>
    Html,

    /// <summary>GitHub's Markdown.</summary>
    Md,

    /// <summary>report.json, which the others are made from.</summary>
    Json,

    /// <summary>One row for each hypothesis, and for each site of a task-vector experiment.</summary>
    Csv,
}

/// <summary>Writes a report in each of its forms. The same document always gives the same text.</summary>
public static class ReportWriter
{
    /// <returns>The whole file, with line feeds.</returns>
    public static string Write(ReportDocument document, ReportFormat format) => format switch
    {
        ReportFormat.Html => HtmlReport.Write(document),
        ReportFormat.Md => ReportMarkdown.Write(document),
        ReportFormat.Json => ReportJson.Write(document),
        ReportFormat.Csv => ReportCsv.Write(document),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "No such format."),
    };

    /// <summary>e.g. <c>report.html</c>.</summary>
    public static string FileName(ReportFormat format) => $"report.{format.ToString().ToLowerInvariant()}";
}
