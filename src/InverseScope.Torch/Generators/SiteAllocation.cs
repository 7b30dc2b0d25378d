namespace InverseScope.Torch.Generators;

/// <summary>
/// Gives the sites of a training more of its texts the more of what the generator writes for them is still refused: many sites are learnt in
/// a few hundred steps, and some are not in thousands.
/// </summary>
/// <param name="refused">
/// Share of its own texts that each site refuses as the generator is after a step, from 0 to 1; NaN where that cannot be told.
/// </param>
internal sealed class SiteAllocation(Func<int, double[]> refused)
{
    // So that what was learnt is kept.
    private const double Least = 0.1;

    // Of the last look: one looks at few texts of each site.
    private const double Newest = 0.5;

    /// <summary>How often training is to see each site, any scale, above 0; null, all alike, before the first look.</summary>
    public double[]? Shares { get; set; }

    /// <summary>Looks at the sites after a step.</summary>
    public void Look(int step)
    {
        var found = refused(step);
        Shares = [.. found.Select((now, site) => (now, Shares?[site]) switch
        {
            (double.NaN, var before) => before ?? 1,
            (_, null) => Math.Max(Least, now),
            (_, { } before) => (1 - Newest) * before + Newest * Math.Max(Least, now),
        })];
    }
}
