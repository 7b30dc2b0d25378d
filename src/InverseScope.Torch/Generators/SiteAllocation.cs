using System.Text.Json;

namespace InverseScope.Torch.Generators;

/// <summary>
/// Gives the sites of a training more of its texts the more of what the generator writes for them is still refused: many sites are learnt in
/// a few hundred steps, and some are not in thousands.
/// </summary>
/// <param name="refused">Share of its own texts that each site refuses as the generator is after a step, from 0 to 1.</param>
internal sealed class SiteAllocation(PairSource pairs, Func<int, double[]> refused) : ITrainingNotes
{
    // So that what was learnt is kept.
    private const double Least = 0.1;

    // Of the last look: one looks at few texts of each site.
    private const double Newest = 0.5;

    public void Look(int step)
    {
        var found = refused(step);
        pairs.Shares = pairs.Shares is { } before
            ? [.. before.Zip(found, (old, now) => (1 - Newest) * old + Newest * Math.Max(Least, now))]
            : Array.ConvertAll(found, now => Math.Max(Least, now));
    }

    public string Remember() => JsonSerializer.Serialize(pairs.Shares);

    public void Recall(string kept) => pairs.Shares = JsonSerializer.Deserialize<double[]>(kept);
}
