using InverseScope.Core;
using InverseScope.Sweeps.Samples;
using InverseScope.Sweeps.Store;

namespace InverseScope.Sweeps.Reports;

/// <summary>Brings what people said into a report. What was measured first stays as it is.</summary>
public static class ReportReviews
{
    /// <summary>The document with the reviews and second numbers as they now stand, in place of those that it had.</summary>
    public static ReportDocument Apply(ReportDocument document, ReviewStore reviews, Home home)
    {
        var said = reviews.Of(document.Sweep.Id).ToLookup(r => r.Hypothesis, StringComparer.Ordinal);
        var corrections = reviews.Corrections(document.Sweep.Id).ToLookup(c => c.SpecHash, StringComparer.Ordinal);
        return document with { Sites = [.. document.Sites.Select(site => Apply(site, document.Sweep.Id, said, corrections, home))] };
    }

    /// <summary>A review as reports tell it.</summary>
    public static ReviewRecord Of(StoredReview review) => new()
    {
        Verdict = review.Verdict,
        Author = review.Author,
        Time = Timestamp.Read(review.At),
        Comment = review.Comment,
        VerdictSeen = review.VerdictSeen,
        KappaSeen = review.KappaSeen,
    };

    private static SiteRecord Apply(
        SiteRecord site, string sweep, ILookup<string, StoredReview> said, ILookup<string, StoredCorrection> corrections, Home home)
    {
        var samples = site.Hypotheses.Any(h => corrections.Contains(h.SpecHash)) ? SamplesOf(site.Site, sweep, home) : null;
        return site with
        {
            Hypotheses = [.. site.Hypotheses.Select(h => h with
            {
                Reviews = [.. said[h.Id].Select(Of)],
                Corrected = CorrectedNumbers.Of(samples, h, [.. corrections[h.SpecHash]]),
            })],
        };
    }

    // A report is written whatever became of the samples; without them it has no second rates.
    private static KeptSite? SamplesOf(string site, string sweep, Home home)
    {
        try
        {
            var file = KeptSiteFile.PathOf(home.Sweep(sweep), site);
            return File.Exists(file) ? KeptSiteFile.Read(file) : null;
        }
        catch (Exception e) when (e is BadInputException or IOException)
        {
            return null;
        }
    }
}
