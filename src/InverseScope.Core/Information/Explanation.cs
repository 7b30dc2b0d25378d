namespace InverseScope.Core.Information;

/// <summary>When features are taken to explain a site.</summary>
public static class Explanation
{
    /// <summary>A site counts as explained if its features leave at most this share of its bits.</summary>
    public const double MostLeft = 0.1;
}
