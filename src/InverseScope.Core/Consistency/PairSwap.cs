using InverseScope.Core.Seeds;

namespace InverseScope.Core.Consistency;

/// <summary>Two references with different labels.</summary>
/// <param name="First">Index of one.</param>
/// <param name="Second">Index of the other.</param>
public readonly record struct DiscordantPair(int First, int Second);

/// <summary>
/// The pair-swap effect. For references a, b with different labels, A and B their samples,
/// d = ½[P(A has a's label) + P(B has b's)] − ½[P(A has b's) + P(B has a's)]. If a sample copies the label with
/// probability ρ, and otherwise comes from any law at all, d has mean ρ; without information d is symmetric about 0.
/// </summary>
public static class PairSwap
{
    /// <summary>
    /// Disjoint discordant pairs, as many as the labels allow: min(⌊n/2⌋, n − most frequent label). The choice sees
    /// labels of references and nothing of their samples, so that it cannot favour an effect. The pairs are in random
    /// order: any prefix of them is a fair sample.
    /// </summary>
    /// <param name="labels">Labels of n references, 0 or more each.</param>
    public static DiscordantPair[] Pairs(ReadOnlySpan<int> labels, RandomStream random)
    {
        var order = new int[labels.Length];
        for (var i = 0; i < order.Length; i++)
            order[i] = i;
        random.Shuffle(order.AsSpan());
        var pairs = new List<DiscordantPair>();
        // All that wait have one label, else two of them would be a pair.
        var waiting = new Stack<int>();
        foreach (var index in order)
        {
            if (waiting.Count > 0 && labels[waiting.Peek()] != labels[index])
                pairs.Add(new DiscordantPair(waiting.Pop(), index));
            else
                waiting.Push(index);
        }

        // Two that are left over can take the place between the two of a pair that lacks their label.
        for (var p = pairs.Count - 1; p >= 0 && waiting.Count >= 2; p--)
        {
            var left = labels[waiting.Peek()];
            var (first, second) = pairs[p];
            if (labels[first] == left || labels[second] == left)
                continue;
            pairs[p] = new DiscordantPair(first, waiting.Pop());
            pairs.Add(new DiscordantPair(second, waiting.Pop()));
        }

        DiscordantPair[] shuffled = [.. pairs];
        random.Shuffle(shuffled.AsSpan());
        return shuffled;
    }

    /// <summary>d of one pair, in [−1, 1]; the weights of each reference's samples count.</summary>
    public static double Effect(ReferenceCluster first, ReferenceCluster second)
    {
        var own = first.Matched + second.Matched;
        var swapped = first.ShareOf(second.Label) + second.ShareOf(first.Label);
        return Math.Clamp(0.5 * (own - swapped), -1, 1);
    }

    /// <summary>Effects of disjoint discordant pairs of the measured references, in random order.</summary>
    public static double[] Effects(ReferenceClusters references, RandomStream random)
    {
        var clusters = references.Clusters;
        int[] labels = [.. clusters.Select(c => c.Label)];
        return [.. Pairs(labels, random).Select(p => Effect(clusters[p.First], clusters[p.Second]))];
    }
}
