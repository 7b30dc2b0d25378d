using System.Text.Json;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Prompts;
using InverseScope.Agent.Transcripts;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;
using InverseScope.Sweeps.Tests.Reports;

namespace InverseScope.Service.Tests.Pages;

/// <summary>A home with made-up sweeps: one of a long night, and two whose texts would be markup and script if anything let them.</summary>
internal static class PageHome
{
    public const string Night = "night-001";
    public const string Hostile = "hostile-001";
    public const string Other = "hostile-002";

    /// <summary>A site whose name is hostile too.</summary>
    public const string HostileSite = "L1H3@'<img src=x onerror=alert(3)>'";

    private static readonly ChatModel Model = new("ollama", "tiny<script>alert(1)</script>", "sha256:1");

    /// <param name="heads">Of each of as many layers, at two positions; a few hypotheses at each.</param>
    public static Home Make(string folder, int heads = 8)
    {
        var home = new Home(folder);
        home.Make();
        using var store = SweepStore.Open(home.Store);
        Add(home, store, "night", ReportFixture.Night(heads, heads, ["=", "A1"], 5, 11));
        var hostile = Twisted(ReportFixture.Tiny());
        var request = Tell(store, Hostile, hostile.Sites[1].Site);
        Add(home, store, "hostile", WithQuestion(hostile, request));
        Add(home, store, "hostile", Changed(hostile));
        Directory.CreateDirectory(home.Specs);
        return home;
    }

    private static void Add(Home home, SweepStore store, string name, ReportDocument report)
    {
        var sweep = store.Begin(new StoredSweep
        {
            Name = name,
            Plan = JsonSerializer.Serialize(
                new SweepPlan { Name = name, Model = "addition", Task = "addition", Sites = ["L*H*"], BudgetMinutes = 30 }, ReportJson.LineOptions),
            Command = report.Sweep.Command,
            Version = "test",
            State = SweepState.Finished,
            StopReason = "finished",
            Started = Timestamp.Of(report.Sweep.Started),
            Finished = Timestamp.Of(report.Sweep.Finished!.Value),
            WorkSeconds = report.Sweep.Cost.WallSeconds ?? 0,
        });
        ReportFiles.Write(home.Sweep(sweep.Id), report with { Sweep = report.Sweep with { Id = sweep.Id, Name = name } }, [ReportFormat.Json]);
    }

    // A hypothesis more, at a site whose name is no better than the texts, and one that revises another.
    private static ReportDocument Twisted(ReportDocument report)
    {
        var first = report.Sites[0].Hypotheses[0];
        var twisted = first with { Id = $"{HostileSite}/twisted", Site = HostileSite, Title = ReportFixture.HostileText, Parent = first.Id, SpecYaml = first.SpecYaml + "note: <b>new</b>\n" };
        SiteRecord[] sites = [.. report.Sites, report.Sites[0] with { Site = HostileSite, Head = 3, Layer = 1, Hypotheses = [twisted] }];
        return ReportDocument.Of(report.Sweep, sites, report.KnownSites, taskVector: report.TaskVector);
    }

    private static ReportDocument Changed(ReportDocument report)
    {
        var site = report.Sites[0];
        HypothesisRecord[] changed =
        [
            site.Hypotheses[0] with { Kappa = 0.31, KappaCi = new ReportInterval(0.2, 0.42) },
            site.Hypotheses[1] with { Verdict = HypothesisVerdict.Refuted },
        ];
        return ReportDocument.Of(
            report.Sweep with { Seeds = new Dictionary<string, long> { ["run"] = 8 } }, [site with { Verdict = SiteVerdict.Explained, Hypotheses = changed }, .. report.Sites.Skip(1)],
            report.KnownSites, taskVector: report.TaskVector);
    }

    private static ReportDocument WithQuestion(ReportDocument report, string request)
    {
        var site = report.Sites[1];
        var asked = site.Hypotheses[0] with
        {
            Proposers = ["llm_loop"],
            Trail = [new TrailStep { Time = report.Sweep.Started, Step = "asked", Detail = "A language model <b>proposed</b> it.", Request = request }],
        };
        return report with { Sites = [report.Sites[0], site with { Hypotheses = [asked, .. site.Hypotheses.Skip(1)] }, .. report.Sites.Skip(2)] };
    }

    private static string Tell(SweepStore store, string sweep, string site)
    {
        var hash = "";
        for (var i = 0; i < 25; i++)
        {
            var request = new ChatRequest { Purpose = "propose", Prompt = new RenderedPrompt("propose", "h", "You look at samples.", $"{i}: {ReportFixture.HostileText}"), MaxReplyTokens = 64, Step = i };
            hash = request.HashFor(Model);
            store.Transcripts.Of(sweep, site, "llm_loop").Add(TranscriptEntry.Of(
                request,
                new ChatReply
                {
                    Outcome = ChatOutcome.Answered,
                    Text = ReportFixture.HostileText,
                    Model = Model,
                    RequestHash = hash,
                    Duration = TimeSpan.FromSeconds(1.5),
                    Attempts = [new ChatAttempt { Text = ReportFixture.HostileText, PromptTokens = 900, ReplyTokens = 20 }],
                },
                DateTimeOffset.UnixEpoch.AddDays(20_000 + i)));
        }

        return hash;
    }
}
