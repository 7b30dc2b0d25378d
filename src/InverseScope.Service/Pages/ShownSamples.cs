using InverseScope.Service.Desk;

namespace InverseScope.Service.Pages;

/// <summary>What a page shows of a site's samples.</summary>
/// <param name="Choice">What was asked for, at pages that there are.</param>
/// <param name="All">Every reference.</param>
/// <param name="Reference">The one whose samples alone are shown; null for those of all.</param>
/// <param name="References">The part of the references that is listed.</param>
/// <param name="Fault">Why the samples cannot be read, and then there are none here; null where they can.</param>
public sealed record ShownSamples(
    SampleChoice Choice, IReadOnlyList<ReferenceRow> All, string? Reference, ReferencePage References, SamplePage Samples, string? Fault = null)
{
    /// <param name="hypothesis">Whose labels they have; null: without labels.</param>
    /// <exception cref="Core.BadInputException">There is no such sweep, site or hypothesis.</exception>
    internal static ShownSamples Of(SampleShelf samples, string sweep, string site, string? hypothesis, SampleChoice choice)
    {
        try
        {
            var all = SiteReferences.All(samples, sweep, site, hypothesis);
            var reference = choice.Reference.Length == 0 ? null : all.Select(r => r.Text).FirstOrDefault(t => SampleList.KeyOf(t) == choice.Reference);
            var query = new SampleQuery(sweep, site, hypothesis, choice.Filter, reference, choice.Page, SampleChoice.Size);
            var found = samples.Find(query);
            choice = choice with
            {
                Page = PageRule.Within(choice.Page, found.Total, SampleChoice.Size),
                ReferencePage = PageRule.Within(choice.ReferencePage, all.Count, ReferenceList.PageSize),
            };
            if (choice.Page != query.Page)
                found = samples.Find(query with { Page = choice.Page });
            var listed = new ReferencePage(PageRule.Of(all, choice.ReferencePage, ReferenceList.PageSize), all.Count, found.AreExamples);
            return new ShownSamples(choice, all, reference, listed, found);
        }
        catch (DamagedFileException e)
        {
            return new ShownSamples(choice, [], null, new ReferencePage([], 0, AreExamples: false), new SamplePage([], 0, AreExamples: false), e.Message);
        }
    }
}
