using System.Globalization;
using InverseScope.Core.Consistency;
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
/// <param name="FailedTexts">Texts on which a limit was broken, or a script or labeller failed.</param>
/// <param name="FirstFailure">The first text of these, and what failed; null if nothing did.</param>
/// <param name="Findings">Empty: the feature is fit for a sweep.</param>
public sealed record LintReport(
    int Texts,
    double UndefinedShare,
    int Labels,
    double? EntropyBits,
    IReadOnlyList<LabelCount> Frequent,
    double? MicrosecondsPerText,
    int FailedTexts,
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
            var mayFail = spec.Script?.MaxFailures ?? MaxFailures;
            var report = Label(feature, mayFail, cancel, out var codes);
            report = report with
            {
                Findings = report.FailedTexts > mayFail * _texts.Count
                    ? [Finding(LintKind.Failing, $"fails on more than {Percent(mayFail)} of the texts: {report.FirstFailure}")]
                    : [.. Objections(report), .. report.Labels > 1 ? Duplicates(codes, partitions) : []],
            };
            reports.Add(report);
            if (report is { IsRejected: false, Labels: > 1 })
                partitions.Add((spec.Id, codes));
        }

        return reports;
    }

    // Everything but the findings.
    private LintReport Label(IFeature feature, double mayFail, CancellationToken cancel, out int[] codes)
    {
        var before = feature.LimitBreaks;
        var column = new LabelColumn(feature, _texts);
        codes = Codes(column, before + mayFail * _texts.Count, cancel);
        var failed = (int)(feature.LimitBreaks - before);
        var counts = new int[column.Labels.Count];
        foreach (var code in codes)
        {
            if (code >= 0)
                counts[code]++;
        }

        var defined = counts.Sum();
        return new LintReport(
            codes.Length,
            1 - (double)defined / codes.Length,
            counts.Length,
            defined == 0 ? null : Entropy.OfCounts(counts),
            [.. counts.Index().OrderByDescending(c => c.Item).Take(10).Select(c => new LabelCount(column.Labels[c.Index], c.Item))],
            feature is IBatchFeature || codes.Length < _texts.Count ? null : Time(feature),
            failed,
            failed > 0 ? FirstFailure(feature, codes) : null,
            []);
    }

    private static IEnumerable<LintFinding> Objections(LintReport report)
    {
        if (report.UndefinedShare >= MostlyUndefinedShare)
            yield return Finding(LintKind.MostlyUndefined, $"undefined on {Percent(report.UndefinedShare)} of the texts");
        if (report.Labels == 1)
        {
            yield return Finding(
                LintKind.Constant, $"always {Syntax.SpecNode.Quote(report.Frequent[0].Label)} where it is defined");
        }

        var defined = Math.Round((1 - report.UndefinedShare) * report.Texts);
        if (defined >= FewTexts && report.Labels >= NearlyUniqueShare * defined)
        {
            yield return Finding(
                LintKind.NearlyUnique, $"{report.Labels:N0} labels on {defined:N0} texts: nearly every text has its own");
        }

        if (report.MicrosecondsPerText > SlowMicroseconds)
            yield return Finding(LintKind.Slow, $"takes {report.MicrosecondsPerText:N0} µs for each text");
    }

    private static IEnumerable<LintFinding> Duplicates(int[] codes, IEnumerable<(string Id, int[] Codes)> others)
    {
        foreach (var (id, other) in others)
        {
            var information = AdjustedMutualInformation.Of(codes, other);
            if (information >= DuplicateInformation)
            {
                yield return Finding(
                    LintKind.Duplicate, $"makes the same distinctions as {id} (adjusted mutual information {information:F3})");
            }
        }
    }

    private static LintFinding Finding(LintKind kind, FormattableString message) =>
        new(kind, message.ToString(CultureInfo.InvariantCulture));

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

    // A text that fails may take a second, so it ends as soon as more of them failed than may.
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
        if (feature is IBatchFeature)
            return "a language model did not answer as it was asked";
        for (var id = 0; id < codes.Length; id++)
        {
            if (codes[id] == LabelCode.Failed && feature.Run(_texts[id]).Failure is { } failure)
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
