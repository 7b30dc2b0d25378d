using CsCheck;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;

namespace InverseScope.Core.Tests.Sampling;

public sealed class ProposalSamplerTests
{
    private const int Most = 512;

    private static readonly MeasurementOptions Generator = new()
    {
        Sampler = SamplerKind.Generator,
        Kernel = KernelKind.Threshold,
        Epsilon = 1,
        Samples = 0,
        Draws = 4,
    };

    private static readonly MeasurementOptions Mixture = Generator with { Sampler = SamplerKind.Mixture, BankSize = 10 };

    [Fact]
    public void A_draw_weighs_kernel_times_prior_over_proposal()
    {
        var gaussian = Generator with { Kernel = KernelKind.Gaussian };
        var set = Draw(gaussian, [Of(1, 0.5, 0.2, 0.4), Of(2, 1, 0.3, 0.1), Of(3, 99, 0.5, 0.1)]);
        Assert.Equal([1, 2], set.Texts);
        Assert.Equal(Math.Exp(-0.125) * 0.2 / 0.4 / (Math.Exp(-0.5) * 0.3 / 0.1), set.Weights[0] / set.Weights[1], 1e-6);
        Assert.Equal([0.5f, 1f], set.Distances);
        var (a, b) = ((double)set.Weights[0], (double)set.Weights[1]);
        Assert.Equal(1 / (a * a + b * b), set.Ess, 1e-6);
    }

    [Fact]
    public void A_text_drawn_twice_weighs_twice_and_is_one_neighbour()
    {
        var set = Draw(Generator, [Of(1, 0, 0.5, 0.5), Of(2, 0, 0.5, 0.5), Of(1, 0, 0.5, 0.5)]);
        Assert.Equal([1, 2], set.Texts);
        Assert.Equal([2 / 3f, 1 / 3f], set.Weights);
        Assert.Equal((2, 1.8), (set.Neighbours, Math.Round(set.Ess, 9)));
    }

    [Fact]
    public void The_reference_is_left_out_unless_asked_for()
    {
        ProposedText[] proposals = [Of(0, 0, 0.5, 0.5), Of(1, 0, 0.5, 0.5)];
        Assert.Equal([1], Draw(Generator, proposals).Texts);
        Assert.Equal([0, 1], Draw(Generator with { IncludeReference = true }, proposals).Texts);
    }

    [Fact]
    public void What_is_no_text_of_the_task_weighs_nothing()
    {
        foreach (var weighting in Enum.GetValues<Weighting>())
            Assert.Equal([2], Draw(Generator with { Weighting = weighting }, [Of(1, 0, 0, 0.5), Of(2, 0, 0.5, 0.5)]).Texts);
        var none = Draw(Generator, [Of(1, 0, 0, 0.5)]);
        Assert.Equal((0, 0, null), (none.Neighbours, none.Ess, none.Bits));
    }

    [Fact]
    public void Accept_weighs_what_is_near_alike_and_none_weighs_all_alike()
    {
        ProposedText[] proposals = [Of(1, 0.5, 0.2, 0.4), Of(2, 0.9, 0.3, 0.1), Of(3, double.PositiveInfinity, 0.5, 0.1)];
        var accepted = Draw(Generator with { Kernel = KernelKind.Gaussian, Weighting = Weighting.Accept }, proposals);
        Assert.Equal([1, 2], accepted.Texts);
        Assert.Equal([0.5f, 0.5f], accepted.Weights);
        Assert.Equal([1, 2, 3], Draw(Generator with { Weighting = Weighting.None }, proposals).Texts);
    }

    [Fact]
    public void Probabilities_beyond_the_range_of_a_double_keep_their_ratio()
    {
        var set = Draw(Generator, [new ProposedText(1, 0, -2000, -1000), new ProposedText(2, 0, -2000, -1000 - Math.Log(3))]);
        Assert.Equal([0.25f, 0.75f], set.Weights, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void In_a_mixture_it_does_not_matter_who_drew_a_text()
    {
        var set = Draw(Mixture, [Of(1, 0, 0.2, 0.4), Of(2, 0, 0.3, 0) with { Times = 6 }]);
        Assert.Equal(0.2 / (10 * 0.2 + 4 * 0.4) / (6 / 10.0), set.Weights[0] / set.Weights[1], 1e-6);
        Assert.Equal(
            Draw(Mixture, [Of(1, 0, 0.2, 0.4), Of(1, 0, 0.2, 0.4), Of(2, 0, 0.3, 0.1)]).Ess,
            Draw(Mixture, [Of(2, 0, 0.3, 0.1), Of(1, 0, 0.2, 0.4), Of(1, 0, 0.2, 0.4)]).Ess, 1e-9);
    }

    [Fact]
    public void Of_more_texts_than_samples_each_comes_as_often_as_it_weighs()
    {
        var set = Draw(Generator with { Samples = 8 }, Enumerable.Range(1, 16).Select(i => Of(i, 0, i <= 4 ? 0.3 : 0.1, 0.5)));
        Assert.Equal(8, set.Texts.Length);
        Assert.Equal(4, set.Texts.Count(t => t <= 4));
        Assert.Equal(16, set.Neighbours);
    }

    // Six texts under a prior, a q that is wrong about all of them and never writes the last: what weights must make up for.
    // Whatever the chance, the weights of a text over many drawings average to its share of P up to their common factor.
    [Fact]
    public void Weights_of_a_mixture_are_unbiased_for_any_proposal() =>
        Gen.Select(Gen.Double[0.05, 1].Array[6], Gen.Double[0.05, 1].Array[5], Gen.Double[0, 2].Array[6], Gen.Int[0, 1000]).Sample((prior, proposal, distances, seed) =>
        {
            const int Drawings = 1500;
            var options = Mixture with { Kernel = KernelKind.Gaussian, IncludeReference = true, BankSize = 30, Draws = 30 };
            var p = prior.Select(v => v / prior.Sum()).ToArray();
            double[] q = [.. proposal.Select(v => v / proposal.Sum()), 0];
            var exact = p.Select((v, i) => v * Math.Exp(-distances[i] * distances[i] / 2)).ToArray();
            var shares = new double[6];
            var random = new RunSeed(seed).Stream("mixture");
            for (var drawing = 0; drawing < Drawings; drawing++)
            {
                var set = new ProposalSampler(options).Draw(
                    0,
                    Enumerable.Range(0, 60).Select(i => Pick(i < 30 ? p : q, random)).Select(i => Of(i, distances[i], p[i], q[i])).ToArray(),
                    random);
                for (var i = 0; i < set.Texts.Length; i++)
                    shares[set.Texts[i]] += set.Weights[i] / Drawings;
            }

            // Self-normalising costs a bias of the order of one over the draws.
            return Enumerable.Range(0, 6).All(i => Math.Abs(shares[i] - exact[i] / exact.Sum()) < 0.03);
        }, iter: 12, threads: 1);

    [Fact]
    public void Weights_of_a_generator_are_unbiased_where_it_writes_every_text()
    {
        double[] p = [0.5, 0.3, 0.2], q = [0.1, 0.2, 0.7];
        var options = Generator with { Draws = 50, IncludeReference = true };
        var random = new RunSeed(3).Stream("generator");
        var share = 0.0;
        for (var drawing = 0; drawing < 2000; drawing++)
        {
            var set = new ProposalSampler(options).Draw(
                0, Enumerable.Range(0, 50).Select(_ => Pick(q, random)).Select(i => Of(i, 0, p[i], q[i])).ToArray(), random);
            share += set.Texts.Zip(set.Weights).Where(s => s.First == 0).Sum(s => (double)s.Second) / 2000;
        }

        Assert.Equal(0.5, share, 0.03);
    }

    [Fact]
    public void Thinning_keeps_few_rows_as_they_are_and_of_many_each_as_likely() =>
        Gen.Select(Gen.Int[1, 3000], Gen.Int[0, 100]).Sample((count, seed) =>
        {
            var all = Enumerable.Range(0, count).ToArray();
            var (rows, factor) = ProposalSampler.Thinned(all, Most, new RunSeed(seed).Stream("thin"));
            return rows.Count == Math.Min(count, Most) && rows.SequenceEqual(rows.Order().Distinct())
                && Math.Abs(rows.Count * factor - count) < 1e-9;
        }, iter: 200);

    [Fact]
    public void Thinned_sums_are_unbiased()
    {
        var random = new RunSeed(5).Stream("thin");
        var values = Enumerable.Range(0, 1300).Select(i => i % 7 == 0 ? 5.0 + i / 100.0 : 0.1).ToArray();
        double mean = 0, last = 0;
        for (var i = 0; i < 600; i++)
        {
            var (rows, factor) = ProposalSampler.Thinned(Enumerable.Range(0, values.Length).ToArray(), Most, random);
            mean += factor * rows.Sum(r => values[r]) / 600;
            last += factor * rows.Count(r => r == values.Length - 1) / 600;
        }

        Assert.Equal(values.Sum(), mean, 0.02 * values.Sum());
        Assert.Equal(1, last, 0.25);
    }

    private static ProposedText Of(int text, double distance, double prior, double proposal) =>
        new(text, distance, Math.Log(prior), Math.Log(proposal));

    private static int Pick(double[] shares, RandomStream random)
    {
        var point = random.NextDouble();
        for (var i = 0; i < shares.Length; i++)
        {
            if ((point -= shares[i]) < 0)
                return i;
        }

        return Array.FindLastIndex(shares, s => s > 0);
    }

    private static SampleSet Draw(MeasurementOptions options, IEnumerable<ProposedText> proposals) =>
        new ProposalSampler(options).Draw(0, proposals, new RunSeed(1).Stream("test"));
}
