namespace InverseScope.Sweeps.Reports.Html;

/// <summary>Where links to sites, hypotheses and questions lead: in the report, to places in its one page.</summary>
internal class HtmlLinks
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

    public virtual string To(HypothesisRecord hypothesis) => "#" + Of(hypothesis);

    /// <summary>By id; null where there is no such hypothesis.</summary>
    public virtual string? ToHypothesis(string? id) => OfHypothesis(id) is { } anchor ? "#" + anchor : null;

    /// <summary>Null where there is no such site.</summary>
    public virtual string? ToSite(string? site) => OfSite(site) is { } anchor ? "#" + anchor : null;

    /// <summary>A question to a language model, by the hash of its request.</summary>
    public virtual string ToQuestion(string site, string request) => HtmlTranscript.LinkTo(site, request);
}
