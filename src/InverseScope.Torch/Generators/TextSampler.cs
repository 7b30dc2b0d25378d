using System.Runtime.InteropServices;
using InverseScope.Core.Seeds;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
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

    // Scores of a large vocabulary go from step to step of the choice within the processor's cache.
    private const int RowsInCache = 16;

    // About the root of a usual vocabulary.
    private const int BlockSize = 256;

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
        using var cache = new KeyValueCache(model.Config, rows.Length, most, told?.HasPrefix ?? false, device, model.Type);
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
        var uniform = new double[rows.Length];
        for (var i = 0; i < rows.Length; i++)
            uniform[i] = rows[i] < 0 ? 0.5 : random[rows[i] / samples].NextDouble();
        var shares = tensor(uniform, [rows.Length, 1], device: network.Device);
        var (next, scores) = (new long[rows.Length], new float[rows.Length]);
        var atOnce = network.Device.type == TorchSharp.DeviceType.CPU ? RowsInCache : rows.Length;
        for (var begin = 0; begin < rows.Length; begin += atOnce)
        {
            using var inner = NewDisposeScope();
            var count = Math.Min(atOnce, rows.Length - begin);
            var logProbabilities = choice.LogProbabilities(logits.narrow(0, begin, count)); // (count, V)
            var drawn = Drawn(logProbabilities, shares.narrow(0, begin, count)); // (count, 1)
            MemoryMarshal.Cast<byte, long>(drawn.cpu().contiguous().bytes).CopyTo(next.AsSpan(begin));
            MemoryMarshal.Cast<byte, float>(logProbabilities.gather(1, drawn).cpu().contiguous().bytes).CopyTo(scores.AsSpan(begin));
        }

        return (next, scores);
    }

    /// <summary>
    /// The first token of each row whose cumulated probability is above a share of the row's whole: never one of
    /// probability 0. Blocks of tokens are cumulated first, then the tokens of one block: to cumulate a large vocabulary
    /// takes longer than a layer of the backbone.
    /// </summary>
    /// <param name="shares">From 0 to below 1, float64, <c>(rows, 1)</c>.</param>
    /// <returns>int64, <c>(rows, 1)</c>; the caller owns it.</returns>
    private static Tensor Drawn(Tensor logProbabilities, Tensor shares)
    {
        using var scope = NewDisposeScope();
        var (rows, vocabulary) = (logProbabilities.shape[0], logProbabilities.shape[1]);
        var blocks = (vocabulary + BlockSize - 1) / BlockSize;
        var padded = nn.functional.pad(logProbabilities.exp(), (0, blocks * BlockSize - vocabulary)).view(rows, blocks, BlockSize);
        var byBlock = padded.sum(-1, type: ScalarType.Float64).cumsum(-1); // (rows, blocks)
        var points = shares * byBlock.narrow(1, blocks - 1, 1);
        var block = byBlock.le(points).sum(-1, keepdim: true).ClampMaxInPlace(blocks - 1); // (rows, 1)
        var before = where(block.EqualTo(0), 0.0, byBlock.gather(1, block.Minus(1).ClampMinInPlace(0)));
        var within = padded.gather(1, block.unsqueeze(2).expand(rows, 1, BlockSize)).squeeze(1).@double().cumsum(-1); // (rows, size)

        // The block's own sum may differ in its last digit from what it was among the others.
        var rest = minimum(points - before, within.narrow(1, BlockSize - 1, 1).Times(Math.BitDecrement(1.0)));
        return block.Times(BlockSize).Plus(within.le(rest).sum(-1, keepdim: true)).MoveToOuterDisposeScope();
    }

    private sealed class Row
    {
        public List<int> Ids { get; } = [];

        public double LogProbability { get; set; }

        public bool Ended { get; set; }
    }
}
