using System.Text;
using InverseScope.Core;

namespace InverseScope.Sweeps.Reports;

/// <summary>Names of files about sites, on every system.</summary>
internal static class SiteFileName
{
    /// <param name="site">The site's full form.</param>
    /// <param name="extension">Without the dot.</param>
    public static string Of(string site, string extension)
    {
        // Positions may hold any text: the hash keeps apart what looks alike without it.
        var name = new StringBuilder();
        foreach (var c in site)
            name.Append(char.IsAsciiLetterOrDigit(c) || c is '@' or '.' or '-' or '=' ? c : '_');
        return $"{name}-{ContentHash.Of(site)[..8]}.{extension}";
    }
}
