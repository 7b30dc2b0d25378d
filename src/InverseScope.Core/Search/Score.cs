namespace InverseScope.Core.Search;

/// <summary>How well a candidate explains a site on the explore references.</summary>
/// <param name="Gain">
/// Bits per reference that the samples tell about the label beyond the features found before: mean of
/// log2 q(f(x̂) | ẑ) / π(f(x̂)), where π is the label's share among prior texts and q the weighted share among samples,
/// smoothed towards π by the pseudo-count that predicts best. Undefined is a label like any other here.
/// </param>
/// <param name="Evidence">
/// log2 of an e-value against "the samples tell nothing": the average of the likelihood ratio over the pseudo-counts.
/// </param>
/// <param name="Fcr">Feature consistency rate.</param>
/// <param name="Chance">Mean share, among prior texts, of the references' labels.</param>
/// <param name="KappaLeft">
/// κ of what the features found before leave open: of the samples that agree with the reference on those, against prior
/// texts that do. A mere by-product of them has none, however high its κ.
/// </param>
/// <param name="Entropy">Of the label over the prior, in bits.</param>
/// <param name="Defined">References on which the feature is defined.</param>
internal readonly record struct Score(
    double Gain, double Evidence, double Fcr, double Chance, double KappaLeft, double Entropy, int Defined)
{
    public double Kappa => Chance < 1 ? (Fcr - Chance) / (1 - Chance) : 0;

    /// <summary>
    /// What the search maximises: bits, discounted where the label is finer than what the site tells. Of all features
    /// with the same bits the coarsest has the highest κ; of all with the highest κ the finest has the most bits; and
    /// the feature that a site encodes has both.
    /// </summary>
    public double Merit => Gain > 0 && KappaLeft > 0 ? Gain * Math.Sqrt(KappaLeft) : 0;

    /// <summary>Whether the site carries the label rather than a part of it, also beyond the features found before.</summary>
    public bool IsStrong(double kappa) => Math.Min(Kappa, KappaLeft) >= kappa;
}
