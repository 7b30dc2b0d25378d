using InverseScope.Agent.Labels;
using InverseScope.Core;
using InverseScope.Core.Specs;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Samples;

namespace InverseScope.Service.Tests.Desk;

public sealed class SampleShelfTests(ReviewedHomeFixture fixture) : IClassFixture<ReviewedHomeFixture>
{
    private ReviewedHome Home => fixture.Home;

    [Fact]
    public void Pages_of_a_filter_are_all_that_pass_it_once_each_and_as_many_as_the_report_counts()
    {
        foreach (var hypothesis in Home.Report.Sites.SelectMany(s => s.Hypotheses))
        {
            var counts = hypothesis.Counts;
            // An undefined label is no label of the reference either.
            Assert.Equal(counts.Matched, Count(hypothesis, SampleFilter.Matches));
            Assert.Equal(counts.Mismatched + counts.Undefined, Count(hypothesis, SampleFilter.Mismatches));
            Assert.Equal(counts.Undefined, Count(hypothesis, SampleFilter.Undefined));
            Assert.Equal(counts.Failed, Count(hypothesis, SampleFilter.Failed));
        }

        var script = Home.Hypothesis(title: "partial");
        Assert.True(script.Counts.Failed + script.Counts.Undefined > 0 || Count(script, SampleFilter.Failed) == 0);
        var all = Pages(script, SampleFilter.All, 37);
        Assert.Equal(Find(script, SampleFilter.All).Total, all.Count);
        Assert.Contains(all, r => r is { Failure: not null, Match: null, Label: null });
        Assert.Contains(all, r => r is { Label: "high", Match: true, ReferenceLabel: "high" });
        Assert.Contains(all, r => r is { ReferenceLabel: null, Match: null });
    }

    [Fact]
    public void Labels_are_those_of_the_report_and_samples_of_a_reference_come_heaviest_first()
    {
        var hypothesis = Home.Hypothesis();
        foreach (var example in hypothesis.Samples)
        {
            var page = Home.Samples.Find(new SampleQuery(Home.Sweep, ReviewedHome.Planted, hypothesis.Id, SampleFilter.All, example.Reference, 1, 500));
            Assert.Equal((example.SampleCount, false), (page.Total, page.AreExamples));
            Assert.Equal(page.Rows.Select(r => r.Weight).OrderDescending(), page.Rows.Select(r => r.Weight));
            foreach (var shown in example.Samples)
                Assert.Contains(page.Rows, r => (r.Text, r.Label, r.Match) == (shown.Text, shown.Label, shown.Match) && r.ReferenceLabel == example.Label);
        }

        var plain = Home.Samples.Find(new SampleQuery(Home.Sweep, ReviewedHome.Planted, null, SampleFilter.All, null, 1, 5));
        Assert.All(plain.Rows, r => Assert.Equal((null, null, null), (r.Label, r.ReferenceLabel, r.Match)));
    }

    [Fact]
    public void Twenty_at_random_are_the_same_twenty_every_time()
    {
        var hypothesis = Home.Hypothesis();
        var (first, again) = (Find(hypothesis, SampleFilter.Random), Find(hypothesis, SampleFilter.Random));
        Assert.Equal(20, first.Total);
        Assert.Equal(first.Rows, again.Rows);
        Assert.Equal(first.Rows.Skip(15), Find(hypothesis, SampleFilter.Random, page: 4, size: 5).Rows);
        Assert.True(first.Rows.Select(r => r.Reference).Distinct().Count() > 5);
    }

    [Fact]
    public void Swapped_samples_are_those_of_another_reference_as_the_control_had_them()
    {
        var hypothesis = Home.Hypothesis();
        var page = Home.Samples.Find(new SampleQuery(Home.Sweep, ReviewedHome.Planted, hypothesis.Id, SampleFilter.All, null, 1, 500) { Swapped = true });
        Assert.All(page.Rows, r => Assert.NotEqual(r.Reference, r.SampledFor));
        Assert.All(page.Rows, r => Assert.Equal(r.Label == r.ReferenceLabel, r.Match));
        var donor = page.Rows[0].SampledFor!;
        var own = Home.Samples.Find(new SampleQuery(Home.Sweep, ReviewedHome.Planted, hypothesis.Id, SampleFilter.All, donor, 1, 500));
        Assert.Equal(own.Rows.Select(r => r.Text), page.Rows.TakeWhile(r => r.SampledFor == donor).Select(r => r.Text));

        // Its rate over all references is that of the control in the report.
        var all = Pages(hypothesis, SampleFilter.All, 500, swapped: true);
        var rate = all.GroupBy(r => r.Reference).Average(g => g.Where(r => r.Match == true).Sum(r => r.Weight));
        Assert.Equal(hypothesis.Controls.Single(c => c.Name == "references swapped").Fcr!.Value, rate, 1e-5);
    }

    [Fact]
    public void References_come_with_their_match_rates_those_that_match_least_first()
    {
        var hypothesis = Home.Hypothesis(ReviewedHome.Null);
        var page = Home.Samples.References(new ReferenceQuery(Home.Sweep, ReviewedHome.Null, hypothesis.Id, 1, 500));
        Assert.Equal((60, false), (page.Total, page.AreExamples));
        var measured = page.Rows.Where(r => r.MatchRate is not null).ToArray();
        Assert.Equal(measured.Select(r => r.MatchRate).Order(), measured.Select(r => r.MatchRate));
        Assert.Equal(hypothesis.Counts.References, measured.Length);
        if (measured.Length > 0)
            Assert.Equal(hypothesis.Fcr!.Value, measured.Average(r => r.MatchRate!.Value), 1e-5);
        var planted = Home.Samples.References(new ReferenceQuery(Home.Sweep, ReviewedHome.Planted, Home.Hypothesis().Id, 1, 500));
        Assert.Equal(Home.Hypothesis().Fcr!.Value, planted.Rows.Where(r => r.MatchRate is not null).Average(r => r.MatchRate!.Value), 1e-5);
        Assert.Equal(planted.Rows.Skip(10).Take(10), Home.Samples.References(new ReferenceQuery(Home.Sweep, ReviewedHome.Planted, Home.Hypothesis().Id, 2, 10)).Rows);
        Assert.Empty(Home.Samples.References(new ReferenceQuery(Home.Sweep, ReviewedHome.Planted, null, 1_000_000, 500)).Rows);
    }

    [Theory]
    [InlineData(0, 50)]
    [InlineData(-1, 50)]
    [InlineData(1, 0)]
    [InlineData(1, 501)]
    [InlineData(int.MaxValue, 50)]
    public void Pages_that_cannot_be_are_refused(int page, int size)
    {
        Assert.Throws<BadInputException>(() => Find(Home.Hypothesis(), SampleFilter.All, page, size));
        Assert.Throws<BadInputException>(() => Home.Samples.References(new ReferenceQuery(Home.Sweep, ReviewedHome.Planted, null, page, size)));
        Assert.Throws<BadInputException>(() => Home.Reviews.Queue(new ReviewFilter(Page: page, Size: size)));
    }

    [Fact]
    public void Names_that_are_not_there_are_told()
    {
        var ok = new SampleQuery(Home.Sweep, ReviewedHome.Planted, Home.Hypothesis().Id, SampleFilter.All, null, 1, 10);
        foreach (var wrong in new[]
        {
            ok with { Sweep = "addition-999" }, ok with { Sweep = "../../etc" }, ok with { Site = "L9H9@last" }, ok with { Hypothesis = "x" },
            ok with { Hypothesis = Home.Hypothesis(ReviewedHome.Null).Id }, ok with { Reference = "no reference" }, ok with { Filter = (SampleFilter)99 },
            ok with { Hypothesis = null, Swapped = true },
        })
        {
            Assert.Throws<BadInputException>(() => Home.Samples.Find(wrong));
        }

        Assert.Empty(Home.Samples.Find(ok with { Page = 1_000_000 }).Rows);
    }

    [Fact]
    public void Texts_that_a_language_model_labels_otherwise_when_asked_again_are_different()
    {
        using var home = new ReviewedHome();
        var hypothesis = home.Hypothesis();
        home.Rewrite(json =>
        {
            foreach (var h in json["sites"]![0]!["hypotheses"]!.AsArray())
                h!["kind"] = "llm";
        });
        var texts = home.Samples.Find(new SampleQuery(home.Sweep, ReviewedHome.Planted, hypothesis.Id, SampleFilter.All, null, 1, 500)).Rows.Select(r => r.Text).Distinct().Take(3).ToArray();
        var scope = new LabelScope(hypothesis.SpecHash, "sha256:1", "prompt", 0);
        home.Workspace.Store.Labels.Add(scope, [.. texts.Select(t => KeyValuePair.Create(t, LabelAnswer.Of("a")))]);
        home.Workspace.Store.Labels.Add(scope with { Vote = 1000 }, [KeyValuePair.Create(texts[0], LabelAnswer.Of("a")), KeyValuePair.Create(texts[1], LabelAnswer.Of("b"))]);
        // Another model is no second opinion of the first.
        home.Workspace.Store.Labels.Add(scope with { Model = "sha256:2" }, [KeyValuePair.Create(texts[2], LabelAnswer.Of("b"))]);
        home.Reviews.Correct(home.Sweep, hypothesis.Id, texts[0], texts[0][..1], "A", "as it is");

        var different = home.Samples.Find(new SampleQuery(home.Sweep, ReviewedHome.Planted, hypothesis.Id, SampleFilter.Different, null, 1, 500));

        Assert.Equal([texts[1]], different.Rows.Select(r => r.Text).Distinct());
    }

    [Fact]
    public void A_sweep_without_kept_samples_shows_the_examples_of_its_report_and_a_damaged_file_says_so()
    {
        using var home = new ReviewedHome();
        var hypothesis = home.Hypothesis();
        var query = new SampleQuery(home.Sweep, ReviewedHome.Planted, hypothesis.Id, SampleFilter.All, null, 1, 500);
        File.WriteAllBytes(home.SamplesFile, File.ReadAllBytes(home.SamplesFile)[..500]);
        Assert.Contains("not a file of samples", Assert.Throws<DamagedFileException>(() => home.Samples.Find(query)).Message, StringComparison.Ordinal);
        File.Delete(home.SamplesFile);
        var page = home.Samples.Find(query);
        Assert.True(page.AreExamples);
        Assert.Equal(hypothesis.Samples.Sum(e => e.Samples.Count), page.Total);
        Assert.Equal(hypothesis.Samples.Count, home.Samples.References(new ReferenceQuery(home.Sweep, ReviewedHome.Planted, hypothesis.Id, 1, 50)).Total);
        Assert.Empty(home.Samples.Find(query with { Swapped = true }).Rows);
        Assert.Throws<BadInputException>(() => home.Samples.Find(query with { Reference = "none" }));
    }

    [Fact]
    public void A_hundred_thousand_samples_are_paged_from_the_first_to_the_last()
    {
        using var home = new ReviewedHome();
        var hypothesis = home.Hypothesis();
        var texts = Enumerable.Range(0, 100_000).Select(i => $"{i:000000} of many texts").ToArray();
        var random = new Random(1);
        KeptSiteFile.Write(home.Workspace.Home.Sweep(home.Sweep), new KeptSite
        {
            Site = ReviewedHome.Planted,
            MinimumEss = 5,
            Seed = 1,
            Texts = texts,
            PriorShares = [.. texts.Select(_ => 1e-5)],
            References = [.. Enumerable.Range(0, 200).Select(r => new KeptReference(
                r, 40, 500, 500, [.. Enumerable.Range(0, 500).Select(_ => random.Next(texts.Length))], [.. Enumerable.Repeat(0.002f, 500)], [.. Enumerable.Repeat(0.1f, 500)], null))],
            Labels = new Dictionary<string, KeptLabels> { [hypothesis.SpecHash] = new(["a", "b"], [.. texts.Select((_, i) => i % 3 == 0 ? 0 : 1)], [0.3, 0.7], 1, []) },
        });
        for (var i = 0; i < 50; i++)
            Find(i % 2 == 0 ? SampleFilter.Mismatches : SampleFilter.All, 1 + i * 4);

        void Find(SampleFilter filter, int page) =>
            Assert.NotEmpty(home.Samples.Find(new SampleQuery(home.Sweep, ReviewedHome.Planted, hypothesis.Id, filter, null, page, 50)).Rows);
    }

    private long Count(HypothesisRecord hypothesis, SampleFilter filter) => Find(hypothesis, filter).Total;

    private SamplePage Find(HypothesisRecord hypothesis, SampleFilter filter, int page = 1, int size = 500) =>
        Home.Samples.Find(new SampleQuery(Home.Sweep, hypothesis.Site, hypothesis.Id, filter, null, page, size));

    private List<SampleRow> Pages(HypothesisRecord hypothesis, SampleFilter filter, int size, bool swapped = false)
    {
        var rows = new List<SampleRow>();
        for (var page = 1; ; page++)
        {
            var found = Home.Samples.Find(new SampleQuery(Home.Sweep, hypothesis.Site, hypothesis.Id, filter, null, page, size) { Swapped = swapped }).Rows;
            if (found.Count == 0)
                return rows;
            rows.AddRange(found);
        }
    }
}

/// <summary>One home for tests that only read.</summary>
public sealed class ReviewedHomeFixture : IDisposable
{
    internal ReviewedHome Home { get; } = new();

    public void Dispose() => Home.Dispose();
}
