namespace InverseScope.Sweeps.Reports.Html;

/// <summary>The one axis on which every κ of the page is drawn, and the one scale by which it is coloured.</summary>
internal static class KappaScale
{
    /// <summary>Left end of the axis. κ can go down to −1, but what lies below chance says only "below chance".</summary>
    public const double Low = -0.25;

    public const double High = 1;

    /// <summary>Position on an axis of a given width.</summary>
    public static double X(double kappa, double width) => (Math.Clamp(kappa, Low, High) - Low) / (High - Low) * width;

    /// <summary>Colour class: kn below 0 as far as two digits show it, else k0 to k9.</summary>
    public static string Class(double kappa) => kappa < -0.005 ? "kn" : $"k{Math.Clamp((int)(kappa * 10), 0, 9)}";

    /// <summary>κ in the space of three characters: .86, 1.0, −.1.</summary>
    public static string Brief(double kappa)
    {
        if (kappa >= 0.995)
            return "1.0";
        if (kappa <= -0.095)
            return "−" + ReportNumbers.Rate(-kappa)[1..3];
        return ReportNumbers.Rate(Math.Abs(kappa))[1..];
    }

    /// <summary>The hypothesis's κ of the confirming test, else that of its exploration.</summary>
    public static double? Of(HypothesisRecord h) => h.Kappa ?? h.Explore?.Kappa;

    /// <summary>Whether the κ drawn rests on exploration alone.</summary>
    public static bool IsExploration(HypothesisRecord h) => h.Kappa is null || h.Phase == HypothesisPhase.Explore;
}
