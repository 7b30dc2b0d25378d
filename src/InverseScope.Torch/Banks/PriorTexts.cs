using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;

namespace InverseScope.Torch.Banks;

/// <summary>The distinct texts that samples are chosen from, with their weights: an enumeration, or draws.</summary>
/// <param name="Texts">Distinct.</param>
/// <param name="Weights">Prior weight of each, any scale; null if all are alike.</param>
/// <param name="Identity">Names what they are: part of every content hash that depends on them.</param>
internal sealed record PriorTexts(IReadOnlyList<string> Texts, double[]? Weights, string Identity)
{
    private const long LargestEnumeration = 5_000_000;

    /// <exception cref="BadInputException">An enumeration of a prior that is infinite or too large.</exception>
    public static PriorTexts Of(ITask task, MeasurementOptions options, RunSeed seed) =>
        options.Sampler == SamplerKind.Enumerate ? Enumerated(task) : Drawn(task, options.BankSize, seed);

    private static PriorTexts Enumerated(ITask task)
    {
        if (task.Count is not { } count)
        {
            throw new BadInputException(
                $"Task '{task.Name}' has too many texts to enumerate.", "Use the sampler 'bank' (--sampler bank, or sampler: bank).");
        }

        if (count > LargestEnumeration)
        {
            throw new BadInputException(
                $"Task '{task.Name}' has {count:N0} texts; at most {LargestEnumeration:N0} are enumerated.", "Use the sampler 'bank'.");
        }

        var texts = new string[count];
        var weights = new double[count];
        for (var i = 0; i < count; i++)
        {
            texts[i] = task.TextAt(i);
            weights[i] = Math.Exp(task.LogProbability(texts[i]) ?? 0);
        }

        return new PriorTexts(texts, AllAlike(weights) ? null : weights, $"enumerate/{task.Fingerprint}");
    }

    private static PriorTexts Drawn(ITask task, int draws, RunSeed seed)
    {
        var random = seed.Stream("bank", task.Fingerprint);
        var times = new Dictionary<string, int>(StringComparer.Ordinal);
        var texts = new List<string>();
        for (var i = 0; i < draws; i++)
        {
            var text = task.Draw(random);
            times[text] = times.GetValueOrDefault(text) + 1;
            if (times[text] == 1)
                texts.Add(text);
        }

        double[] weights = [.. texts.Select(t => (double)times[t])];
        return new PriorTexts(
            texts, AllAlike(weights) ? null : weights, FormattableString.Invariant($"bank/{draws}/{seed.Value}/{task.Fingerprint}"));
    }

    private static bool AllAlike(double[] weights) => Array.TrueForAll(weights, w => w == weights[0]);
}
