namespace InverseScope.Core.Consistency;

/// <summary>
/// One reference x̂ with the labels that a feature gives to it and to its samples. Labels are codes 0, 1, … from one
/// dictionary for references and samples; negative codes are those of <see cref="LabelCode"/>.
/// </summary>
/// <param name="Reference">Text id of x̂. Entries with the same id are one cluster.</param>
/// <param name="Label">f(x̂).</param>
/// <param name="SampleTexts">Text ids of the samples x_i, S of them; repeats possible.</param>
/// <param name="SampleLabels">f(x_i), S of them.</param>
/// <param name="Weights">
/// w_i, 0 or more, S of them, sum 1 within the reference; all empty where nothing lies near.
/// </param>
/// <param name="Ess">Effective sample size of the neighbours that the samples stand for.</param>
public sealed record LabelledReference(
    int Reference, int Label, int[] SampleTexts, int[] SampleLabels, float[] Weights, double Ess);

/// <summary>Codes that stand where there is no label. Stored with results.</summary>
public static class LabelCode
{
    /// <summary>The feature is undefined on the text. On a sample this is a mismatch.</summary>
    public const int Undefined = -1;

    /// <summary>Labelling failed, so that the label is missing.</summary>
    public const int Failed = -2;

    /// <summary>The text was cut off before its end, so that the label is missing.</summary>
    public const int Truncated = -3;

    /// <summary>Whether there is a label that nobody knows, as opposed to none.</summary>
    public static bool IsMissing(int code) => code is Failed or Truncated;
}
