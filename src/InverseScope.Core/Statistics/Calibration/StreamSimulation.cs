using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics.Multiplicity;
using InverseScope.Core.Statistics.Sequential;

namespace InverseScope.Core.Statistics.Calibration;

/// <summary>
/// Runs the sequential tests and the correction of whole sweeps on simulated labels, where it is known what is true.
/// </summary>
public static class StreamSimulation
{
    /// <param name="cancel">Checked between sweeps.</param>
    public static CalibrationResult Run(
        StreamSimulationOptions options, RunSeed seed, CancellationToken cancel = default)
    {
        if (options.Check().FirstOrDefault() is { } problem)
            throw new BadInputException(problem);
        var hypotheses = options.NullHypotheses + options.TrueHypotheses;
        var (found, falseOnes, discoveries, established, covered) = (0L, 0L, 0L, 0L, 0L);
        var (proportions, pairs) = (0.0, 0.0);
        for (var repetition = 0; repetition < options.Repetitions; repetition++)
        {
            cancel.ThrowIfCancellationRequested();
            var random = seed.Stream("stream-simulation", $"{repetition}");
            var eValues = new double[hypotheses];
            SequentialTest? test = null;
            for (var h = 0; h < hypotheses; h++)
            {
                var isNull = h < options.NullHypotheses;
                // True hypotheses start a stream of their own, even where the last null one had company to come.
                var place = isNull ? h : h - options.NullHypotheses;
                if (test is null || place % options.HypothesesPerStream == 0)
                    test = Test(options, random, isNull ? 0 : options.Copied);
                eValues[h] = test.GatedEValue;
                established += isNull && test.Stop == StopReason.Established ? 1 : 0;
                covered += test.EffectInterval!.Value.Contains(isNull ? 0 : options.Copied) ? 1 : 0;
                pairs += test.Pairs;
            }

            var discovered = EBenjaminiHochberg.Reject(eValues, options.FalseDiscoveryLevel);
            var wrong = discovered.Take(options.NullHypotheses).Count(d => d);
            var all = discovered.Count(d => d);
            found += all - wrong;
            falseOnes += wrong;
            discoveries += all;
            proportions += all == 0 ? 0 : (double)wrong / all;
        }

        var tests = (long)options.Repetitions * hypotheses;
        return new CalibrationResult(
            options.Repetitions,
            new CountedRate(found, (long)options.Repetitions * options.TrueHypotheses),
            proportions / options.Repetitions,
            new CountedRate(falseOnes, discoveries),
            new CountedRate(established, (long)options.Repetitions * options.NullHypotheses),
            new CountedRate(covered, tests),
            pairs / tests);
    }

    /// <summary>The pair-swap effect of one simulated discordant pair.</summary>
    /// <param name="copied">ρ, the effect's mean.</param>
    public static double Effect(StreamSimulationOptions options, RandomStream random, double copied)
    {
        int first, second;
        do
            (first, second) = (Label(random, options.ReferenceLabels), Label(random, options.ReferenceLabels));
        while (first == second);
        var difference = 0;
        for (var i = 0; i < options.SamplesPerReference; i++)
        {
            var own = Sample(first);
            difference += own == first ? 1 : own == second ? -1 : 0;
            own = Sample(second);
            difference += own == second ? 1 : own == first ? -1 : 0;
        }

        return 0.5 * difference / options.SamplesPerReference;

        int Sample(int label) => random.NextDouble() < copied
            ? label
            : Label(random, options.SampleLabels ?? options.ReferenceLabels);
    }

    private static SequentialTest Test(StreamSimulationOptions options, RandomStream random, double copied)
    {
        var test = new SequentialTest(options.Test);
        while (test.Stop is null)
            test.Observe(Effect(options, random, copied));
        return test;
    }

    private static int Label(RandomStream random, double[] shares)
    {
        var u = random.NextDouble();
        for (var v = 0; v < shares.Length - 1; v++)
        {
            if ((u -= shares[v]) < 0)
                return v;
        }

        return shares.Length - 1;
    }
}
