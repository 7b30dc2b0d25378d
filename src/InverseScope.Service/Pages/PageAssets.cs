using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using InverseScope.Sweeps.Reports;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Service.Pages;

/// <summary>Styles, scripts and the icon of the pages. Their address holds the hash of all of them, so that a browser may keep them for ever.</summary>
internal sealed partial class PageAssets
{
    private const string Prefix = "assets/";
    private const string ReportStyle = "report.css";

    private readonly Dictionary<string, byte[]> _files;

    public PageAssets()
    {
        var assembly = typeof(PageAssets).Assembly;
        _files = assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).ToDictionary(
            n => n[Prefix.Length..],
            n =>
            {
                using var stream = assembly.GetManifestResourceStream(n)!;
                var bytes = new byte[stream.Length];
                stream.ReadExactly(bytes);
                return bytes;
            },
            StringComparer.Ordinal);
        _files[ReportStyle] = Encoding.UTF8.GetBytes(WithThemes(ReportResource.Read(ReportStyle)));
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, bytes) in _files.OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            all.AppendData(Encoding.UTF8.GetBytes(name));
            all.AppendData(bytes);
        }

        Hash = Convert.ToHexStringLower(all.GetHashAndReset())[..16];
    }

    /// <summary>Changes with any of the files.</summary>
    public string Hash { get; }

    public IReadOnlyCollection<string> Names => _files.Keys;

    /// <summary>Where a browser finds a file.</summary>
    public string Url(string name) => _files.ContainsKey(name)
        ? $"/assets/{Hash}/{name}"
        : throw new ArgumentOutOfRangeException(nameof(name), name, "There is no such asset.");

    /// <summary>A file; one of an older program is not found rather than mixed with this one's pages.</summary>
    public IResult Answer(HttpContext context, string hash, string name)
    {
        if (hash != Hash || !_files.TryGetValue(name, out var bytes))
            return Results.NotFound();
        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return Results.Bytes(bytes, Path.GetExtension(name) switch
        {
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".svg" => "image/svg+xml",
            var other => throw new InvalidOperationException($"No media type for '{other}'."),
        });
    }

    // The report follows the system's choice of dark and light; a page also the reader's, with the same colours.
    private static string WithThemes(string css)
    {
        var light = RootBlock().Match(css);
        var dark = DarkBlock().Match(css);
        return light.Success && dark.Success
            ? $"{css}\n:root[data-theme=\"light\"] {light.Groups["colours"].Value}\n:root[data-theme=\"dark\"] {dark.Groups["colours"].Value}\n"
            : throw new InvalidOperationException("report.css has no block of colours for light and dark.");
    }

    [GeneratedRegex(@"^:root (?<colours>\{[^}]*\})", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex RootBlock();

    [GeneratedRegex(@"prefers-color-scheme: dark\) \{\s*:root (?<colours>\{[^}]*\})", RegexOptions.ExplicitCapture)]
    private static partial Regex DarkBlock();
}
