namespace InverseScope.Core.Consistency;

/// <summary>What a reference may be used for. Stored by name.</summary>
public enum SplitPart
{
    /// <summary>Seen by whoever proposes and refines hypotheses.</summary>
    Explore,

    /// <summary>For the accuracy of labellers, kernel widths and prompts.</summary>
    Calibrate,

    /// <summary>For the one test of a finished hypothesis; proposals never see it.</summary>
    Confirm,
}

/// <summary>
/// Splits references by a hash of their text, before anything is looked at. A text is always in the same part,
/// whatever else is drawn, in whatever order, in whichever run with the same salt.
/// </summary>
/// <param name="Salt">Says which split this is, e.g. the run seed and the task.</param>
/// <param name="Explore">Share of texts to explore, in [0, 1].</param>
/// <param name="Calibrate">Share of texts to calibrate on, in [0, 1]; the rest is for confirmation.</param>
public sealed record ReferenceSplit(string Salt, double Explore, double Calibrate = 0)
{
    /// <summary>All problems, each with its cure; empty if the split can be used.</summary>
    public IEnumerable<string> Check()
    {
        if (!(Explore >= 0 && Calibrate >= 0 && Explore + Calibrate <= 1))
        {
            yield return FormattableString.Invariant(
                $"The shares explore {Explore} and calibrate {Calibrate} must be 0 or more, and together at most 1.");
        }
    }

    /// <summary>The part of a text, from SHA-256 of salt and text.</summary>
    public SplitPart PartOf(string text)
    {
        // The length keeps salt and text apart, so that no pair of them collides with another.
        var share = ContentHash.ShareOf($"{Salt.Length}:{Salt}{text}");
        return share < Explore ? SplitPart.Explore
            : share < Explore + Calibrate ? SplitPart.Calibrate
            : SplitPart.Confirm;
    }
}
