namespace InverseScope.Torch.Checks;

/// <summary>Collects the worst error of each quantity, in the order in which quantities first occur.</summary>
internal sealed class ErrorTally
{
    private readonly List<CheckedQuantity> _quantities = [];

    public IReadOnlyList<CheckedQuantity> Quantities => _quantities;

    /// <summary>Compares one tensor with its reference, element by element in the same order.</summary>
    public void Compare(string quantity, string where, ReadOnlySpan<float> computed, ReadOnlySpan<double> reference)
    {
        if (reference.Length == 0)
            return;
        if (computed.Length != reference.Length)
        {
            throw new Core.BadInputException(
                $"golden.json gives {reference.Length} numbers for {quantity} ({where}), the model has {computed.Length}.");
        }

        double difference = 0, largest = 0;
        for (var i = 0; i < reference.Length; i++)
        {
            // Math.Max hands NaN on.
            difference = Math.Max(difference, Math.Abs(computed[i] - reference[i]));
            largest = Math.Max(largest, Math.Abs(reference[i]));
        }

        var error = largest > 0 ? difference / largest : difference;
        error = double.IsNaN(error) ? double.PositiveInfinity : error;
        var at = Known(new CheckedQuantity(quantity, 0, null, "", 0));
        var known = _quantities[at];
        if (error > known.WorstError)
            known = known with { WorstError = error, Where = where };
        _quantities[at] = known with { Compared = known.Compared + 1 };
    }

    /// <summary>Counts tokens that differ.</summary>
    /// <param name="lead">By how much the first that differs came before its reference; null where none was chosen by scores.</param>
    public void CompareTokens(string quantity, string where, IReadOnlyList<long> computed, IReadOnlyList<long> reference, double? lead = null)
    {
        var at = Known(new CheckedQuantity(quantity, null, 0, "", 0));
        var known = _quantities[at];
        var differing = computed.Zip(reference).Count(pair => pair.First != pair.Second);
        _quantities[at] = known with
        {
            DifferingTokens = known.DifferingTokens + differing,
            Where = known.Where.Length == 0 && differing > 0 ? where : known.Where,
            Lead = differing == 0 || known.Lead > lead ? known.Lead : lead,
            Compared = known.Compared + reference.Count,
        };
    }

    // Index of a quantity; a new one begins with nothing compared.
    private int Known(CheckedQuantity nothing)
    {
        var at = _quantities.FindIndex(q => q.Name == nothing.Name);
        if (at >= 0)
            return at;
        _quantities.Add(nothing);
        return _quantities.Count - 1;
    }
}
