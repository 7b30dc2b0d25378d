using InverseScope.Core.Statistics;

namespace InverseScope.Core.Consistency;

/// <summary>Corrects rates of a labeller that errs by a sample that people checked.</summary>
public static class CheckedLabels
{
    /// <summary>
    /// True share of a label from the share that the labeller gives it (Rogan and Gladen 1978):
    /// (p + specificity − 1) / (sensitivity + specificity − 1), within [0, 1].
    /// </summary>
    /// <param name="labelled">p, in [0, 1].</param>
    /// <param name="sensitivity">Share of texts with the label that get it.</param>
    /// <param name="specificity">Share of texts without the label that do not get it.</param>
    /// <returns>Null for a labeller no better than chance, sensitivity + specificity ≤ 1.</returns>
    public static double? RoganGladen(double labelled, double sensitivity, double specificity) =>
        sensitivity + specificity <= 1
            ? null
            : Math.Clamp((labelled + specificity - 1) / (sensitivity + specificity - 1), 0, 1);

    /// <summary>
    /// Mean of a quantity that the labeller gives for every reference and people for some (prediction-powered
    /// inference, Angelopoulos et al. 2023): mean of the labeller's values plus mean of people's corrections.
    /// </summary>
    /// <param name="labelled">
    /// The labeller's value for each reference not checked, e.g. its match share; 2 or more.
    /// </param>
    /// <param name="labelledChecked">The labeller's value for each checked reference; 2 or more.</param>
    /// <param name="checkedValues">People's value for the same references.</param>
    /// <returns>The estimate, and its normal interval from the variances of both parts.</returns>
    public static (double Mean, Interval Interval) PredictionPoweredMean(
        IReadOnlyList<double> labelled, IReadOnlyList<double> labelledChecked, IReadOnlyList<double> checkedValues,
        double confidence = 0.95)
    {
        if (labelled.Count < 2 || labelledChecked.Count < 2 || labelledChecked.Count != checkedValues.Count)
        {
            throw new ArgumentException(
                $"{labelled.Count} values, {labelledChecked.Count} of checked references, "
                + $"{checkedValues.Count} checks.");
        }

        double[] corrections = [.. checkedValues.Zip(labelledChecked, (human, model) => human - model)];
        var mean = labelled.Average() + corrections.Average();
        var error = Math.Sqrt(VarianceOfMean(labelled) + VarianceOfMean(corrections));
        var half = SpecialFunctions.NormalQuantile(0.5 + 0.5 * confidence) * error;
        return (mean, new Interval(mean - half, mean + half));
    }

    private static double VarianceOfMean(IReadOnlyList<double> values)
    {
        var mean = values.Average();
        return values.Sum(v => (v - mean) * (v - mean)) / ((values.Count - 1.0) * values.Count);
    }
}
