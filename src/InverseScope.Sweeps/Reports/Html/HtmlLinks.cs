namespace InverseScope.Sweeps.Reports.Html;

/// <summary>Anchors of sites and hypotheses in the page.</summary>
internal sealed class HtmlLinks
{
    private readonly Dictionary<HypothesisRecord, string> _hypotheses = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, string> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _sites = new(StringComparer.Ordinal);

    public HtmlLinks(ReportDocument document)
    {
        var number = 0;
        foreach (var site in document.Sites)
        {
            _sites.TryAdd(site.Site, $"s{_sites.Count + 1}");
            foreach (var hypothesis in site.Hypotheses)
            {
                var anchor = $"h{++number}";
                _hypotheses[hypothesis] = anchor;
                _byId.TryAdd(hypothesis.Id, anchor);
            }
        }
    }

    public string Of(HypothesisRecord hypothesis) => _hypotheses[hypothesis];

    public string? OfHypothesis(string? id) => id is null ? null : _byId.GetValueOrDefault(id);

    public string? OfSite(string? site) => site is null ? null : _sites.GetValueOrDefault(site);
}
