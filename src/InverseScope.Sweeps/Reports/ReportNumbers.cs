using System.Globalization;

namespace InverseScope.Sweeps.Reports;

/// <summary>Numbers as people read them, in invariant notation. What was not measured says so.</summary>
internal static class ReportNumbers
{
    public const string NotMeasured = "not measured";

    /// <summary>A rate or κ: two digits after the point.</summary>
    public static string Rate(double? value) => Fixed(value, "0.00");

    /// <summary>A distance: three digits after the point.</summary>
    public static string Distance(double? value) => Fixed(value, "0.000");

    public static string Interval(ReportInterval? value) =>
        value is { } i ? $"[{Rate(i.Lower)}, {Rate(i.Upper)}]" : NotMeasured;

    /// <summary>A share as a percentage.</summary>
    public static string Share(double? value) =>
        value is { } v ? (100 * v).ToString("0.#", CultureInfo.InvariantCulture) + " %" : NotMeasured;

    public static string Count(long? value) => value?.ToString("N0", CultureInfo.InvariantCulture) ?? NotMeasured;

    public static string Bits(double? value) =>
        value is { } v ? v.ToString("0.00;-0.00;0.00", CultureInfo.InvariantCulture) + " bits" : NotMeasured;

    /// <summary>Bits with their sign, e.g. +1.3.</summary>
    public static string Signed(double bits) => bits.ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture);

    /// <summary>An effective sample size: one digit after the point.</summary>
    public static string Ess(double? value) => Fixed(value, "0.0");

    /// <summary>A p-value; never 0, since a permutation test has a least one.</summary>
    public static string Probability(double p) => p < 0.001
        ? p.ToString("0.0e-0", CultureInfo.InvariantCulture)
        : p.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>An e-value from its logarithm, which cannot overflow; e.g. 3.1e4.</summary>
    public static string EValue(double? value, double? log10)
    {
        var log = log10 ?? (value > 0 ? Math.Log10(value.Value) : null);
        if (log is not { } l || double.IsNaN(l))
            return value == 0 ? "0" : NotMeasured;
        if (l is > -2 and < 3)
            return Math.Pow(10, l).ToString(l < 1 ? "0.##" : "0", CultureInfo.InvariantCulture);
        var exponent = Math.Floor(l);
        var mantissa = Math.Round(Math.Pow(10, l - exponent), 1);
        if (mantissa >= 10)
            (mantissa, exponent) = (1, exponent + 1);
        return string.Create(CultureInfo.InvariantCulture, $"{mantissa:0.#}e{exponent:0}");
    }

    public static string Duration(double? seconds)
    {
        if (seconds is not { } s || !double.IsFinite(s))
            return NotMeasured;
        if (s < 60)
            return s.ToString("0.#", CultureInfo.InvariantCulture) + " s";
        var whole = (long)Math.Round(s);
        return whole < 3600 ? $"{whole / 60} min {whole % 60} s" : $"{whole / 3600} h {whole / 60 % 60} min";
    }

    public static string Bytes(long? value) =>
        value is { } v ? (v / 1e6).ToString("N0", CultureInfo.InvariantCulture) + " MB" : NotMeasured;

    /// <summary>A time to the minute.</summary>
    public static string Time(DateTimeOffset? value) => value is { } v
        ? v.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC"
        : "not yet";

    /// <summary>A member's name as words: <c>partly_explained</c> is "partly explained".</summary>
    public static string Words(Enum value) => string.Concat(value.ToString().Select((c, i) =>
        char.IsUpper(c) ? (i == 0 ? "" : " ") + char.ToLowerInvariant(c) : c.ToString()));

    /// <summary>"1 site", "3 sites".</summary>
    public static string Of(long count, string noun) => $"{Count(count)} {noun}{(count == 1 ? "" : "s")}";

    private static string Fixed(double? value, string format)
    {
        if (value is not { } v || double.IsNaN(v))
            return NotMeasured;
        var text = v.ToString(format, CultureInfo.InvariantCulture);
        // Rounding must not leave a sign on zero.
        return text.StartsWith('-') && text.All(c => c is '-' or '0' or '.') ? text[1..] : text;
    }
}
