using System.Globalization;
using System.Text.Json;
using InverseScope.Core.Sites;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Stages;

/// <summary>Runs the stages of sites and commits each result before the next begins.</summary>
internal sealed class SiteInvestigation(SiteStages stages, StageLog log)
{
    private const string ProposeStage = "propose/2";
    private const string ConfirmStage = "confirm/2";

    /// <summary>Whether the site's results are committed.</summary>
    public bool IsDone(Site site) => log.IsDone(site.ToString(), ConfirmStage, "");

    /// <summary>Runs what is left of the site's stages.</summary>
    public void Investigate(Site site, CancellationToken cancel)
    {
        var name = site.ToString();
        var proposed = Read<ProposeResult>(log.Run(name, ProposeStage, "", () =>
        {
            var result = stages.Propose(site, cancel);
            return (Write(result), result.Summary);
        }));
        log.Run(name, ConfirmStage, "", () =>
        {
            var result = stages.Confirm(site, proposed, cancel);
            return (Write(result), Sentence($"{result.Hypotheses.Count} hypotheses tested on {result.References.Confirm} untouched references"));
        });
    }

    /// <summary>The committed results of a site that is done.</summary>
    public ConfirmResult Results(Site site)
    {
        static (string, string) Missing() => throw new InvalidOperationException("The site is not done.");
        return Read<ConfirmResult>(log.Run(site.ToString(), ConfirmStage, "", Missing));
    }

    private static string Write<T>(T value) => JsonSerializer.Serialize(value, ReportJson.LineOptions);

    private static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, ReportJson.LineOptions)!;

    private static string Sentence(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
