using System.ComponentModel;
using InverseScope.Core;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace InverseScope.Service.Api;

/// <summary>A hypothesis in a list.</summary>
/// <param name="ControlsOff">Names of controls that did not come out as they must.</param>
/// <param name="QueuedBecause">Why it needs a person; empty if nothing asks for one.</param>
/// <param name="Review">The review that counts; null if there is none.</param>
/// <param name="Version">What the next review must name in If-Match.</param>
internal sealed record HypothesisRow(
    string Sweep, string Id, string Site, string Title, string? Statement, FeatureKind Kind, HypothesisAuthor Author, IReadOnlyList<string> Proposers,
    string SpecHash, HypothesisPhase Phase, double? Fcr, double? Chance, double? Kappa, ReportInterval? KappaCi, double? Log10EValue, bool? PassesFdr,
    double? Bits, CountsRecord Counts, IReadOnlyList<string> ControlsOff, HypothesisVerdict Verdict, string VerdictReason,
    IReadOnlyList<string> QueuedBecause, StoredReview? Review, long Version)
{
    public static HypothesisRow Of(ReviewItem item)
    {
        var h = item.Hypothesis;
        return new HypothesisRow(
            item.Sweep, h.Id, h.Site, h.Title, h.Statement, h.Kind, h.Author, h.Proposers, h.SpecHash, h.Phase, h.Fcr, h.Chance, h.Kappa, h.KappaCi,
            h.Log10EValue, h.PassesFdr, h.Bits, h.Counts, [.. h.Controls.Where(c => c.AsExpected == false).Select(c => c.Name)], h.Verdict, h.VerdictReason,
            item.QueuedBecause, item.Last, item.Version);
    }
}

internal static class HypothesisEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/sweeps/{id}/hypotheses").WithTags("hypotheses").Answers(StatusCodes.Status404NotFound);
        group.MapGet("", List)
            .WithName("ListHypotheses").WithSummary("The hypotheses of a sweep, a page at a time. A sweep without a report has none yet.");
        group.MapGet("/{hid}", HypothesisRecord (
                [Description("As /sweeps lists it.")] string id, [Description("As the list gives it; the slash in it is sent as %2F.")] string hid, ReviewDesk desk) => Find(id, hid, desk).Hypothesis)
            .WithName("ShowHypothesis").WithSummary("A hypothesis with all that its verdict rests on.");
    }

    /// <exception cref="RequestException">There is no such sweep or hypothesis.</exception>
    public static ReviewItem Find(string id, string hid, ReviewDesk desk)
    {
        var sweep = Known.Name(id);
        return Known.Find(hid, name => desk.Find(sweep, name));
    }

    private static PageOf<HypothesisRow> List(
        [Description("As /sweeps lists it.")] string id, ReviewDesk desk,
        [Description("confirmed, refuted, undecided, degenerate, failed; several with commas.")] string? verdict,
        [Description("Full form of the site, e.g. L9H6@last.")] string? site,
        [Description("rule, script, llm; several with commas.")] string? kind,
        [Description("symbolic, llm, person, mcp; several with commas.")] string? author,
        [Description("Those whose κ is at least this; not those without one.")] double? min_kappa,
        [Description("Words of title, statement or site, regardless of case.")] string? text,
        [Description("review (those that wait for a person first), kappa, e_value, bits, site, title or verdict; a '-' before it turns it round. Default review.")] string? sort,
        [Description("From 1. Default 1.")] int? page,
        [Description("1 to 500. Default 50.")] int? size)
    {
        var asked = Paging.Of(page, size);
        var (verdicts, kinds, authors) = (
            QueryChoice.Several<HypothesisVerdict>(verdict, "verdict"), QueryChoice.Several<FeatureKind>(kind, "kind"), QueryChoice.Several<HypothesisAuthor>(author, "author"));
        var order = HypothesisOrder.Of(sort);
        var found = Known.Find(id, desk.Of).Where(i => i.Hypothesis is var h
            && verdicts?.Contains(h.Verdict) != false && kinds?.Contains(h.Kind) != false && authors?.Contains(h.Author) != false
            && (site is null || h.Site == site) && (min_kappa is null || h.Kappa >= min_kappa) && Has(h, text));
        return asked.Of<HypothesisRow>([.. order(found).Select(HypothesisRow.Of)]);
    }

    private static bool Has(HypothesisRecord h, string? text) => string.IsNullOrWhiteSpace(text)
        || text.Split(' ', StringSplitOptions.RemoveEmptyEntries).All(word =>
            new[] { h.Title, h.Statement, h.Site }.Any(t => t?.Contains(word, StringComparison.OrdinalIgnoreCase) == true));
}

/// <summary>Orders of a list of hypotheses.</summary>
internal static class HypothesisOrder
{
    private static readonly Dictionary<string, Func<IEnumerable<ReviewItem>, IEnumerable<ReviewItem>>> Orders = new(StringComparer.Ordinal)
    {
        ["review"] = items => items,
        ["kappa"] = items => items.OrderBy(i => i.Hypothesis.Kappa ?? double.NegativeInfinity),
        ["e_value"] = items => items.OrderBy(i => i.Hypothesis.Log10EValue ?? double.NegativeInfinity),
        ["bits"] = items => items.OrderBy(i => i.Hypothesis.Bits ?? double.NegativeInfinity),
        ["site"] = items => items.OrderBy(i => i.Site.Layer ?? -1).ThenBy(i => i.Site.Head ?? -1).ThenBy(i => i.Site.Site, StringComparer.Ordinal),
        ["title"] = items => items.OrderBy(i => i.Hypothesis.Title, StringComparer.OrdinalIgnoreCase),
        ["verdict"] = items => items.OrderBy(i => i.Hypothesis.Verdict),
    };

    /// <exception cref="BadInputException">There is no such order.</exception>
    public static Func<IEnumerable<ReviewItem>, IEnumerable<ReviewItem>> Of(string? sort)
    {
        var name = sort?.TrimStart('-') ?? "review";
        if (!Orders.TryGetValue(name, out var order))
            throw new BadInputException($"sort is one of {string.Join(", ", Orders.Keys)}; found '{name}'.{NearestName.Hint(name, Orders.Keys)}");
        return sort is ['-', ..] ? items => order(items).Reverse() : order;
    }
}
