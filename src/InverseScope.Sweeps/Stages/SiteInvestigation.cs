using System.Globalization;
using System.Text.Json;
using InverseScope.Core.Sites;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Stages;

/// <summary>Runs the stages of sites and commits each result before the next begins.</summary>
internal sealed class SiteInvestigation(SiteStages stages, StageLog log)
{
    private const string ProposeStage = "propose/3";
    private const string LanguageModelStage = "propose by language model/1";
    private const string ConfirmStage = "confirm/3";
    private const string CausalStage = "causal/1";

    /// <summary>Whether the site's results are committed.</summary>
    public bool IsDone(Site site) => log.IsDone(site.ToString(), stages.ChecksCauses ? CausalStage : ConfirmStage, "");

    /// <summary>Runs what is left of the site's stages.</summary>
    public void Investigate(Site site, CancellationToken cancel)
    {
        var name = site.ToString();
        var asked = stages.LanguageModelModes.ToDictionary(LanguageModelPlan.NameOf, mode => Read<LanguageModelProposals>(log.Run(name, LanguageModelStage, LanguageModelPlan.NameOf(mode), () =>
        {
            var result = stages.ProposeByLanguageModel(site, mode, cancel);
            return (Write(result), result.Summary);
        })));
        var proposed = Read<ProposeResult>(log.Run(name, ProposeStage, "", () =>
        {
            var result = stages.Propose(site, asked, cancel);
            return (Write(result), result.Summary);
        }));
        var confirmed = Read<ConfirmResult>(log.Run(name, ConfirmStage, "", () =>
        {
            var result = stages.Confirm(site, proposed, cancel);
            return (Write(result), Sentence($"{result.Hypotheses.Count} hypotheses tested on {result.References.Confirm} untouched references"));
        }));
        if (!stages.ChecksCauses)
            return;
        log.Run(name, CausalStage, "", () =>
        {
            var result = stages.CheckCauses(site, proposed, confirmed.JointOf, cancel);
            return (Write(result), Sentence($"{result.BySpec.Count} hypotheses checked by patching"));
        });
    }

    /// <summary>The committed results of a site that is done.</summary>
    public ConfirmResult Results(Site site)
    {
        static (string, string) Missing() => throw new InvalidOperationException("The site is not done.");
        var confirmed = Read<ConfirmResult>(log.Run(site.ToString(), ConfirmStage, "", Missing));
        if (!stages.ChecksCauses)
            return confirmed;
        var causal = Read<CausalResult>(log.Run(site.ToString(), CausalStage, "", Missing)).BySpec;
        return confirmed with
        {
            Hypotheses = [.. confirmed.Hypotheses.Select(h => causal.TryGetValue(h.Measured.Record.SpecHash, out var found)
                ? h with { Measured = h.Measured with { Record = h.Measured.Record with { Causal = found } } }
                : h)],
        };
    }

    private static string Write<T>(T value) => JsonSerializer.Serialize(value, ReportJson.LineOptions);

    private static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, ReportJson.LineOptions)!;

    private static string Sentence(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
