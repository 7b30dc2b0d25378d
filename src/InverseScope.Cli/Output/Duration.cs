using System.Globalization;

namespace InverseScope.Cli.Output;

/// <summary>Lengths of time as people say them.</summary>
internal static class Duration
{
    /// <summary>e.g. <c>8 s</c>, <c>3 min 20 s</c>, <c>2 h 05 min</c>.</summary>
    public static string Describe(TimeSpan time) => time switch
    {
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalSeconds)} s"),
        { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.Minutes} min {time.Seconds:00} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours} h {time.Minutes:00} min"),
    };
}
