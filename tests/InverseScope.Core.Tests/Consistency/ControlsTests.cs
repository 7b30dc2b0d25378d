using CsCheck;
using InverseScope.Core.Consistency;
using InverseScope.Core.Seeds;
using static InverseScope.Core.Tests.Consistency.SimulatedReferences;

namespace InverseScope.Core.Tests.Consistency;

public sealed class ControlsTests
{
    private static readonly RunSeed Seed = new(47);

    [Fact]
    public void Under_every_control_a_strong_feature_has_no_kappa_left()
    {
        var references = Draw(Seed.Stream("strong"), 600, 10, copied: 0.9, SixEqual);
        int[] prior = [.. Enumerable.Range(0, 6_000).Select(i => i % 6)];

        Assert.InRange(Kappa(references), 0.85, 0.95);
        Assert.Equal(0, Kappa(Controls.SwappedReferences(references, Seed.Stream("swap"))), 0.06);
        Assert.Equal(0, Kappa(Controls.ShuffledLabels(references, Seed.Stream("shuffle"))), 0.06);
        Assert.Equal(0, Kappa(Controls.UnconditionalSamples(references, prior, prior, Seed.Stream("prior"))), 0.06);
    }

    [Fact]
    public void A_swap_leaves_no_reference_with_its_own_samples() =>
        Gen.Select(Gen.Int[0, 12], Gen.Int[0, 1_000]).Sample((count, key) =>
        {
            LabelledReference[] references = [.. Enumerable.Range(0, count).Select(r => Entry(r, r % 3, r, r))];
            var swapped = Controls.SwappedReferences(references, Seed.Stream("swap", $"{key}"));
            return swapped.Length == (count < 2 ? 0 : count)
                && swapped.Select(s => (s.Reference, s.Label)).SequenceEqual(
                    references.Take(swapped.Length).Select(r => (r.Reference, r.Label)))
                && swapped.All(s => s.SampleLabels[0] != s.Reference)
                && swapped.Select(s => s.SampleLabels[0]).Distinct().Count() == swapped.Length;
        });

    [Fact]
    public void Shuffled_labels_are_the_same_labels_and_one_for_each_text()
    {
        LabelledReference[] references = [.. Enumerable.Range(0, 40).Select(i => Entry(i % 20, i % 20 / 2, 1))];

        var shuffled = Controls.ShuffledLabels(references, Seed.Stream("texts"));

        Assert.Equal(references.Select(r => r.Label).Order(), shuffled.Select(r => r.Label).Order());
        Assert.NotEqual(references.Select(r => r.Label), shuffled.Select(r => r.Label));
        Assert.All(shuffled.GroupBy(r => r.Reference), g => Assert.Single(g.Select(r => r.Label).Distinct()));
    }

    [Fact]
    public void Draws_from_the_prior_come_with_their_texts_and_the_weights_that_were()
    {
        LabelledReference[] references = [new(7, 1, [1, 2], [1, 1], [0.9f, 0.1f], 4)];

        var drawn = Assert.Single(Controls.UnconditionalSamples(references, [50], [3], Seed.Stream("one")));

        Assert.Equal([50, 50], drawn.SampleTexts);
        Assert.Equal([3, 3], drawn.SampleLabels);
        Assert.Equal([0.9f, 0.1f], drawn.Weights);
        Assert.Equal((7, 1, 4.0), (drawn.Reference, drawn.Label, drawn.Ess));
    }

    private static double Kappa(LabelledReference[] references) =>
        FeatureConsistency.Measure(references, 0).Kappa!.Value;
}
