namespace InverseScope.Core.Search;

/// <summary>A rule, and where it is claimed to apply.</summary>
/// <param name="Condition">A bool term; null: everywhere.</param>
internal sealed record Candidate(Term Rule, Term? Condition = null)
{
    private const double CostOfCondition = 0.5;
    private const double CostOfLookingAhead = 2.75;

    /// <summary>Steps, weighted; a feature of what the target has not read yet must be worth more.</summary>
    public double Complexity(SiteTable table)
    {
        var steps = Rule.Complexity + (Condition is null ? 0 : CostOfCondition + Condition.Complexity);
        return LooksAhead(table) ? steps + CostOfLookingAhead : steps;
    }

    public bool LooksAhead(SiteTable table) =>
        Rule.Atoms.Concat(Condition?.Atoms ?? []).Any(a => table.Ahead[a.Index]);

    /// <summary>Mean bits that the activation tells of a token which the rule reads (<see cref="SiteTable.Told"/>).</summary>
    public double Told(SiteTable table) => Rule.Atoms.Average(a => table.Told[a.Index]);

    public string Family => Condition is null ? Rule.Family : $"{Rule.Family}, under a condition";

    public string Title => Wording.Sentence(
        Condition is null ? Rule.Phrase : $"{Rule.Phrase}, where {Wording.Clause(Condition.Phrase)}");

    public Column Evaluate(SiteTable table, int[] target)
    {
        var column = Rule.Evaluate(table, target);
        if (Condition is null)
            return column;
        var scratch = table.Rent();
        var condition = Condition.Evaluate(table, scratch).Codes;
        for (var i = 0; i < table.Rows; i++)
            target[i] = condition[i] == 1 ? column.Codes[i] : Column.Undefined;
        table.Return(scratch);
        return column with { Codes = target };
    }
}

/// <summary>A candidate with its score beyond what is known.</summary>
internal sealed record Scored(Candidate Candidate, Score Score, double Complexity);
