using CsCheck;
using InverseScope.Core.Sampling;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Tests.Reports;

public sealed class EvidenceCollectorTests
{
    [Fact]
    public void Mismatches_come_first_and_the_heaviest_of_them()
    {
        var (pool, collector) = Start();
        collector.Add("a", Set(pool, "a0", ("a1", 0.5f, 0.01f), ("b1", 0.1f, 0.02f), ("b2", 0.3f, 0.03f), ("a2", 0.1f, 0.04f)));
        var example = Assert.Single(collector.Examples());
        Assert.Equal(["b2", "b1", "a1", "a2"], example.Samples.Select(s => s.Text));
        Assert.Equal([false, false, true, true], example.Samples.Select(s => s.Match));
        Assert.Equal(0.6, example.MatchRate!.Value, 6);
    }

    [Fact]
    public void Matches_keep_a_place_beside_many_mismatches()
    {
        var (pool, collector) = Start();
        collector.Add("a", Set(pool, "a0",
            [.. Enumerable.Range(0, 30).Select(i => ($"b{i}", 0.03f, 0.01f)), ("a1", 0.1f, 0.01f)]));
        var shown = Assert.Single(collector.Examples()).Samples;
        Assert.Equal(EvidenceCollector.SamplesPerExample, shown.Count);
        Assert.Equal("a1", Assert.Single(shown, s => s.Match).Text);
    }

    [Fact]
    public void A_text_that_was_drawn_twice_is_shown_once_with_its_whole_weight()
    {
        var (pool, collector) = Start();
        collector.Add("a", Set(pool, "a0", ("a1", 0.25f, 0.01f), ("a1", 0.25f, 0.01f), ("b1", 0.5f, 0.01f)));
        var example = Assert.Single(collector.Examples());
        Assert.Equal(2, example.Samples.Count);
        Assert.Equal(0.5, example.Samples.Single(s => s.Text == "a1").Weight, 6);
        Assert.Equal(3, example.SampleCount);
    }

    [Fact]
    public void A_sample_outside_the_norm_band_has_no_distance()
    {
        var (pool, collector) = Start();
        collector.Add("a", Set(pool, "a0", ("a1", 1f, float.PositiveInfinity)));
        Assert.Null(Assert.Single(Assert.Single(collector.Examples()).Samples).Distance);
    }

    [Fact]
    public void A_reference_without_samples_is_not_counted_as_a_mismatch()
    {
        var (pool, collector) = Start();
        collector.Add("a", Set(pool, "a0"));
        Assert.Null(collector.MatchHistogram());
        Assert.Null(collector.LabelTable());
        Assert.Empty(collector.Examples());
    }

    [Fact]
    public void Labels_that_are_numbers_are_ordered_as_numbers()
    {
        var pool = new TextPool();
        var collector = new EvidenceCollector(pool, id => pool[id]);
        foreach (var label in new[] { "10", "9", "2" })
            collector.Add(label, Set(pool, label, (label, 1f, 0f)));
        Assert.Equal(["2", "9", "10"], collector.LabelTable()!.Labels);
    }

    [Fact]
    public void Rare_labels_share_the_last_row()
    {
        var pool = new TextPool();
        var collector = new EvidenceCollector(pool, id => pool[id]);
        for (var i = 0; i < 20; i++)
            collector.Add($"{i}", Set(pool, $"{i}", ($"{i}", 1f, 0f)));
        var table = collector.LabelTable()!;
        Assert.Equal(EvidenceCollector.MaximumLabels, table.Labels.Count);
        Assert.Null(table.Rows[^1].Label);
        Assert.Equal(8, table.Rows[^1].References);
        Assert.Equal(1, table.Rows[^1].Matched, 6);
        Assert.Equal(20, table.Rows.Sum(r => r.References));
    }

    [Fact]
    public void Shares_of_a_row_add_up_and_the_histogram_counts_every_reference()
    {
        var sample = Gen.Select(Gen.Int[0, 19], Gen.Double[0.01, 1]);
        var reference = Gen.Select(Gen.Int[0, 19], sample.Array[1, 12]);
        reference.Array[1, 40].Sample(references =>
        {
            var pool = new TextPool();
            // Every fifth text has no label, as with a feature that is undefined there.
            string? Label(int id) => int.Parse(pool[id], null) % 5 == 4 ? null : pool[id];
            var collector = new EvidenceCollector(pool, Label);
            foreach (var (label, samples) in references)
            {
                var total = samples.Sum(s => s.Item2);
                collector.Add($"{label}", Set(pool, "0",
                    [.. samples.Select(s => ($"{s.Item1}", (float)(s.Item2 / total), 0.1f))]));
            }

            var table = collector.LabelTable()!;
            Assert.Equal(references.Length, collector.MatchHistogram()!.Sum());
            Assert.Equal(references.Length, table.Rows.Sum(r => r.References));
            Assert.All(table.Rows, r => Assert.Equal(1, r.Shares.Sum() + r.Other + r.Undefined, 4));
            Assert.All(collector.Examples(), e =>
                Assert.True(e.Samples.Select(s => s.Match).SequenceEqual(e.Samples.Select(s => s.Match).Order())));
        });
    }

    [Fact]
    public void Thinning_keeps_the_first_and_the_last_point()
    {
        Gen.Int[1, 5_000].Sample(count =>
        {
            var points = Enumerable.Range(1, count).Select(i => new SequencePoint(i, 0, -1, 1)).ToList();
            var kept = EvidenceCollector.Thin(points);
            Assert.Equal(Math.Min(count, EvidenceCollector.MaximumSequencePoints), kept.Count);
            Assert.Equal(1, kept[0].Pairs);
            Assert.Equal(count, kept[^1].Pairs);
            Assert.Equal(kept.Count, kept.DistinctBy(p => p.Pairs).Count());
        });
    }

    // Labels are first letters.
    private static (TextPool Pool, EvidenceCollector Collector) Start()
    {
        var pool = new TextPool();
        return (pool, new EvidenceCollector(pool, id => pool[id][..1]));
    }

    private static SampleSet Set(TextPool pool, string reference, params (string Text, float Weight, float Distance)[] samples) =>
        new(
            pool.Add(reference), [.. samples.Select(s => pool.Add(s.Text))], [.. samples.Select(s => s.Weight)],
            [.. samples.Select(s => s.Distance)], 8, samples.Length, Bits: 1);
}
