using InverseScope.Core.Seeds;

namespace InverseScope.Core.Search;

/// <summary>Chooses, of all candidates scored in a round, the one to propose.</summary>
internal sealed class Selection(
    SiteTable table, Scorer scorer, Explained known, SearchOptions options, RandomStream random)
{
    private const int Finalists = 64;
    private const double SameMerit = 0.02;

    /// <summary>The finalist with most merit, or the simplest of those that are as good to within the error; null if none is real.</summary>
    public Finalist? Choose(IReadOnlyList<Scored> scored)
    {
        var finalists = Eligible(scored);
        if (finalists.Count == 0)
            return null;
        var best = finalists.MaxBy(f => f.Score.Merit)!;
        if (best.Candidate.Rule is Pairing { Ordered: true } pair && Parts(pair, scored, best) is { } part)
            best = part;
        return finalists.Where(f => f == best || IsAsGood(f, best))
            .OrderBy(f => f.Complexity)
            .ThenByDescending(f => f.Score.Merit)
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
        var eligible = scored
            .Where(s => s.Score.Gain >= options.MinimumBits && s.Score.Kappa >= options.MinimumKappa
                && s.Score.Defined >= options.MinimumReferences && s.Score.Evidence >= Bar(s))
            .OrderByDescending(s => s.Score.Merit)
            .Take(Finalists);
        var finalists = new List<Finalist>();
        var target = table.Rent();
        foreach (var one in eligible)
        {
            var finalist = Finalist.Of(one, table, scorer, known, random, target);
            if (finalist.Score.Gain >= options.MinimumBits && finalist.Score.Evidence >= Bar(one)
                && finalist.Z >= Math.Sqrt(2 * Math.Log(2) * Bar(one)))
                finalists.Add(finalist);
        }

        table.Return(target);
        return finalists;

        double Bar(Scored s) => Math.Log2(rank[s.Candidate] * share / options.FalseProposalRate);
    }

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
        var part = Finalist.Of(
            left.Score.Merit >= right.Score.Merit ? left : right, table, scorer, known, random, target);
        table.Return(target);
        return part;
    }

    /// <summary>Whether the difference in merit is within its standard error, reference by reference.</summary>
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
        return best.Score.Merit - candidate.Score.Merit <= Math.Max(SameMerit * best.Score.Merit, error);
    }
}

/// <summary>A candidate that may be chosen.</summary>
/// <param name="Z">Gain less that of random labels, in standard errors of theirs.</param>
/// <param name="Merits">(R), the influence of each reference on <see cref="Score.Merit"/>.</param>
internal sealed record Finalist(Candidate Candidate, Score Score, double Complexity, double Z, double[] Merits)
{
    public static Finalist Of(
        Scored scored, SiteTable table, Scorer scorer, Explained known, RandomStream random, int[] target)
    {
        var gains = new double[table.References];
        var excess = new double[table.References];
        var column = scored.Candidate.Evaluate(table, target);
        var score = scorer.Measure(column, known, gains, excess)!.Value;
        // What rare labels gain where nothing is told is no gain.
        var (mean, deviation) = scorer.GainByChance(column, known, random);
        var byChance = Math.Max(0, mean);
        var z = (score.Gain - mean) * Math.Sqrt(table.References) / Math.Max(deviation, 1e-9);
        score = score with { Gain = score.Gain - byChance, Evidence = score.Evidence - byChance * table.References };
        var root = Math.Sqrt(Math.Max(score.Kappa, 1e-6));
        var merits = new double[table.References];
        for (var r = 0; r < merits.Length; r++)
        {
            var kappa = excess[r] * table.References / score.Defined / (1 - score.Chance);
            merits[r] = root * (gains[r] - byChance) + score.Gain * kappa / (2 * root);
        }

        return new Finalist(scored.Candidate, score, scored.Complexity, z, merits);
    }
}
