using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics;

namespace InverseScope.Core.Consistency;

/// <summary>
/// How often a labeller that may err, such as a language model, gives the same text the same label twice: the ceiling
/// that FCR has with this labeller even for a perfectly encoded feature. Errors that it repeats on the same text do
/// not show; for those, have people check a sample (<see cref="CheckedLabels"/>).
/// </summary>
/// <param name="Texts">Texts with two labels; the unit of replication.</param>
/// <param name="Agreement">Share on which they agree, in [0, 1].</param>
/// <param name="AgreementInterval">Wilson's interval.</param>
/// <param name="Chance">Σ_v π(v)², with π over both labellings.</param>
/// <param name="Kappa">(agreement − chance) / (1 − chance); null where there is one label only.</param>
/// <param name="KappaInterval">Bootstrap interval over texts.</param>
public sealed record LabellerAgreement(
    int Texts, double Agreement, Interval AgreementInterval, double Chance, double? Kappa, Interval? KappaInterval)
{
    private const int Replicates = 2_000;

    /// <summary>Measures a labeller that labelled the same texts twice, without knowing of it.</summary>
    /// <param name="first">Label codes; a text whose label is missing in either labelling is left out.</param>
    /// <param name="second">Of the same texts, in the same order.</param>
    /// <returns>Null if no text was labelled twice.</returns>
    public static LabellerAgreement? Measure(
        ReadOnlySpan<int> first, ReadOnlySpan<int> second, RandomStream bootstrap, double confidence = 0.95)
    {
        if (first.Length != second.Length)
            throw new ArgumentException($"{first.Length} and {second.Length} labels of the same texts.");
        var pairs = new List<(int First, int Second)>();
        for (var i = 0; i < first.Length; i++)
        {
            // Where both find the feature undefined, it would not have entered a rate.
            var undefined = first[i] == LabelCode.Undefined && second[i] == LabelCode.Undefined;
            if (!undefined && !LabelCode.IsMissing(first[i]) && !LabelCode.IsMissing(second[i]))
                pairs.Add((first[i], second[i]));
        }

        if (pairs.Count == 0)
            return null;
        int[] codes = [.. pairs.SelectMany(p => new[] { p.First, p.Second }).Distinct().Order()];
        var dense = pairs
            .Select(p => (First: Array.BinarySearch(codes, p.First), Second: Array.BinarySearch(codes, p.Second)))
            .ToArray();
        var frequencies = new double[codes.Length];
        var all = new int[pairs.Count];
        Array.Fill(all, 1);
        var (agreement, chance) = Rates(all);
        double? kappa = codes.Length < 2 ? null : (agreement - chance) / (1 - chance);
        var kappas = kappa is null
            ? []
            : ClusterBootstrap.Replicate(pairs.Count, Replicates, bootstrap, drawn =>
            {
                var (a, c) = Rates(drawn);
                return c < 1 ? (a - c) / (1 - c) : double.NaN;
            });
        return new LabellerAgreement(
            pairs.Count, agreement, Proportion.Wilson(agreement * pairs.Count, pairs.Count, confidence), chance, kappa,
            ClusterBootstrap.Percentile(kappas, pairs.Count, confidence));

        (double Agreement, double Chance) Rates(ReadOnlySpan<int> drawn)
        {
            Array.Clear(frequencies);
            var (agreed, count) = (0.0, 0.0);
            for (var i = 0; i < drawn.Length; i++)
            {
                count += drawn[i];
                agreed += dense[i].First == dense[i].Second ? drawn[i] : 0;
                frequencies[dense[i].First] += drawn[i];
                frequencies[dense[i].Second] += drawn[i];
            }

            return (agreed / count, frequencies.Sum(f => f * f) / (4 * count * count));
        }
    }

    /// <summary>
    /// κ relative to its ceiling, κ / κ of the labeller with itself: what it would be with a labeller that never errs.
    /// Above 1 only by chance.
    /// </summary>
    /// <returns>Null where the labeller agrees with itself no more than by chance.</returns>
    public double? Disattenuate(double kappa) => Kappa > 0 ? kappa / Kappa : null;

    /// <summary>
    /// The interval of κ relative to its ceiling, from the ends of both: at least as wide as the level asks, since it
    /// fails only where one of the two does.
    /// </summary>
    public Interval? Disattenuate(Interval kappa)
    {
        if (KappaInterval is not { Low: > 0 } ceiling)
            return null;
        return new Interval(
            kappa.Low / (kappa.Low < 0 ? ceiling.Low : ceiling.High),
            kappa.High / (kappa.High < 0 ? ceiling.High : ceiling.Low));
    }

    /// <summary>
    /// Ceiling of FCR for a labeller that is right with probability q, and otherwise picks one of the other labels at
    /// random: q² + (1 − q)²/(L − 1).
    /// </summary>
    /// <param name="accuracy">q, in [0, 1], as people found it on a checked sample.</param>
    /// <param name="labels">L, 2 or more.</param>
    public static double CeilingFromAccuracy(double accuracy, int labels)
    {
        if (!(accuracy is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(accuracy), accuracy, "Between 0 and 1.");
        ArgumentOutOfRangeException.ThrowIfLessThan(labels, 2);
        return accuracy * accuracy + (1 - accuracy) * (1 - accuracy) / (labels - 1);
    }
}
