using InverseScope.Service.Pages;

namespace InverseScope.Service.Tests.Pages;

/// <summary>Every page, with made-up content.</summary>
internal static class PageList
{
    private const string HostileHypothesis = "L1H2@=/3c6ef372";

    public static readonly IReadOnlyList<(string Name, string Path)> All =
    [
        ("sweeps", "/"),
        ("sweep", PageUrl.Sweep(PageHome.Night)),
        ("sweep-hostile", PageUrl.Sweep(PageHome.Hostile)),
        ("sweep-filtered", PageUrl.Sweep(PageHome.Night) + "?verdict=confirmed&site=L1*&sort=-kappa"),
        ("site", PageUrl.Site(PageHome.Hostile, "L0H1@=")),
        ("site-hostile", PageUrl.Site(PageHome.Hostile, PageHome.HostileSite)),
        ("hypothesis", PageUrl.Hypothesis(PageHome.Hostile, "L0H1@=/9e3779b9")),
        ("hypothesis-hostile", PageUrl.Hypothesis(PageHome.Hostile, HostileHypothesis) + "?samples=all&swapped=1"),
        ("hypothesis-twisted", PageUrl.Hypothesis(PageHome.Hostile, PageHome.HostileSite + "/twisted") + "?in=queue"),
        ("specs", "/specs"),
        ("spec-new", "/specs/new"),
        ("review", "/review"),
        ("compare", $"/compare?a={PageHome.Hostile}&b={PageHome.Other}"),
        ("transcripts", PageUrl.Transcripts(PageHome.Hostile)),
        ("transcript", PageUrl.Transcripts(PageHome.Hostile) + "?site=L1H2%40%3D&proposer=llm_loop"),
        ("missing", "/nothing/here"),
        ("no-sweep", "/sweeps/nothing"),
    ];
}
