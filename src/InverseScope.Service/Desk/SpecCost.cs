using System.Globalization;
using System.Text;
using InverseScope.Agent.Labels;
using InverseScope.Core.Sampling;
using InverseScope.Core.Specs;
using InverseScope.Sweeps.Plans;

namespace InverseScope.Service.Desk;

/// <summary>What the labels of a spec take in a sweep with the default numbers of references and samples, a sentence.</summary>
internal static class SpecCost
{
    // What stands around the texts of one question, and an answer to one text.
    private const int TokensAround = 300;
    private const int TokensOfAnswer = 12;
    private const double BytesInToken = 3.5;

    private static readonly MeasurementOptions Measurement = new();

    /// <param name="microseconds">For each text, as measured; a compiler that warms up makes it too large.</param>
    public static string Of(double microseconds)
    {
        var texts = Measurement.BankSize;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"It labels the {texts:N0} texts of a sweep's bank once for all sites: about {Time(microseconds * texts / 1e6)} at {microseconds:N0} µs each. What the target takes is not told before it has run.");
    }

    /// <param name="texts">Like those that it will be asked about.</param>
    public static string Of(LlmQuestion question, LabelOptions options, IReadOnlyList<string> texts)
    {
        long references = SweepPlan.DefaultExploreReferences + SweepPlan.DefaultConfirmReferences;
        var labels = references * (1 + Measurement.Samples);
        var calls = (labels + options.BatchSize - 1) / options.BatchSize * question.Votes;
        var around = TokensAround + Encoding.UTF8.GetByteCount(question.Instruction) / BytesInToken;
        var tokens = calls * (around + options.BatchSize * (texts.Average(t => Encoding.UTF8.GetByteCount(t)) / BytesInToken + TokensOfAnswer));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"For each site it asks about at most {labels:N0} texts ({references:N0} references with {Measurement.Samples} samples): up to {calls:N0} messages, about {tokens:N0} tokens; texts that were asked about before cost nothing.");
    }

    private static string Time(double seconds) => seconds switch
    {
        < 1 => "less than a second",
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:N0} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:N0} min"),
    };
}
