using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;
using InverseScope.Core.Statistics;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>
/// Whether the target uses what a feature says of a site: the activation there of a reference is replaced by that of texts
/// of the prior that share its label, and of texts that do not. If the feature is what the site tells the rest of the
/// network, the former change its output less.
/// </summary>
/// <param name="references">Most references that are patched.</param>
/// <param name="donors">Texts of each of both kinds for a reference.</param>
internal sealed class CausalCheck(IInversionBackend backend, ITask task, int references, int donors)
{
    private const double Confidence = 0.95;
    private const int Replicates = 2_000;

    // Of a label that is rarer than that, donors are not looked for.
    private const int MostTries = 1_000;

    /// <returns>Null if no reference has donors of both kinds.</returns>
    public CausalRecord? Measure(MeasuredSite site, LabelColumn labels, RandomStream random, CancellationToken cancel)
    {
        var requests = new List<PatchRequest>();
        foreach (var set in site.Samples.Sets)
        {
            if (requests.Count == references)
                break;
            if (Donors(site, set.Reference, labels, random) is { } found)
                requests.Add(new PatchRequest(site.Texts[set.Reference], AnswerOf(site.Texts[set.Reference]), found));
        }

        if (requests.Count == 0)
            return null;
        var outcomes = backend.Patch(site.Site, requests, cancel).OfType<PatchOutcome>().Where(o => o.Effects.All(e => e is not null)).ToArray();
        if (outcomes.Length == 0)
            return null;
        var sharing = Array.ConvertAll(outcomes, o => o.Effects.Take(donors).Average(e => e!.Value.KlBits));
        var other = Array.ConvertAll(outcomes, o => o.Effects.Skip(donors).Average(e => e!.Value.KlBits));
        double[] differences = [.. other.Zip(sharing, (o, s) => o - s)];
        var interval = ClusterBootstrap.OfMean(differences, null, Replicates, random, Confidence);
        var answered = outcomes.Where(o => o.AnswerProbability is not null).ToArray();
        double? Answer(Func<PatchOutcome, double> of) => answered.Length == 0 ? null : answered.Average(of);
        return new CausalRecord
        {
            References = outcomes.Length,
            Donors = donors,
            KlSharing = sharing.Average(),
            KlOther = other.Average(),
            KlDifference = differences.Average(),
            KlDifferenceCi = ReportInterval.Of(interval),
            AnswerProbability = Answer(o => o.AnswerProbability!.Value),
            AnswerProbabilitySharing = Answer(o => o.Effects.Take(donors).Average(e => e!.Value.AnswerProbability!.Value)),
            AnswerProbabilityOther = Answer(o => o.Effects.Skip(donors).Average(e => e!.Value.AnswerProbability!.Value)),
        };
    }

    /// <summary>Texts that share the reference's label, then as many that have another.</summary>
    private string[]? Donors(MeasuredSite site, int reference, LabelColumn labels, RandomStream random)
    {
        if (labels[reference] is not (>= 0 and var label))
            return null;
        var (sharing, other) = (new List<int>(), new List<int>());
        for (var tries = 0; tries < MostTries && (sharing.Count < donors || other.Count < donors); tries++)
        {
            var text = site.Prior.Draw(random);
            if (text == reference || labels[text] < 0)
                continue;
            var kind = labels[text] == label ? sharing : other;
            if (kind.Count < donors && !kind.Contains(text))
                kind.Add(text);
        }

        return sharing.Count == donors && other.Count == donors ? [.. sharing.Concat(other).Select(t => site.Texts[t])] : null;
    }

    private PatchAnswer? AnswerOf(string text) =>
        (task as IAnsweredTask)?.QuestionOf(text) is { } question && text.StartsWith(question.Prompt, StringComparison.Ordinal)
            ? new PatchAnswer(question.Prompt.Length, question.Answer)
            : null;
}
