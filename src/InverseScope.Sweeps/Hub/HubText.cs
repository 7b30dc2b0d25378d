using System.Globalization;

namespace InverseScope.Sweeps.Hub;

/// <summary>Texts for messages.</summary>
internal static class HubText
{
    private const int Longest = 300;

    /// <summary>What the hub sent, made harmless for a terminal: no control characters, and not without end.</summary>
    public static string Shown(string text)
    {
        var start = text.Length <= Longest ? text : text[..Longest] + "…";
        return string.Concat(start.Select(c => char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format ? '�' : c));
    }

    /// <summary>An address without its query, which may carry a signature.</summary>
    public static string Shown(Uri address) => Shown(address.GetLeftPart(UriPartial.Path));

    /// <summary>e.g. <c>548.1 MB</c>.</summary>
    public static string Size(long bytes) => bytes switch
    {
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:N1} kB"),
        < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N1} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:N1} GB"),
    };
}
