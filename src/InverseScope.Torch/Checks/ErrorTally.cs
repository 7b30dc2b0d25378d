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
        Add(quantity, where, double.IsNaN(error) ? double.PositiveInfinity : error, 1);
    }

    /// <summary>Counts tokens that differ.</summary>
    public void CompareTokens(string quantity, string where, IReadOnlyList<long> computed, IReadOnlyList<long> reference) =>
        Add(quantity, where, computed.Zip(reference).Count(pair => pair.First != pair.Second), reference.Count);

    private void Add(string quantity, string where, double error, int compared)
    {
        var at = _quantities.FindIndex(q => q.Name == quantity);
        if (at < 0)
        {
            _quantities.Add(new CheckedQuantity(quantity, error, where, compared));
            return;
        }

        var known = _quantities[at];
        var counts = known.Compared + compared;
        _quantities[at] = error > known.WorstError
            ? new CheckedQuantity(quantity, error, where, counts)
            : known with { Compared = counts };
    }
}
