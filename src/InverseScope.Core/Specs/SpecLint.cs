using System.Globalization;
using InverseScope.Core.Information;
using InverseScope.Core.Sampling;
using InverseScope.Core.Statistics;

namespace InverseScope.Core.Specs;

/// <summary>What lint objects to.</summary>
public enum LintKind
{
    /// <summary>Undefined on most texts.</summary>
    MostlyUndefined,

    /// <summary>The same label wherever it is defined: nothing can be said to encode it.</summary>
    Constant,

    /// <summary>A label of its own for nearly every text: it restates the text.</summary>
    NearlyUnique,

    /// <summary>The same partition of the texts as another feature.</summary>
    Duplicate,

    /// <summary>A script or labeller failed, or a rule broke its budget, on more texts than allowed.</summary>
    Failing,

    /// <summary>So slow that a sweep would mostly wait for it.</summary>
    Slow,
}

/// <summary>One objection, as a sentence.</summary>
public sealed record LintFinding(LintKind Kind, string Message);

/// <summary>A feature on a sample of the prior.</summary>
/// <param name="Texts">Distinct texts in the sample.</param>
/// <param name="UndefinedShare">Share of them on which it is undefined.</param>
/// <param name="Labels">Distinct labels.</param>
/// <param name="EntropyBits">Entropy of the labels where defined, bias-corrected; null if undefined everywhere.</param>
/// <param name="Frequent">Up to ten most frequent labels with their counts.</param>
/// <param name="MicrosecondsPerText">Mean time for each text after a first pass.</param>
/// <param name="FailedShare">Share of texts on which a limit was broken.</param>
/// <param name="Findings">Empty: the feature is fit for a sweep.</param>
public sealed record LintReport(
    int Texts,
    double UndefinedShare,
    int Labels,
    double? EntropyBits,
    IReadOnlyList<(string Label, int Count)> Frequent,
    double MicrosecondsPerText,
    double FailedShare,
    IReadOnlyList<LintFinding> Findings);

/// <summary>Looks for features that cannot be hypotheses worth testing, on a sample of the prior.</summary>
/// <param name="sample">Texts drawn from the prior, at least 1; repeats are dropped.</param>
/// <param name="clock">Measures the time per text.</param>
public sealed class SpecLint(IEnumerable<string> sample, TimeProvider clock)
{
    public const double MostlyUndefinedShare = 0.9;

    /// <summary>Labels for each defined text from which on they are nearly unique.</summary>
    public const double NearlyUniqueShare = 0.9;

    /// <summary>Adjusted mutual information from which on two partitions are the same.</summary>
    public const double DuplicateInformation = 0.98;

    public const double SlowMicroseconds = 1000;

    private readonly TextPool _texts = Pool(sample);

    /// <param name="maxFailures">Share of texts on which a limit may be broken (see <see cref="FeatureScript"/>).</param>
    /// <param name="others">Features that this one must not repeat, by a name for the message.</param>
    public LintReport Check(
        IFeature feature, double maxFailures = 0.01, IReadOnlyDictionary<string, IFeature>? others = null,
        CancellationToken cancel = default)
    {
        var failuresBefore = feature.LimitBreaks;
        var codes = Codes(feature, cancel, out var column);
        var failures = (double)(feature.LimitBreaks - failuresBefore) / codes.Length;
        var microseconds = feature is IBatchFeature ? 0 : Time(feature);
        var counts = new int[column.Labels.Count];
        foreach (var code in codes)
        {
            if (code >= 0)
                counts[code]++;
        }

        var defined = counts.Sum();
        var undefined = 1 - (double)defined / codes.Length;
        var findings = new List<LintFinding>();
        if (undefined >= MostlyUndefinedShare)
            Add(LintKind.MostlyUndefined, $"undefined on {undefined:P1} of the texts.");
        if (counts.Length == 1)
            Add(LintKind.Constant, $"always {Syntax.SpecNode.Quote(column.Labels[0])} where it is defined.");
        if (defined >= 20 && counts.Length >= NearlyUniqueShare * defined)
            Add(LintKind.NearlyUnique, $"{counts.Length} labels on {defined} texts: nearly every text has its own.");
        if (failures > maxFailures)
            Add(LintKind.Failing, $"breaks a limit on {failures:P1} of the texts, more than {maxFailures:P1}.");
        if (microseconds > SlowMicroseconds)
            Add(LintKind.Slow, $"takes {microseconds:F0} µs for each text.");
        foreach (var (name, other) in counts.Length > 1 && others is not null ? others : new Dictionary<string, IFeature>())
        {
            var information = AdjustedMutualInformation.Of(codes, Codes(other, cancel, out _));
            if (information >= DuplicateInformation)
                Add(LintKind.Duplicate, $"makes the same distinctions as '{name}' (adjusted mutual information {information:F3}).");
        }

        return new LintReport(
            codes.Length, undefined, counts.Length, defined == 0 ? null : Entropy.OfCounts(counts),
            [.. counts.Index().OrderByDescending(c => c.Item).Take(10).Select(c => (column.Labels[c.Index], c.Item))],
            microseconds, failures, findings);

        void Add(LintKind kind, FormattableString message) =>
            findings.Add(new LintFinding(kind, message.ToString(CultureInfo.InvariantCulture)));
    }

    private static TextPool Pool(IEnumerable<string> sample)
    {
        var pool = new TextPool();
        foreach (var text in sample)
            pool.Add(text);
        if (pool.Count == 0)
            throw new ArgumentException("The sample has no text.", nameof(sample));
        return pool;
    }

    private ReadOnlySpan<int> Codes(IFeature feature, CancellationToken cancel, out LabelColumn column)
    {
        column = new LabelColumn(feature, _texts);
        return column.ReadFirst(_texts.Count, cancel);
    }

    private double Time(IFeature feature)
    {
        var texts = Math.Min(_texts.Count, 1000);
        var start = clock.GetTimestamp();
        for (var id = 0; id < texts; id++)
            feature.Label(_texts[id]);
        return clock.GetElapsedTime(start).TotalMicroseconds / texts;
    }
}
