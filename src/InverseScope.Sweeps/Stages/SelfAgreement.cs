using System.Text.Json;
using InverseScope.Agent.Labels;
using InverseScope.Core;
using InverseScope.Core.Consistency;
using InverseScope.Core.Seeds;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Stages;

/// <summary>
/// How far a language model agrees with itself on what a spec asks: no feature that it labels can be found more consistent. Measured once
/// for a spec, at the first site where it is tested, and kept.
/// </summary>
internal static class SelfAgreement
{
    private const string Stage = "label agreement/1";

    /// <param name="relabelled">Texts that are labelled twice, at most.</param>
    /// <returns>Null if no text got two labels.</returns>
    /// <exception cref="SiteParkedException">The language model is not there.</exception>
    /// <exception cref="BudgetSpentException">Some texts were not asked about.</exception>
    public static LabellerAgreement? Measure(
        ChatLabeller labeller, int relabelled, StageLog log, RunSeed seed, HypothesisDraft draft, IReadOnlyList<string> texts, CancellationToken cancel)
    {
        var hash = draft.Feature.Hash;
        var found = JsonSerializer.Deserialize<LabelAgreement>(
            log.Run("", Stage, hash, () =>
            {
                try
                {
                    var agreement = labeller.MeasureAgreementAsync(draft.Spec.Llm!, hash, texts, relabelled, cancel).GetAwaiter().GetResult();
                    // A ceiling of what happened to be asked would stay for ever.
                    if (agreement.NotAsked > 0)
                        throw new BudgetSpentException();
                    return (JsonSerializer.Serialize(agreement, ReportJson.LineOptions), $"{draft.Title}: {agreement.Agreed} of {agreement.Compared} labels were given again");
                }
                catch (OutsideServiceException e)
                {
                    throw new SiteParkedException(e.Message);
                }
            }),
            ReportJson.LineOptions)!;
        var codes = found.Pairs.SelectMany(p => new[] { p.First, p.Second }).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        int Code(string label) => Array.BinarySearch(codes, label, StringComparer.Ordinal);
        return LabellerAgreement.Measure(
            [.. found.Pairs.Select(p => Code(p.First))], [.. found.Pairs.Select(p => Code(p.Second))], seed.Stream("label agreement", hash));
    }
}
