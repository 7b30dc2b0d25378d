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

    /// <summary>A script or labeller failed, or a rule broke its budget, on more texts than allowed: it is rejected.</summary>
    Failing,

    /// <summary>So slow that a sweep would mostly wait for it.</summary>
    Slow,
}

/// <summary>One objection, as a sentence.</summary>
public sealed record LintFinding(LintKind Kind, string Message);

/// <summary>How often a label occurs.</summary>
public sealed record LabelCount(string Label, int Count);

/// <summary>A feature on a sample of the prior.</summary>
/// <param name="Texts">Distinct texts that it labelled: all of the sample, or those up to its rejection.</param>
/// <param name="UndefinedShare">Share of them on which it is undefined.</param>
/// <param name="Labels">Distinct labels.</param>
/// <param name="EntropyBits">Entropy of the labels where defined, bias-corrected; null if undefined everywhere.</param>
/// <param name="Frequent">Up to ten most frequent labels with their counts.</param>
/// <param name="MicrosecondsPerText">Mean time for each text after a first pass; null where it was not measured.</param>
/// <param name="FailedShare">Share of texts on which a limit was broken.</param>
/// <param name="FirstFailure">The first text of these, and what failed; null if nothing did.</param>
/// <param name="Findings">Empty: the feature is fit for a sweep.</param>
public sealed record LintReport(
    int Texts,
    double UndefinedShare,
    int Labels,
    double? EntropyBits,
    IReadOnlyList<LabelCount> Frequent,
    double? MicrosecondsPerText,
    double FailedShare,
    string? FirstFailure,
    IReadOnlyList<LintFinding> Findings)
{
    /// <summary>Whether it failed on more texts than it may, so that it must not be used.</summary>
    public bool IsRejected => Findings.Any(f => f.Kind == LintKind.Failing);
}

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

    /// <summary>Share of texts on which a rule or a question may fail; scripts set theirs.</summary>
    public const double MaxFailures = 0.01;

    public const double SlowMicroseconds = 1000;

    // Below so many defined texts, labels that are all different prove nothing.
    private const int FewTexts = 20;

    private readonly TextPool _texts = Pool(sample);

    /// <summary>Looks at each spec, and whether it repeats one before it.</summary>
    /// <returns>A report for each spec, in order.</returns>
    public IReadOnlyList<LintReport> Check(IReadOnlyList<CompiledSpec> specs, CancellationToken cancel = default)
    {
        var reports = new List<LintReport>(specs.Count);
        var partitions = new List<(string Id, int[] Codes)>();
        foreach (var (spec, feature) in specs)
        {
            var report = Check(feature, spec.Script?.MaxFailures ?? MaxFailures, partitions, cancel, out var codes);
            reports.Add(report);
            if (report is { IsRejected: false, Labels: > 1 })
                partitions.Add((spec.Id, codes));
        }

        return reports;
    }

    private LintReport Check(
        IFeature feature, double maxFailures, IReadOnlyList<(string Id, int[] Codes)> others, CancellationToken cancel,
        out int[] codes)
    {
        var before = feature.LimitBreaks;
        var column = new LabelColumn(feature, _texts);
        codes = Codes(column, before + maxFailures * _texts.Count, cancel);
        var failures = feature.LimitBreaks - before;
        var isRejected = failures > maxFailures * _texts.Count;
        var firstFailure = failures > 0 && feature is not IBatchFeature ? FirstFailure(feature, codes) : null;
        double? microseconds = feature is IBatchFeature || isRejected ? null : Time(feature);
        var counts = new int[column.Labels.Count];
        foreach (var code in codes)
        {
            if (code >= 0)
                counts[code]++;
        }

        var defined = counts.Sum();
        var undefined = 1 - (double)defined / codes.Length;
        var findings = new List<LintFinding>();
        if (isRejected)
            Add(LintKind.Failing, $"breaks a limit or fails on more than {Percent(maxFailures)} of the texts{(firstFailure is null ? "" : $": {firstFailure}")}");
        else if (undefined >= MostlyUndefinedShare)
            Add(LintKind.MostlyUndefined, $"undefined on {Percent(undefined)} of the texts");
        if (counts.Length == 1)
            Add(LintKind.Constant, $"always {Syntax.SpecNode.Quote(column.Labels[0])} where it is defined");
        if (defined >= FewTexts && counts.Length >= NearlyUniqueShare * defined)
            Add(LintKind.NearlyUnique, $"{counts.Length:N0} labels on {defined:N0} texts: nearly every text has its own");
        if (microseconds > SlowMicroseconds)
            Add(LintKind.Slow, $"takes {microseconds:N0} µs for each text");
        foreach (var (id, other) in isRejected || counts.Length < 2 ? [] : others)
        {
            var information = AdjustedMutualInformation.Of(codes, other);
            if (information >= DuplicateInformation)
                Add(LintKind.Duplicate, $"makes the same distinctions as {id} (adjusted mutual information {information:F3})");
        }

        return new LintReport(
            codes.Length, undefined, counts.Length, defined == 0 ? null : Entropy.OfCounts(counts),
            [.. counts.Index().OrderByDescending(c => c.Item).Take(10).Select(c => new LabelCount(column.Labels[c.Index], c.Item))],
            microseconds, (double)failures / codes.Length, firstFailure, findings);

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

    private static string Percent(double share) => share.ToString("0.# %", CultureInfo.InvariantCulture);

    // A text that breaks a limit may take a second, so it ends as soon as more of them have than may.
    private int[] Codes(LabelColumn column, double mostBreaks, CancellationToken cancel)
    {
        var codes = new int[_texts.Count];
        if (column.Feature is IBatchFeature)
        {
            column.ReadFirst(codes.Length, cancel).CopyTo(codes);
            return codes;
        }

        for (var id = 0; id < codes.Length; id++)
        {
            cancel.ThrowIfCancellationRequested();
            codes[id] = column[id];
            if (column.Feature.LimitBreaks > mostBreaks)
                return codes[..(id + 1)];
        }

        return codes;
    }

    private string? FirstFailure(IFeature feature, int[] codes)
    {
        for (var id = 0; id < codes.Length; id++)
        {
            if (codes[id] == LabelColumn.Undefined && feature.Run(_texts[id]).Failure is { } failure)
                return $"on {Syntax.SpecNode.Quote(_texts[id])}, {failure}";
        }

        return null;
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
