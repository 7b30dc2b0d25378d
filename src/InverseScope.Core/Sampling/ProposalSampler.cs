using InverseScope.Core.Seeds;

namespace InverseScope.Core.Sampling;

/// <summary>A text that a generator wrote for ẑ, or that a bank drew, and that the target has read.</summary>
/// <param name="Text">Text id.</param>
/// <param name="Distance">d(z(x), ẑ).</param>
/// <param name="LogPrior">ln p(x); −∞ for what is no text of the task.</param>
/// <param name="LogProposal">ln q(x | ẑ) as the generator draws; −∞ if it never writes the text.</param>
/// <param name="Times">How many draws it stands for; above 0.</param>
public readonly record struct ProposedText(int Text, double Distance, double LogPrior, double LogProposal, double Times = 1);

/// <summary>
/// Weights proposals so that they stand for P(x; ẑ) ∝ p(x) k(d(z(x), ẑ)). Of n_b draws from the prior and n_g from a
/// generator each weighs w ∝ k(d) p / (n_b p + n_g q), whichever it came from: the balance heuristic, and without a bank
/// k p / q. Weights are normalised by their sum. A text that is proposed several times weighs the sum. Thread-safe.
/// </summary>
/// <param name="options">Checked by the caller; a sampler with a generator.</param>
public sealed class ProposalSampler(MeasurementOptions options)
{
    private readonly NeighbourKernel _kernel = new(options);

    /// <summary>
    /// Some of a bank's rows, each standing for as many as it was chosen from: q of a row is a pass through the generator, and
    /// so costs about what a draw costs.
    /// </summary>
    /// <param name="most">How many, from 1.</param>
    /// <returns>Rows in order, and by what their weights are to be multiplied.</returns>
    public static (IReadOnlyList<T> Rows, double Factor) Thinned<T>(IReadOnlyList<T> rows, int most, RandomStream random)
    {
        if (rows.Count <= most)
            return (rows, 1);
        // Selection sampling: every subset of this size is equally likely, and the order stays.
        var chosen = new List<T>(most);
        for (var i = 0; chosen.Count < most; i++)
        {
            if (random.NextDouble() * (rows.Count - i) < most - chosen.Count)
                chosen.Add(rows[i]);
        }

        return (chosen, rows.Count / (double)most);
    }

    /// <summary>Samples for one reference.</summary>
    /// <param name="reference">Text id of x̂, which is left out unless the options include it.</param>
    /// <param name="proposals">Of the generator and, in a mixture, of the bank.</param>
    /// <param name="random">Used only if there are more neighbours than samples asked for.</param>
    public SampleSet Draw(int reference, IEnumerable<ProposedText> proposals, RandomStream random)
    {
        var near = new List<(ProposedText Text, double LogWeight)>();
        foreach (var proposal in proposals)
        {
            if (proposal.Text == reference && !options.IncludeReference)
                continue;
            var weight = LogWeight(proposal);
            if (weight > double.NegativeInfinity)
                near.Add((proposal, weight));
        }

        // Probabilities of long texts are beyond the range of a double; their ratios to the largest are not.
        var largest = near.Count == 0 ? 0 : near.Max(n => n.LogWeight);
        var weighted = new WeightedTexts(near.Count);
        foreach (var of in near.GroupBy(n => n.Text.Text))
            weighted.Add(of.Key, of.First().Text.Distance, of.Sum(n => Math.Exp(n.LogWeight - largest)));
        return weighted.ToSet(reference, null, options.Samples, random);
    }

    private double LogWeight(ProposedText proposal)
    {
        if (double.IsNegativeInfinity(proposal.LogPrior))
            return double.NegativeInfinity;
        if (options.Weighting == Weighting.None)
            return Math.Log(proposal.Times);
        if (!(proposal.Distance < _kernel.Reach))
            return double.NegativeInfinity;
        if (options.Weighting == Weighting.Accept)
            return Math.Log(proposal.Times);
        var generated = Math.Log(options.Draws) + proposal.LogProposal - proposal.LogPrior;
        var density = options.Sampler == SamplerKind.Mixture ? LogSum(Math.Log(options.BankSize), generated) : generated;
        return Math.Log(proposal.Times * _kernel.Of(proposal.Distance)) - density;
    }

    private static double LogSum(double a, double b) => Math.Max(a, b) + Math.Log(1 + Math.Exp(-Math.Abs(a - b)));
}
