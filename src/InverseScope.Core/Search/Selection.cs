using InverseScope.Core.Seeds;

namespace InverseScope.Core.Search;

/// <summary>Chooses, of all candidates scored in a round, the one to propose.</summary>
/// <param name="jointBits">What the features found before explain together, per reference.</param>
/// <param name="weakToo">Whether a weak feature may be chosen.</param>
internal sealed class Selection(
    SiteTable table, Scorer scorer, Explained known, SearchOptions options, double jointBits, bool weakToo,
    RandomStream random)
{
    // Picking one atom of a few dozen takes about this many bits; a rule must save them over all references.
    private const double BitsOfAStep = 5;
    private const double LeastShare = 0.1;
    private const int Finalists = 64;
    private const double SameWorth = 0.02;

    /// <summary>The finalist with most worth, or the simplest of those that are as good to within the error; null if none is real.</summary>
    public Finalist? Choose(IReadOnlyList<Scored> scored)
    {
        var finalists = Eligible(scored);
        if (finalists.Count == 0)
            return null;
        var best = finalists.MaxBy(f => f.Worth)!;
        if (best.Candidate.Rule is Pairing { Ordered: true } pair && Parts(pair, scored, best) is { } part)
            best = part;
        return finalists.Where(f => f == best || IsAsGood(f, best))
            .OrderBy(f => f.Complexity)
            // What tells them apart no longer is their score; that a generator names the tokens they read may be.
            .ThenByDescending(f => f.Candidate.Told(table))
            .ThenByDescending(f => f.Worth)
            .First();
    }

    /// <summary>The best candidates that pass every bar, with their scores by reference.</summary>
    private List<Finalist> Eligible(IReadOnlyList<Scored> scored)
    {
        // Each candidate pays for the number of those that are no more complex, so that simple ones need less evidence.
        var rank = new Dictionary<Candidate, int>();
        foreach (var one in scored.OrderBy(s => s.Complexity))
            rank.Add(one.Candidate, rank.Count + 1);
        var share = Math.Log(scored.Count + 1.0) + 1;
        var step = BitsOfAStep / table.References;
        var eligible = scored
            .Where(s => IsWorthwhile(s.Score, s.Complexity * step) && s.Score.Evidence >= Bar(s))
            .OrderByDescending(s => Finalist.WorthOf(s.Score, s.Complexity * step))
            .Take(Finalists);
        var finalists = new List<Finalist>();
        var target = table.Rent();
        foreach (var one in eligible)
        {
            // Its bits are those of the earlier features, which rare joint labels can hide.
            if (known.Determine(one.Candidate.Evaluate(table, target)))
                continue;
            var finalist = Measure(one, target);
            if (IsWorthwhile(finalist.Score, finalist.Cost) && finalist.Score.Evidence >= Bar(one)
                && finalist.Z >= Math.Sqrt(2 * Math.Log(2) * Bar(one)))
                finalists.Add(finalist);
        }

        table.Return(target);
        return finalists;

        double Bar(Scored s) => Math.Log2(rank[s.Candidate] * share / options.FalseProposalRate);
    }

    /// <summary>
    /// Whether a reader would want it: it tells more than it takes to write down, and beside what was found before it is
    /// either carried strongly or a sizeable share of the whole.
    /// </summary>
    private bool IsWorthwhile(Score score, double cost) =>
        score.Gain - cost >= options.MinimumBits && score.Kappa >= options.MinimumKappa
            && score.KappaLeft >= options.MinimumKappa && score.Defined >= options.MinimumReferences
            && (score.IsStrong(options.StrongKappa) || (weakToo && score.Gain >= LeastShare * jointBits));

    private Finalist Measure(Scored scored, int[] target) =>
        Finalist.Of(scored, BitsOfAStep / table.References * scored.Complexity, table, scorer, known, random, target);

    /// <summary>
    /// If two labels are each carried as well as their ordered pair, they are two findings rather than one: the better of
    /// them, and the other is left for the next round.
    /// </summary>
    private Finalist? Parts(Pairing pair, IReadOnlyList<Scored> scored, Finalist best)
    {
        const double LostKappa = 0.05;
        const double KeptBits = 0.85;
        var left = scored.FirstOrDefault(s => s.Candidate is { Condition: null } c && c.Rule == pair.Left);
        var right = scored.FirstOrDefault(s => s.Candidate is { Condition: null } c && c.Rule == pair.Right);
        if (left is null || right is null
            || Math.Min(left.Score.Kappa, right.Score.Kappa) < best.Score.Kappa - LostKappa
            || left.Score.Gain + right.Score.Gain < KeptBits * best.Score.Gain)
        {
            return null;
        }

        var target = table.Rent();
        var part = Measure(left.Score.Merit >= right.Score.Merit ? left : right, target);
        table.Return(target);
        return part;
    }

    /// <summary>Whether the difference in worth is within its standard error, reference by reference.</summary>
    private static bool IsAsGood(Finalist candidate, Finalist best)
    {
        var n = best.Merits.Length;
        double sum = 0, squares = 0;
        for (var r = 0; r < n; r++)
        {
            var d = best.Merits[r] - candidate.Merits[r];
            (sum, squares) = (sum + d, squares + d * d);
        }

        var error = Math.Sqrt(Math.Max(0, squares - sum * sum / n) / (n - 1) / n);
        return best.Worth - candidate.Worth <= Math.Max(SameWorth * best.Worth, error);
    }
}

/// <summary>A candidate that may be chosen.</summary>
/// <param name="Cost">Bits per reference that it takes to write the rule down.</param>
/// <param name="Z">Gain less that of random labels, in standard errors of theirs.</param>
/// <param name="Merits">(R), the influence of each reference on <see cref="Score.Merit"/>.</param>
internal sealed record Finalist(
    Candidate Candidate, Score Score, double Complexity, double Cost, double Z, double[] Merits)
{
    /// <summary>Merit of the bits that remain when the rule is paid for.</summary>
    public double Worth => WorthOf(Score, Cost);

    public static double WorthOf(Score score, double cost) => (score with { Gain = score.Gain - cost }).Merit;

    public static Finalist Of(
        Scored scored, double cost, SiteTable table, Scorer scorer, Explained known, RandomStream random, int[] target)
    {
        var gains = new double[table.References];
        var kappas = new double[table.References];
        var column = scored.Candidate.Evaluate(table, target);
        var score = scorer.Measure(column, known, gains, kappas)!.Value;
        // What rare labels gain where nothing is told is no gain.
        var (mean, deviation) = scorer.GainByChance(column, known, random);
        var byChance = Math.Max(0, mean);
        var z = (score.Gain - mean) * Math.Sqrt(table.References) / Math.Max(deviation, 1e-9);
        score = score with { Gain = score.Gain - byChance, Evidence = score.Evidence - byChance * table.References };
        var root = Math.Sqrt(Math.Max(score.KappaLeft, 1e-6));
        var merits = new double[table.References];
        for (var r = 0; r < merits.Length; r++)
            merits[r] = root * (gains[r] - byChance) + score.Gain * kappas[r] / (2 * root);
        return new Finalist(scored.Candidate, score, scored.Complexity, cost, z, merits);
    }
}
