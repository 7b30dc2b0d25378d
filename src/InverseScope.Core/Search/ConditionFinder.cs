namespace InverseScope.Core.Search;

/// <summary>
/// Looks for conditions under which a candidate that explains a site in part explains it far better: a site may carry
/// different things on different inputs.
/// </summary>
internal sealed class ConditionFinder(SiteTable table, Scorer scorer, Explained known, int minimumReferences)
{
    private const int RulesTried = 24;
    private const int MostFound = 24;
    private const double SimpleEnough = 5;
    private const double LeastImprovement = 0.12;
    private const double LeastT = 4;

    /// <summary>Conditional candidates that promise more than their rules without condition, best first.</summary>
    public IReadOnlyList<Scored> Find(IReadOnlyList<Scored> scored, CancellationToken cancel)
    {
        var conditions = Conditions(scored);
        var rules = scored.Where(s => s.Score is { Gain: > 0, Kappa: > 0.05 and < 0.95 })
            .OrderByDescending(s => s.Score.Merit)
            .Take(RulesTried);
        var found = new List<(Candidate Candidate, double T)>();
        var target = table.Rent();
        var excess = new double[table.References];
        foreach (var rule in rules)
        {
            cancel.ThrowIfCancellationRequested();
            var column = rule.Candidate.Evaluate(table, target);
            if (scorer.Measure(column, known, excess) is null)
                continue;
            var defined = column.Codes.AsSpan(table.PriorRows, table.References).ToArray();
            foreach (var (clause, truth) in conditions)
            {
                if (clause == rule.Candidate.Rule)
                    continue;
                var t = Difference(excess, defined, truth, 1 - rule.Score.Chance);
                if (Math.Abs(t) >= LeastT)
                    found.Add((new Candidate(rule.Candidate.Rule, t > 0 ? clause : new Denied(clause)), Math.Abs(t)));
            }
        }

        var scoredConditions = new List<Scored>();
        foreach (var (candidate, _) in found.OrderByDescending(f => f.T).Take(MostFound))
        {
            if (scorer.Measure(candidate.Evaluate(table, target), known) is { } score && score.Defined >= minimumReferences)
                scoredConditions.Add(new Scored(candidate, score, candidate.Complexity(table)));
        }

        table.Return(target);
        return scoredConditions;
    }

    /// <summary>Simple clauses that are true on enough references and false on enough, with their truth on each.</summary>
    private List<(Term Clause, int[] Truth)> Conditions(IReadOnlyList<Scored> scored)
    {
        var conditions = new List<(Term, int[])>();
        var target = table.Rent();
        foreach (var clause in scored.Where(s => s.Candidate.Rule.Kind == TermKind.Bool && s.Complexity <= SimpleEnough))
        {
            var truth = clause.Candidate.Evaluate(table, target).Codes.AsSpan(table.PriorRows, table.References).ToArray();
            if (truth.Count(1) >= minimumReferences && truth.Count(0) >= minimumReferences)
                conditions.Add((clause.Candidate.Rule, truth));
        }

        table.Return(target);
        return conditions;
    }

    /// <summary>
    /// Welch's t of the match beyond chance where the clause is true against where it is false; 0 if the difference in κ
    /// is not worth a condition.
    /// </summary>
    private double Difference(double[] excess, int[] defined, int[] truth, double room)
    {
        Span<double> sum = stackalloc double[2], squares = stackalloc double[2], n = stackalloc double[2];
        sum.Clear();
        squares.Clear();
        n.Clear();
        for (var r = 0; r < excess.Length; r++)
        {
            if (defined[r] == Column.Undefined || truth[r] == Column.Undefined)
                continue;
            n[truth[r]]++;
            sum[truth[r]] += excess[r];
            squares[truth[r]] += excess[r] * excess[r];
        }

        if (n[0] < minimumReferences || n[1] < minimumReferences)
            return 0;
        var (off, on) = (sum[0] / n[0], sum[1] / n[1]);
        var better = Math.Max(off, on) - (sum[0] + sum[1]) / (n[0] + n[1]);
        if (better < LeastImprovement * room)
            return 0;
        var variance = Variance(sum[0], squares[0], n[0]) / n[0] + Variance(sum[1], squares[1], n[1]) / n[1];
        return (on - off) / Math.Sqrt(variance + 1e-9);
    }

    private static double Variance(double sum, double squares, double n) =>
        Math.Max(0, (squares - sum * sum / n) / (n - 1));
}
