using InverseScope.Core;
using InverseScope.Core.Machine;
using InverseScope.Sweeps.Reports.Html;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps.Reports;

/// <summary>The questions of a sweep to its language model, a page for each site, which the report links to.</summary>
public static class TranscriptPages
{
    // More than any proposer asks about a site; a page that a browser opens at once.
    private const int MostShown = 500;

    /// <summary>Writes them into the report's folder, each so that a reader sees it whole; nothing where no language model was asked about a site.</summary>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public static void Write(string folder, string sweep, TranscriptStore transcripts)
    {
        var bySite = transcripts.Calls(sweep).Where(c => c.Site.Length > 0).GroupBy(c => c.Site, StringComparer.Ordinal).ToArray();
        if (bySite.Length == 0)
            return;
        try
        {
            var pages = Directory.CreateDirectory(Path.Combine(folder, HtmlTranscript.Folder)).FullName;
            foreach (var site in bySite)
            {
                var shown = site.Take(MostShown).Select(call => (call, transcripts.Entry(call.Id))).ToArray();
                WholeFile.Write(Path.Combine(pages, HtmlTranscript.FileOf(site.Key)), HtmlTranscript.Write(sweep, site.Key, shown, site.Count() - shown.Length));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OutsideServiceException($"The transcripts cannot be written to '{folder}': {e.Message} Free space and resume.", e);
        }
    }

    /// <summary>Copies them beside a report that is written elsewhere.</summary>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public static void Copy(string from, string to)
    {
        var pages = new DirectoryInfo(Path.Combine(from, HtmlTranscript.Folder));
        if (!pages.Exists || Path.GetFullPath(from) == Path.GetFullPath(to))
            return;
        try
        {
            var target = Directory.CreateDirectory(Path.Combine(to, HtmlTranscript.Folder)).FullName;
            foreach (var page in pages.EnumerateFiles("*.html"))
                page.CopyTo(Path.Combine(target, page.Name), overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OutsideServiceException($"The transcripts cannot be written to '{to}': {e.Message}", e);
        }
    }
}
