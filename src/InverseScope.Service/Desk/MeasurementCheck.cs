using InverseScope.Core;
using InverseScope.Core.Sampling;

namespace InverseScope.Service.Desk;

/// <summary>Options of measurements that come from outside: as plans have them, and no larger than one request may take.</summary>
internal static class MeasurementCheck
{
    private const int LargestBank = 1_000_000;
    private const int MostSamples = 100_000;

    /// <exception cref="BadInputException">They cannot be used, or ask for too much.</exception>
    public static void Check(Workspace workspace, MeasurementOptions options)
    {
        var problems = options.Check().ToList();
        if (options.BankSize > LargestBank)
            problems.Add(FormattableString.Invariant($"bank_size must be at most {LargestBank} here; a sweep may have more."));
        if (options.Samples > MostSamples || options.Draws > MostSamples)
            problems.Add(FormattableString.Invariant($"samples and draws must be at most {MostSamples}."));
        if (options.Generator is { } generator && workspace.Generators.All.All(g => g.Name != generator))
            problems.Add($"There is no generator '{generator}'.");
        if (problems.Count > 0)
            throw new BadInputException(string.Join(' ', problems));
    }
}
