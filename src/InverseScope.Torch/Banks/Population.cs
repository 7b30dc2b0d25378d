using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;

namespace InverseScope.Torch.Banks;

/// <summary>
/// The distinct texts that samples are chosen from: every text of a finite prior, or those of a number of draws. A text's
/// row is its id in the pool.
/// </summary>
public sealed class Population
{
    // Beyond this a prior does not fit into memory as texts; draws from it do as well.
    internal const long MostEnumerated = 5_000_000;

    private readonly double _draws;

    private Population(TextPool pool, double[] weights, string hash)
    {
        (Pool, Rows, Hash, _draws) = (pool, pool.Count, hash, weights.Sum());
        Weights = Array.TrueForAll(weights, weight => weight == weights[0]) ? null : weights;
    }

    /// <summary>Holds the population's texts first, in the order of first occurrence.</summary>
    public TextPool Pool { get; }

    /// <summary>M, the number of distinct texts.</summary>
    public int Rows { get; }

    /// <summary>Weight of each row, (M), any scale: its probability, or how often it was drawn. Null if all are alike.</summary>
    public double[]? Weights { get; }

    /// <summary>How many of a bank's draws were this row's text.</summary>
    public double Times(int row) => Weights?[row] ?? _draws / Rows;

    /// <summary>SHA-256 over the distinct texts in order, hex.</summary>
    public string Hash { get; }

    /// <exception cref="BadInputException">The task's prior cannot be enumerated, or has no texts.</exception>
    public static Population Of(ITask task, MeasurementOptions options, RunSeed seed) =>
        options.Sampler == SamplerKind.Enumerate ? Enumerated(task) : Drawn(task, options.BankSize, seed);

    private static Population Enumerated(ITask task)
    {
        if (task.Count is not { } count)
        {
            throw new BadInputException(
                $"Task '{task.Name}' has too many texts to enumerate.", "Use the sampler 'bank' (--sampler bank, or sampler: bank).");
        }

        if (count > MostEnumerated)
        {
            throw new BadInputException(
                $"Task '{task.Name}' has {count:N0} texts; at most {MostEnumerated:N0} are enumerated.", "Use the sampler 'bank' (--sampler bank, or sampler: bank).");
        }

        if (count == 0)
            throw new BadInputException($"Task '{task.Name}' has no texts.");
        return Of(Enumerable.Range(0, (int)count).Select(i => task.TextAt(i)), task);
    }

    private static Population Drawn(ITask task, int size, RunSeed seed)
    {
        var random = seed.Stream("bank", task.Fingerprint);
        return Of(Enumerable.Range(0, size).Select(_ => task.Draw(random)), null);
    }

    /// <param name="exact">Gives the weights where it knows them; otherwise a text weighs as often as it comes.</param>
    private static Population Of(IEnumerable<string> texts, ITask? exact)
    {
        var pool = new TextPool();
        var weights = new List<double>();
        using var hash = new TextHash();
        foreach (var text in texts)
        {
            var row = pool.Add(text);
            var probability = exact?.LogProbability(text) is { } logarithm ? Math.Exp(logarithm) : (double?)null;
            if (row == weights.Count)
            {
                weights.Add(probability ?? 1);
                hash.Add(text);
            }
            else if (probability is null)
            {
                weights[row]++;
            }
        }

        return new Population(pool, [.. weights], hash.Finish());
    }

    private sealed class TextHash : IDisposable
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public void Add(string text)
        {
            Span<byte> length = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
            _hash.AppendData(length);
            _hash.AppendData(Encoding.UTF8.GetBytes(text));
        }

        public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

        public void Dispose() => _hash.Dispose();
    }
}
