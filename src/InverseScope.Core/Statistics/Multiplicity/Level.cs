namespace InverseScope.Core.Statistics.Multiplicity;

internal static class Level
{
    public static void Check(double alpha)
    {
        if (!(alpha is > 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "Between 0 and 1.");
    }
}
