using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Banks;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Models;

namespace InverseScope.Torch.Generators;

/// <summary>A text drawn from P(x; ẑ).</summary>
/// <param name="LogProbability">ln P(x; ẑ).</param>
public readonly record struct ExactDraw(string Text, double LogProbability);

/// <summary>
/// Draws from the exact P(x; ẑ) = p(x) k(d(z(x), ẑ)) / Σ p k of a prior that can be enumerated: what a generator is measured
/// against. One pass over all texts serves any number of sites and references; nothing of it is kept but the draws.
/// </summary>
public sealed class ExactConditional(TargetModel target, ITask task, MeasurementOptions measurement, RunSeed seed)
{
    private const int TextsAtOnce = 4096;

    private readonly NeighbourKernel _kernel = new(measurement);

    /// <summary>Whether the prior is small enough.</summary>
    public static bool IsPossible(ITask task) => task.Count is > 0 and <= Population.MostEnumerated;

    /// <param name="sites">Distinct sites.</param>
    /// <param name="references">Texts x̂.</param>
    /// <param name="draws">Independent draws for each site and reference.</param>
    /// <returns>(sites, references, draws); no draws where a reference lacks the position.</returns>
    public ExactDraw[][][] Draw(
        IReadOnlyList<Site> sites, IReadOnlyList<string> references, int draws, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        using var capture = new ActivationCapture(target, sites, measurement.Basis, task);
        var given = capture.Read(references, cancel);
        var reservoirs = sites.Select((site, s) => references.Select((text, r) => given[s].Present[r] == 0
            ? null
            : new Reservoir(draws, seed.Stream("exact draws", site.ToString(), text))).ToArray()).ToArray();
        var count = task.Count!.Value;
        for (long begin = 0; begin < count; begin += TextsAtOnce)
        {
            progress?.Report(new WorkProgress("enumerating", begin, count, "texts"));
            var texts = new string[Math.Min(TextsAtOnce, count - begin)];
            var prior = new double[texts.Length];
            for (var i = 0; i < texts.Length; i++)
            {
                texts[i] = task.TextAt(begin + i);
                prior[i] = task.LogProbability(texts[i]) ?? -Math.Log(count);
            }

            var found = capture.Read(texts, cancel);
            Parallel.For(0, sites.Count, new ParallelOptions { CancellationToken = cancel }, s =>
            {
                var weights = new double[texts.Length];
                for (var r = 0; r < references.Count; r++)
                {
                    if (reservoirs[s][r] is not { } reservoir)
                        continue;
                    for (var i = 0; i < weights.Length; i++)
                        weights[i] = found[s].Present[i] == 0 ? 0 : Math.Exp(prior[i]) * KernelAt(found[s][i], given[s][r]);
                    reservoir.Offer(weights, begin);
                }
            });
        }

        return Array.ConvertAll(reservoirs, of => Array.ConvertAll(of, reservoir => reservoir is null
            ? []
            : reservoir.Drawn.Select(d => new ExactDraw(task.TextAt(d.Index), Math.Log(d.Weight / reservoir.Total))).ToArray()));
    }

    private double KernelAt(ReadOnlySpan<float> z, ReadOnlySpan<float> reference)
    {
        var d = ActivationDistance.Of(z, reference, measurement.Distance, measurement.NormBand);
        return d < _kernel.Reach ? _kernel.Of(d) : 0;
    }

    /// <summary>
    /// Independent weighted draws from a stream of unknown total weight: a new block of items takes each draw over with the
    /// probability of its share of the weight so far (Chao 1982, for draws with replacement).
    /// </summary>
    private sealed class Reservoir(int draws, RandomStream random)
    {
        public (long Index, double Weight)[] Drawn { get; private set; } = [];

        public double Total { get; private set; }

        /// <param name="weights">Of consecutive items.</param>
        /// <param name="first">Index of the first.</param>
        public void Offer(double[] weights, long first)
        {
            var sum = weights.Sum();
            if (!(sum > 0))
                return;
            Total += sum;
            if (Drawn.Length == 0)
                Drawn = new (long, double)[draws];
            for (var d = 0; d < draws; d++)
            {
                if (random.NextDouble() * Total >= sum)
                    continue;
                var left = random.NextDouble() * sum;
                var chosen = -1;
                for (var i = 0; i < weights.Length && (chosen < 0 || left >= 0); i++)
                {
                    if (weights[i] == 0)
                        continue;
                    chosen = i;
                    left -= weights[i];
                }

                Drawn[d] = (first + chosen, weights[chosen]);
            }
        }
    }
}
