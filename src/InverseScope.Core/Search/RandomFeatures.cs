using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;

namespace InverseScope.Core.Search;

/// <summary>
/// Features drawn from what varies in a prior, for sites of which it shall be known what they encode where no person names
/// any.
/// </summary>
public static class RandomFeatures
{
    private const double LeastEntropy = 0.8;
    private const double MostEntropy = 5;

    /// <summary>
    /// Single atoms, each defined on every text of the prior sample, with 0.8 to 5 bits, and all with different partitions.
    /// </summary>
    /// <returns>Fewer than <paramref name="count"/> if the prior has no more; none if nothing varies like this.</returns>
    public static IReadOnlyList<FeatureSpec> Draw(SearchSpace space, int count, RandomStream random)
    {
        var atoms = space.Atoms.Where(a => IsUseful(space.Prior(a.Index))).ToArray();
        random.Shuffle(atoms.AsSpan());
        return [.. atoms.DistinctBy(a => space.Partitions[a.Index]).Take(count).Select(a => new FeatureSpec
        {
            Id = $"known.{a.Index}",
            Title = Wording.Sentence(a.Phrase),
            Rule = a.Steps,
        })];
    }

    private static bool IsUseful(ReadOnlySpan<int> values)
    {
        var counts = new Dictionary<int, int>();
        foreach (var value in values)
            counts[value] = counts.GetValueOrDefault(value) + 1;
        if (counts.ContainsKey(Atom.NoValue))
            return false;
        double total = values.Length;
        return -counts.Values.Sum(n => n / total * Math.Log2(n / total)) is >= LeastEntropy and <= MostEntropy;
    }
}
