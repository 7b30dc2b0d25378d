using CsCheck;
using InverseScope.Core.Consistency;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Specs;
using InverseScope.Core.Statistics.Sequential;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Samples;
using InverseScope.Sweeps.Store;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Samples;

public sealed class CorrectedNumbersTests : IDisposable
{
    private const double Rounding = 1e-5;

    private static readonly ITask Addition = new TaskCatalog().Find("addition");
    private static readonly Site Planted = SitePattern.ExpandAll(["L0H0"], 1, 1)[0];
    private static readonly Dictionary<string, string?> Nothing = [];

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(KeptSiteCollector.MostSamples)]
    [InlineData(300)]
    public void Without_corrections_the_second_numbers_are_the_first_however_few_samples_are_kept(int most) => Gen.Select(Gen.Long[1, 1000], Gen.OneOf("nth: 0", "nth: 2", "nth: 6")).Sample(
        (seed, rule) =>
        {
            var (site, record) = Measured(seed, $"[ chars, {{{rule}}} ]", most);
            var labels = site.Labels[record.SpecHash];
            var second = CorrectedNumbers.Measure(site, labels, record.SpecHash, Nothing);
            Near(record, second);
            Assert.Equal(record.Counts.Samples, site.References.Where(r => r.Ess >= site.MinimumEss).Sum(r => r.Drawn));
            Assert.True(site.References.Sum(r => r.Texts.Length) <= most);
            // A person who says what the labeller said changes nothing.
            Near(record, CorrectedNumbers.Measure(site, labels, record.SpecHash, site.Texts.Index().Where(t => t.Index % 3 == 0).ToDictionary(t => t.Item, t => labels.LabelOf(t.Index))));
        },
        iter: 4, threads: 1);

    [Theory]
    [InlineData(60)]
    [InlineData(300)]
    public void Second_numbers_are_the_same_however_few_samples_are_kept(int most) => Gen.Select(Gen.Long[1, 1000], Gen.OneOf("nth: 0", "nth: 2", "nth: 6"), Gen.Int[2, 5]).Sample(
        (seed, rule, every) =>
        {
            var (whole, record) = Measured(seed, $"[ chars, {{{rule}}} ]", KeptSiteCollector.MostSamples);
            var (cut, _) = Measured(seed, $"[ chars, {{{rule}}} ]", most);
            // References and samples, to labels that references have, that only samples have, that nothing has, and to none.
            string?[] labels = [.. whole.Labels[record.SpecHash].Labels, "new", null];
            var given = cut.Texts.Index().Where(t => t.Index % every == 0).ToDictionary(t => t.Item, t => labels[(t.Index * 7) % labels.Length]);
            var (first, second) = (
                CorrectedNumbers.Measure(whole, whole.Labels[record.SpecHash], record.SpecHash, given), CorrectedNumbers.Measure(cut, cut.Labels[record.SpecHash], record.SpecHash, given));
            Assert.Equal(first.Fcr!.Value, second.Fcr!.Value, Rounding);
            Assert.Equal(first.Chance!.Value, second.Chance!.Value, Rounding);
            Assert.Equal(first.KappaInterval!.Value.Low, second.KappaInterval!.Value.Low, Rounding);
        },
        iter: 4, threads: 1);

    [Fact]
    public void Where_labels_of_samples_are_not_told_a_corrected_label_makes_no_rates_and_the_record_says_why()
    {
        var (site, record) = Measured(3, "[ chars, { nth: 0 } ]", 300);
        var old = new KeptSite
        {
            Site = site.Site,
            MinimumEss = site.MinimumEss,
            Seed = site.Seed,
            Texts = site.Texts,
            PriorShares = site.PriorShares,
            References = site.References,
            Labels = site.Labels,
            IsRestWhole = false,
        };
        var text = site.Texts[0];
        var corrected = CorrectedNumbers.Of(old, record, [Correction(text, "x", 1)])!;
        Assert.Equal((1, null, true), (corrected.Corrections, corrected.Kappa, corrected.WhyNoRates is not null));
        Assert.Contains(corrected.WhyNoRates!, ReportProse.Corrected(corrected, record), StringComparison.Ordinal);
        Assert.NotNull(CorrectedNumbers.Of(old, record, [Correction(text, text[..1], 1)])!.Kappa);
    }

    [Fact]
    public void Second_numbers_are_those_of_the_labels_that_people_gave()
    {
        var (site, record) = Measured(3, "[ chars, { nth: 0 } ]", KeptSiteCollector.MostSamples);
        var labels = site.Labels[record.SpecHash];
        // All texts of the label 7 are an 8 for a person.
        var sevens = site.Texts.Where(t => t.StartsWith('7')).ToArray();
        var corrected = CorrectedNumbers.Of(site, record, [.. sevens.Select((t, i) => Correction(t, "8", i + 1)), .. sevens.Select((t, i) => Correction(t, "8", i + 100_000))])!;

        Assert.Equal((sevens.Length, sevens.Length, 0), (corrected.Checked, corrected.Corrections, corrected.Accuracy!.Value));
        var measured = site.References.Where(r => r.Ess >= 5).ToArray();
        string Label(int id) => site.Texts[id][0] == '7' ? "8" : site.Texts[id][..1];
        var fcr = measured.Average(r => r.Texts.Zip(r.Weights).Where(s => Label(s.First) == Label(r.Text)).Sum(s => (double)s.Second));
        Assert.Equal(fcr, corrected.Fcr!.Value, Rounding);
        // The prior's bank is a sample in which 7 and 8 are now one label; only kept texts could be corrected.
        Assert.True(corrected.Chance > record.Chance);
        Assert.True(corrected.KappaCi!.Value.Lower <= corrected.Kappa && corrected.Kappa <= corrected.KappaCi.Value.Upper);
        Near(record, CorrectedNumbers.Measure(site, labels, record.SpecHash, Nothing));
    }

    [Fact]
    public void Accuracy_is_over_the_texts_that_people_labelled_and_the_last_word_counts()
    {
        var (site, record) = Measured(3, "[ chars, { nth: 0 } ]", KeptSiteCollector.MostSamples);
        var texts = site.Texts.Take(4).ToArray();
        var corrected = CorrectedNumbers.Of(site, record,
        [
            Correction(texts[0], "x", 1), Correction(texts[0], texts[0][..1], 2), Correction(texts[1], texts[1][..1], 3), Correction(texts[2], null, 4),
            Correction(texts[3], texts[3][..1], 5), Correction("no text of the site", "x", 6),
        ])!;
        Assert.Equal((4, 1, 0.75), (corrected.Checked, corrected.Corrections, corrected.Accuracy!.Value));
        Assert.True(corrected.AccuracyCi!.Value is { Lower: > 0.2 and < 0.75, Upper: > 0.75 and < 1 });
        Assert.Null(CorrectedNumbers.Of(site, record, [Correction("no text of the site", "x", 6)]));
        Assert.Null(CorrectedNumbers.Of(site, record, []));
    }

    [Fact]
    public void Where_no_samples_were_kept_the_examples_of_the_report_tell_the_accuracy_and_no_rate_is_made_up()
    {
        var (_, record) = Measured(3, "[ chars, { nth: 0 } ]", KeptSiteCollector.MostSamples);
        var shown = record.Samples[0].Samples[0];
        var corrected = CorrectedNumbers.Of(null, record, [Correction(record.Samples[0].Reference, record.Samples[0].Label, 1), Correction(shown.Text, "x", 2)])!;
        Assert.Equal((2, 1, 0.5, null), (corrected.Checked, corrected.Corrections, corrected.Accuracy, corrected.Kappa));
    }

    [Fact]
    public void Reviews_and_second_numbers_come_into_a_report_and_leave_the_first_numbers_alone()
    {
        var (site, record) = Measured(3, "[ chars, { nth: 0 } ]", KeptSiteCollector.MostSamples);
        var home = new Home(_folder.Path);
        using var store = SweepStore.Open(home.Store);
        var tiny = Tests.Reports.ReportFixture.Tiny();
        var id = tiny.Sweep.Id;
        var document = tiny with { Sites = [SiteRecord.Of(Planted, SiteStatus.Done) with { Hypotheses = [record] }] };
        Assert.Equal(ReportJson.Write(document), ReportJson.Write(ReportReviews.Apply(document, store.Reviews, home)));

        KeptSiteFile.Write(home.Sweep(id), site);
        store.Reviews.Add(Correction(site.Texts[0], "x", 0, id, record.SpecHash));
        Assert.True(store.Reviews.TryAdd(new StoredReview { Sweep = id, Hypothesis = record.Id, Verdict = ReviewVerdict.SpecWrong, Author = "<b>A</b>", Comment = "no", At = "2030-01-01T00:00:00.000Z" }, 0));
        var applied = ReportReviews.Apply(ReportReviews.Apply(document, store.Reviews, home), store.Reviews, home).Sites[0].Hypotheses[0];
        Assert.Equal((ReviewVerdict.SpecWrong, "<b>A</b>", "no"), (applied.Reviews.Single().Verdict, applied.Reviews[0].Author, applied.Reviews[0].Comment));
        Assert.True(applied.Corrected is { Corrections: 1, Kappa: not null });
        Assert.Equal(ReportJson.WriteLine(record), ReportJson.WriteLine(applied with { Reviews = [], Corrected = null }));

        // A file that cannot be read takes the second rates, not the report.
        File.WriteAllText(KeptSiteFile.PathOf(home.Sweep(id), site.Site), "x");
        Assert.Null(ReportReviews.Apply(document, store.Reviews, home).Sites[0].Hypotheses[0].Corrected?.Kappa);
    }

    private static void Near(HypothesisRecord first, FeatureConsistency second)
    {
        Assert.Equal(first.Fcr!.Value, second.Fcr!.Value, Rounding);
        Assert.Equal(first.Chance!.Value, second.Chance!.Value, Rounding);
        Assert.Equal(first.Kappa!.Value, second.Kappa!.Value, Rounding);
        Assert.Equal(first.FcrCi!.Value.Lower, second.FcrInterval!.Value.Low, Rounding);
        Assert.Equal(first.KappaCi!.Value.Upper, second.KappaInterval!.Value.High, Rounding);
    }

    private static StoredCorrection Correction(string text, string? label, long id, string sweep = "", string hash = "") =>
        new() { Id = id, Sweep = sweep, SpecHash = hash, Text = text, Label = label, Author = "A", At = "2030-01-01T00:00:00.000Z" };

    private static (KeptSite Site, HypothesisRecord Record) Measured(long seed, string rule, int most)
    {
        var options = new MeasurementOptions { Distance = DistanceKind.Euclidean, Kernel = KernelKind.Threshold, Epsilon = 0.6, BankSize = 1500 };
        using var backend = new PlantedBackend(Addition, options, new RunSeed(seed), new Dictionary<string, Func<string, string?>> { [Planted.ToString()] = t => t[..1] }, layers: 1, heads: 1);
        backend.Prepare([Planted], null, default);
        var random = new RunSeed(seed).Stream("references");
        var samples = backend.Sample(Planted, [.. Enumerable.Range(0, 60).Select(_ => Addition.Draw(random)).Distinct()], "confirm", default);
        var measured = new MeasuredSite(Planted, samples, PriorSample.Of(backend, Planted, samples, new RunSeed(seed)), backend.Texts);
        var draft = new SpecLibrary(Addition).Draft(
            SpecLibrary.Write(FeatureCompiler.Compile($"schema: inversescope/feature-spec/v1\nid: s\nrule: {rule}\n", CompileContext.Of(Addition)).OrThrow().Spec),
            HypothesisAuthor.Person, null, []);
        var labels = new LabelColumn(draft.Feature, backend.Texts);
        var record = new HypothesisTest(measured, null, 5, new SequentialTestOptions { Evidence = 100 }, new RunSeed(seed)).Measure(draft, labels, null, HypothesisPhase.Confirm).Record;
        return (KeptSiteCollector.Of(measured, [labels], 5, seed, most), record);
    }
}
