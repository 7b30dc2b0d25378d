using System.Runtime.InteropServices;
using InverseScope.Core.Seeds;
using InverseScope.Torch.Models;
using static TorchSharp.torch;

namespace InverseScope.Torch.Generators;

/// <summary>One text that a generator wrote.</summary>
/// <param name="Ids">Without begin and end token.</param>
/// <param name="LogProbability">log q of the ids and the end under the way they were drawn, nats.</param>
/// <param name="Ended">Whether the end token came before the backbone's context was full.</param>
internal sealed record WrittenText(int[] Ids, double LogProbability, bool Ended);

/// <summary>
/// Writes texts token by token: keys and values of earlier tokens are kept, what depends on the activations is computed
/// once, and texts that have ended leave the batch.
/// </summary>
internal sealed class TextSampler(GeneratorNetwork network, GeneratorTokens tokens)
{
    // Moving what is kept costs about as much as a step; it pays once so many rows have ended.
    private const double WorthLeaving = 0.75;

    /// <param name="told">Of R activations; null writes from the prior, as if of one.</param>
    /// <param name="random">A stream for each activation: its texts do not depend on which others are written beside it.</param>
    /// <param name="samples">Texts for each activation, S.</param>
    /// <returns>(R, S).</returns>
    public WrittenText[][] Write(Conditioned? told, IReadOnlyList<RandomStream> random, int samples, TokenChoice choice, CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var device = network.Device;
        var model = told is null ? network.Prior : network.Backbone;
        var most = model.Config.Context - 1;
        var written = new Row[random.Count * samples];
        for (var i = 0; i < written.Length; i++)
            written[i] = new Row();

        // The batch holds groups × width rows, group after group: what is left of each activation's texts, and, so that
        // groups stay alike, rows that have ended (−1).
        var groups = Enumerable.Range(0, random.Count).ToArray();
        var rows = Enumerable.Range(0, written.Length).ToArray();
        using var cache = new KeyValueCache(model.Config, rows.Length, most, told?.HasPrefix ?? false, device, ScalarType.Float32);
        var last = new long[rows.Length];
        Array.Fill(last, tokens.Begin);
        for (var t = 0; t < most && rows.Length > 0; t++)
        {
            cancel.ThrowIfCancellationRequested();
            var (next, scores) = Step(told, cache, last, rows, samples, random, choice);
            for (var i = 0; i < rows.Length; i++)
            {
                last[i] = next[i];
                if (rows[i] < 0)
                    continue;
                var row = written[rows[i]];
                row.LogProbability += scores[i];
                if (next[i] == tokens.End)
                    (row.Ended, rows[i]) = (true, -1);
                else
                    row.Ids.Add((int)next[i]);
            }

            var width = rows.Length / groups.Length;
            var widest = Enumerable.Range(0, groups.Length).Max(g => rows.AsSpan(g * width, width).ToArray().Count(r => r >= 0));
            var live = rows.Count(r => r >= 0);
            if (live > 0 && live >= rows.Length * WorthLeaving)
                continue;
            var keptGroups = Enumerable.Range(0, groups.Length).Where(g => rows.AsSpan(g * width, width).ContainsAnyInRange(0, int.MaxValue)).ToArray();
            if (keptGroups.Length == 0)
                break;
            if (keptGroups.Length * widest == rows.Length)
                continue;
            int[] kept = [.. keptGroups.SelectMany(g => Enumerable.Range(g * width, width).OrderBy(i => rows[i] < 0).ThenBy(i => i).Take(widest))];
            cache.Keep(tensor(Array.ConvertAll(kept, k => (long)k), device: device));
            if (keptGroups.Length < groups.Length && told is not null)
                told = told.Keep(tensor(Array.ConvertAll(keptGroups, k => (long)k), device: device));
            groups = [.. keptGroups.Select(g => groups[g])];
            rows = [.. kept.Select(k => rows[k])];
            last = [.. kept.Select(k => last[k])];
        }

        return [.. written.Chunk(samples).Select(of => Array.ConvertAll(of, r => new WrittenText([.. r.Ids], r.LogProbability, r.Ended)))];
    }

    private (long[] Next, float[] Scores) Step(
        Conditioned? told, KeyValueCache cache, long[] last, int[] rows, int samples, IReadOnlyList<RandomStream> random, TokenChoice choice)
    {
        using var scope = NewDisposeScope();
        var logits = network.Logits(tensor(last, [last.Length, 1], device: network.Device), told, cache).squeeze(1); // (rows, V)
        var logProbabilities = choice.LogProbabilities(logits);
        var uniform = new double[rows.Length];
        for (var i = 0; i < rows.Length; i++)
            uniform[i] = rows[i] < 0 ? 0.5 : random[rows[i] / samples].NextDouble();
        var cumulated = logProbabilities.@double().exp().cumsum(-1); // (rows, V)
        var points = tensor(uniform, [rows.Length, 1], device: network.Device) * cumulated.narrow(1, cumulated.shape[1] - 1, 1);
        // The first token whose cumulated probability is above the point: never one of probability 0.
        var next = cumulated.le(points).sum(-1, keepdim: true).clamp_max_(cumulated.shape[1] - 1); // (rows, 1)
        var scores = logProbabilities.gather(1, next).cpu();
        return (MemoryMarshal.Cast<byte, long>(next.cpu().contiguous().bytes).ToArray(), MemoryMarshal.Cast<byte, float>(scores.contiguous().bytes).ToArray());
    }

    private sealed class Row
    {
        public List<int> Ids { get; } = [];

        public double LogProbability { get; set; }

        public bool Ended { get; set; }
    }
}
