using System.Security.Cryptography;
using System.Text;

namespace InverseScope.Sweeps.Reports.Html;

/// <summary>
/// A page that is whole in itself: no script, no outside resource, nothing to fetch. A policy in its head forbids both, so that
/// a text that slipped through escaping could do nothing.
/// </summary>
internal static class HtmlPage
{
    private static readonly string Style = ReportResource.Read("report.css");

    public static string Write(string title, HtmlBuilder body)
    {
        var html = new HtmlBuilder();
        var styleHash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)));
        html.Add($"<!doctype html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.Add($"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{styleHash}'; base-uri 'none'; form-action 'none'\">\n");
        html.Add($"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.Add($"<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
        html.Add($"<title>{title}</title>\n");
        return html + $"<style>{Style}</style>\n</head>\n<body>\n" + body + "</body>\n</html>\n";
    }
}
