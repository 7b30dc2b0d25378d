using System.Globalization;
using System.IO.Enumeration;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Reports.Html;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Service.Pages;

/// <summary>Which hypotheses of a sweep are listed, and in what order: all of it stands in the address.</summary>
public sealed record HypothesisQuery
{
    /// <summary>Hypotheses on a page.</summary>
    public const int Size = 50;

    /// <summary>Orders, by their name in the address.</summary>
    public static readonly IReadOnlyList<string> Orders = ["verdict", "site", "feature", "kappa", "raw", "e", "n", "controls", "tokens", "review"];

    public HypothesisVerdict? Verdict { get; init; }

    /// <summary>A pattern with * and ?, or a part of a site's name.</summary>
    public string Site { get; init; } = "";

    public FeatureKind? Kind { get; init; }

    public HypothesisAuthor? Author { get; init; }

    /// <summary><c>open</c>: nobody said anything; <c>asked</c>: open and queued; else a verdict's code.</summary>
    public string Review { get; init; } = "";

    /// <summary>A part of the title, the statement or the spec's hash.</summary>
    public string Text { get; init; } = "";

    /// <summary>One of <see cref="Orders"/>.</summary>
    public string Order { get; init; } = "verdict";

    /// <summary>Whether the order is turned round.</summary>
    public bool Reversed { get; init; }

    /// <summary>From 1.</summary>
    public int Page { get; init; } = 1;

    /// <summary>Whether it leaves anything out.</summary>
    public bool IsFiltered => Verdict is not null || Kind is not null || Author is not null || Site.Length + Review.Length + Text.Length > 0;

    /// <summary>As an address has it; what it does not know is as if it were not there.</summary>
    internal static HypothesisQuery From(IQueryCollection query)
    {
        var order = query["sort"].ToString();
        var reversed = order.StartsWith('-');
        order = order.TrimStart('-');
        return new HypothesisQuery
        {
            Verdict = Member<HypothesisVerdict>(query["verdict"]),
            Site = query["site"].ToString().Trim(),
            Kind = Member<FeatureKind>(query["kind"]),
            Author = Member<HypothesisAuthor>(query["author"]),
            Review = query["review"].ToString(),
            Text = query["text"].ToString().Trim(),
            Order = Orders.Contains(order) ? order : "verdict",
            Reversed = reversed && Orders.Contains(order),
            Page = PageText.PageOf(query["page"]),
        };
    }

    /// <summary>As it stands in an address, from <c>?</c> on; empty where it says nothing.</summary>
    internal string ToText(bool withPage = true) => PageUrl.With(
        "", ("verdict", NameOf(Verdict)), ("site", Site), ("kind", NameOf(Kind)), ("author", NameOf(Author)), ("review", Review), ("text", Text),
        ("sort", Order == "verdict" && !Reversed ? null : (Reversed ? "-" : "") + Order),
        ("page", withPage && Page > 1 ? Page.ToString(CultureInfo.InvariantCulture) : null));

    /// <summary>Those that pass, in order.</summary>
    internal IReadOnlyList<ReviewItem> Of(IEnumerable<ReviewItem> all)
    {
        var passing = all.Where(Passes);
        var ordered = Order switch
        {
            "site" => passing.OrderBy(i => i.Site.Layer ?? -1).ThenBy(i => i.Site.Head ?? -1).ThenBy(i => i.Site.Site, StringComparer.Ordinal),
            "feature" => passing.OrderBy(i => i.Hypothesis.Title, StringComparer.OrdinalIgnoreCase),
            "kappa" => passing.OrderByDescending(i => KappaScale.Of(i.Hypothesis)),
            "raw" => passing.OrderByDescending(i => i.Hypothesis.Fcr),
            "e" => passing.OrderByDescending(i => Log10E(i.Hypothesis)),
            "n" => passing.OrderByDescending(i => i.Hypothesis.Counts.References),
            "controls" => passing.OrderByDescending(i => i.Hypothesis.Controls.Count(c => c.AsExpected == false)),
            "tokens" => passing.OrderByDescending(HypothesisTable.Tokens),
            "review" => passing.OrderBy(i => i is { Last: null, QueuedBecause.Count: > 0 } ? 0 : i.Last is null ? 1 : 2).ThenBy(i => i.Last?.Verdict),
            _ => passing.OrderBy(i => HtmlSites.Rank(i.Hypothesis.Verdict)),
        };
        var list = ordered.ThenByDescending(i => KappaScale.Of(i.Hypothesis)).ThenBy(i => i.Hypothesis.Id, StringComparer.Ordinal);
        return Reversed ? [.. list.Reverse()] : [.. list];
    }

    internal static double? Log10E(HypothesisRecord h) => h.Log10EValue ?? (h.EValue > 0 ? Math.Log10(h.EValue.Value) : null);

    /// <summary>A member as it stands in an address.</summary>
    internal static string CodeOf(Enum member) => member.ToString().ToLowerInvariant();

    private bool Passes(ReviewItem item)
    {
        var h = item.Hypothesis;
        return (Verdict is null || h.Verdict == Verdict) && (Kind is null || h.Kind == Kind) && (Author is null || h.Author == Author)
            && PassesSite(h.Site) && PassesReview(item)
            && (Text.Length == 0 || Contains(h.Title) || Contains(h.Statement) || h.SpecHash.StartsWith(Text, StringComparison.OrdinalIgnoreCase));
    }

    private bool PassesSite(string site) => Site.Length == 0 || (Site.AsSpan().IndexOfAny('*', '?') >= 0
        ? FileSystemName.MatchesSimpleExpression(Site, site) || FileSystemName.MatchesSimpleExpression(Site + "@*", site)
        : site.Contains(Site, StringComparison.OrdinalIgnoreCase));

    private bool PassesReview(ReviewItem item) => Review switch
    {
        "" => true,
        "open" => item.Last is null,
        "asked" => item is { Last: null, QueuedBecause.Count: > 0 },
        var code => item.Last is { } last && PageText.Code(last.Verdict) == code,
    };

    private bool Contains(string? text) => text?.Contains(Text, StringComparison.OrdinalIgnoreCase) == true;

    private static string? NameOf<T>(T? member)
        where T : struct, Enum => member is { } m ? CodeOf(m) : null;

    private static T? Member<T>(string? name)
        where T : struct, Enum => Enum.GetValues<T>().Cast<T?>().FirstOrDefault(v => CodeOf(v!.Value) == name);
}
