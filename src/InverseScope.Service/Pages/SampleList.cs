using System.Globalization;
using InverseScope.Core;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Reports.Html;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Service.Pages;

/// <summary>Which samples a page shows, as its address has it.</summary>
/// <param name="Reference">As in <see cref="SampleList.KeyOf"/>; empty for all.</param>
/// <param name="Swapped">Whether samples of another reference stand beside them.</param>
/// <param name="Page">From 1.</param>
/// <param name="ReferencePage">Of the list of references, from 1.</param>
public sealed record SampleChoice(SampleFilter Filter, string Reference, bool Swapped, int Page, int ReferencePage)
{
    /// <summary>Samples on a page.</summary>
    public const int Size = 40;

    internal static SampleChoice From(IQueryCollection query, SampleFilter otherwise) => new(
        Enum.GetValues<SampleFilter>().Cast<SampleFilter?>().FirstOrDefault(f => CodeOf(f!.Value) == query["samples"].ToString()) ?? otherwise,
        query["ref"].ToString(), query["swapped"] == "1", PageText.PageOf(query["p"]), PageText.PageOf(query["rp"]));

    internal IEnumerable<(string Name, string? Value)> Parameters =>
        [("samples", CodeOf(Filter)), ("ref", Reference), ("swapped", Swapped ? "1" : null), ("p", Number(Page)), ("rp", Number(ReferencePage))];

    internal static string CodeOf(SampleFilter filter) => filter.ToString().ToLowerInvariant();

    internal static string WordsOf(SampleFilter filter) => filter switch
    {
        SampleFilter.Different => "Labelled otherwise",
        SampleFilter.Random => "Random 20",
        _ => filter.ToString(),
    };

    private static string? Number(int page) => page > 1 ? page.ToString(CultureInfo.InvariantCulture) : null;
}

/// <summary>Samples under their references. What is shown is untrusted text.</summary>
internal static class SampleList
{
    /// <summary>Stands for a text in addresses and forms, which would change its line ends.</summary>
    public static string KeyOf(string text) => ContentHash.Of(text)[..16];

    /// <param name="swapped">What the control "references swapped" gave the given reference, or nothing; null where it is not asked for.</param>
    public static void Write(HtmlBuilder html, SamplePage page, double epsilon, Func<string, IReadOnlyList<SampleRow>>? swapped)
    {
        var scale = Math.Max(1.25 * epsilon, page.Rows.Max(r => r.Distance) ?? 0);
        html.Add($"<div class=\"examples{(swapped is null ? "" : " beside")}\">");
        foreach (var group in Groups(page.Rows))
        {
            var (reference, label) = (group[0].Reference, group[0].ReferenceLabel);
            html.Add($"<div class=\"example\">");
            Head(html, "x̂", reference, label, "");
            html.Add($"<ul>");
            foreach (var row in group)
                Row(html, reference, row, row.Match, epsilon, scale);
            html.Add($"</ul></div>");
            if (swapped is not null)
                Swapped(html, reference, label, swapped(reference), epsilon, scale);
        }

        html.Add($"</div>\n");
    }

    private static void Swapped(HtmlBuilder html, string reference, string? label, IReadOnlyList<SampleRow> others, double epsilon, double scale)
    {
        html.Add($"<div class=\"example other\">");
        if (others.Count == 0)
        {
            html.Add($"<p class=\"quiet\">Not in the control, or its samples were not kept.</p></div>");
            return;
        }

        Head(html, "swapped", others[0].SampledFor ?? "", label, "its samples, held against this label");
        html.Add($"<ul>");
        foreach (var row in others)
            Row(html, reference, row, row.Match, epsilon, scale);
        html.Add($"</ul></div>");
    }

    private static void Head(HtmlBuilder html, string sign, string reference, string? label, string note)
    {
        html.Add($"<p class=\"ref\"><span class=\"x\">{sign}</span> <bdi class=\"text\">");
        HtmlSamples.Text(html, reference);
        html.Add($"</bdi>");
        if (label is not null)
            html.Add($" <span class=\"lab\"><bdi>{label}</bdi></span>");
        html.Add($" <span class=\"quiet\">{note}</span></p>");
    }

    private static void Row(HtmlBuilder html, string reference, SampleRow row, bool? match, double epsilon, double scale)
    {
        HtmlSamples.WriteSample(html, reference, new ShownSample(row.Text, row.Label, row.Failure, row.Distance, row.Weight, match), epsilon, scale);
        if (row.Correction is { } correction)
            html.Add($"<li class=\"corrected\"><span class=\"quiet\">corrected to</span> <span class=\"lab\"><bdi>{correction.Label ?? "undefined"}</bdi></span> <span class=\"quiet\">by {correction.Author}{(correction.Comment.Length == 0 ? "" : $": {correction.Comment}")}</span></li>");
    }

    // Neighbours with one reference; a filter may bring a reference back later.
    private static IEnumerable<IReadOnlyList<SampleRow>> Groups(IReadOnlyList<SampleRow> rows)
    {
        for (var from = 0; from < rows.Count;)
        {
            var group = rows.Skip(from).TakeWhile(r => r.Reference == rows[from].Reference).ToArray();
            yield return group;
            from += group.Length;
        }
    }
}
