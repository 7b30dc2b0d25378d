using InverseScope.Core.Information;
using InverseScope.Core.Seeds;

namespace InverseScope.Core.Sampling;

/// <summary>
/// The samples of one reference at one site. All samples of one reference are one cluster in every interval.
/// </summary>
/// <param name="Reference">Text id of the reference x̂ in the backend's <see cref="TextPool"/>.</param>
/// <param name="Texts">Text ids of the samples x_i; repeats possible where samples are drawn.</param>
/// <param name="Weights">Weights w_i, sum 1; empty if nothing lies near.</param>
/// <param name="Distances">Distances d(z(x_i), ẑ).</param>
/// <param name="Ess">
/// Effective sample size (Σw)²/Σw² over distinct texts, before <c>samples</c> are drawn from them; 0 if none. In a mixture of
/// those rows of the bank that were weighed.
/// </param>
/// <param name="Neighbours">Number of these texts.</param>
/// <param name="Bits">
/// What ẑ tells of its text. Over a population Σ w log2(w / p) over all neighbours, the divergence of their weights from the
/// prior; with a generator log2 q(x̂ | ẑ) − log2 p(x̂), both as it says. Null where a population has no
/// neighbour, or the generator cannot write the reference.
/// </param>
public sealed record SampleSet(
    int Reference,
    int[] Texts,
    float[] Weights,
    float[] Distances,
    double Ess,
    int Neighbours,
    double? Bits)
{
    /// <summary>What the activation says of each token of the reference, in order; null without a generator.</summary>
    public IReadOnlyList<TokenBits>? Tokens { get; init; }

    /// <summary>
    /// log2 p(x̂) less what the generator's backbone holds of it: so much of <see cref="Tokens"/>, and of bits made from them,
    /// is the prior that the backbone has not learnt, and not the activation. Null where the task does not tell p.
    /// </summary>
    public double? PriorGap { get; init; }

    /// <summary>What became of the texts that a generator wrote; null without one.</summary>
    public DrawCounts? Draws { get; init; }

    /// <summary>A reference that nothing lies near.</summary>
    public static SampleSet Empty(int reference) => new(reference, [], [], [], 0, 0, null);

    /// <summary>The samples that are wanted, with their weights.</summary>
    /// <param name="wanted">Of a text id.</param>
    public SampleSet Only(Func<int, bool> wanted)
    {
        int[] kept = [.. Enumerable.Range(0, Texts.Length).Where(i => wanted(Texts[i]))];
        return this with
        {
            Texts = Array.ConvertAll(kept, i => Texts[i]),
            Weights = Array.ConvertAll(kept, i => Weights[i]),
            Distances = Distances.Length == 0 ? [] : Array.ConvertAll(kept, i => Distances[i]),
        };
    }

    /// <summary>
    /// At most so many samples, equally weighted, by systematic resampling: each text as often as its weight says, to within
    /// one. Distances are left out where samples are.
    /// </summary>
    public SampleSet Thinned(int most, RandomStream random)
    {
        if (Texts.Length <= most)
            return this;
        var texts = new int[most];
        double total = Weights.Sum(w => (double)w), passed = 0;
        var next = random.NextDouble();
        for (int i = 0, k = 0; i < Texts.Length && k < most; i++)
        {
            passed += Weights[i] / total * most;
            for (; k < most && next + k < passed; k++)
                texts[k] = Texts[i];
            if (i == Texts.Length - 1)
                Array.Fill(texts, Texts[i], k, most - k);
        }

        var weights = new float[most];
        Array.Fill(weights, 1f / most);
        return this with { Texts = texts, Weights = weights, Distances = [] };
    }
}

/// <summary>What became of the texts that a generator wrote for one reference.</summary>
/// <param name="Total">Texts in all.</param>
/// <param name="Unfinished">Those that did not end, or are no text at all.</param>
/// <param name="Invalid">Ended ones that are no text of the task; they weigh nothing.</param>
/// <param name="Unread">
/// Ended ones without an activation at the site: the target cannot read them, or they lack its position.
/// </param>
/// <param name="Refused">Those whose activation is not nearer than ε, or that have none.</param>
public sealed record DrawCounts(int Total, int Unfinished, int Invalid, int Unread, int Refused)
{
    /// <summary>Different texts among those that ended.</summary>
    public int Distinct { get; init; }

    /// <summary>Ended ones whose text an earlier one has already.</summary>
    public int Repeated { get; init; }
}

/// <summary>Samples of all references at one site.</summary>
/// <param name="Sets">One for each reference asked for that has the site's position, in the order asked.</param>
/// <param name="WithoutPosition">References left out because their text lacks the site's position.</param>
/// <param name="PriorShareWithPosition">Share of the prior's texts that have the position; the rest cannot be samples.</param>
/// <param name="Rows">Texts of the population that have the position.</param>
public sealed record SiteSamples(
    IReadOnlyList<SampleSet> Sets,
    IReadOnlyList<int> WithoutPosition,
    double PriorShareWithPosition,
    long Rows)
{
    /// <summary>
    /// Bits that ẑ tells of its text: mean over references of <see cref="SampleSet.Bits"/>. References
    /// without them are left out; null if there are no others. A bank of M texts shows at most log2 M.
    /// </summary>
    public double? Bits => Sets.Average(s => s.Bits);

    /// <summary>Mean over references of <see cref="SampleSet.PriorGap"/>; null without any.</summary>
    public double? PriorGap => Sets.Average(s => s.PriorGap);

    /// <summary>Share of what a generator wrote that is refused, over all references; null without a generator.</summary>
    public double? RefusalRate => Sets.Sum(s => s.Draws?.Total ?? 0) is > 0 and var total
        ? Sets.Sum(s => s.Draws?.Refused ?? 0) / (double)total
        : null;
}
