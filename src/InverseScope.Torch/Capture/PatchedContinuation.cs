using System.Runtime.InteropServices;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Capture;

/// <summary>
/// Goes on with texts, the likeliest token each time, after their activation at one site was replaced. Keys and values of the text
/// come from the patched run and are kept, so that all that is written rests on it. Texts of one length share a batch: no token
/// ever sees padding. Letters in shapes: R rows of a batch, T tokens of their texts, V vocabulary.
/// </summary>
/// <param name="task">Defines position names; may be null if the site uses none.</param>
internal sealed class PatchedContinuation(TargetModel target, ITask? task, Site site)
{
    // Byte-level tokens may be a quarter of a character.
    private const int TokensPerCharacter = 4;

    private readonly SitePatch _patch = new(site.Address);

    /// <inheritdoc cref="IInversionBackend.Continue"/>
    public IReadOnlyList<string?> Write(IReadOnlyList<ContinuationRequest> requests, CancellationToken cancel)
    {
        var donors = new DonorTexts(target, task, site, requests.Select(r => r.Donor).OfType<string>());
        var runs = requests.Select((request, index) => Prepare(request, index, donors)).OfType<Run>().ToArray();
        var written = new string?[requests.Count];
        target.Compute(
            network =>
            {
                using var scope = NewDisposeScope();
                using var inference = inference_mode();
                var given = donors.Read(_patch, network, cancel);
                foreach (var alike in runs.GroupBy(run => run.Ids.Length).OrderBy(g => g.Key))
                {
                    var most = alike.Max(run => Most(target.Config, alike.Key, run.Characters));
                    foreach (var batch in alike.Chunk(Rows(target.Config, alike.Key, most)))
                        Write(network, batch, most, given, written, cancel);
                }

                return true;
            },
            cancel);
        return written;
    }

    /// <summary>Most tokens that are written after a text: the last of them needs no place in the context, because nothing reads it.</summary>
    /// <param name="t">T.</param>
    public static int Most(TransformerConfig config, int t, int characters) => (int)Math.Min((long)characters * TokensPerCharacter, config.Context - t + 1);

    /// <summary>R: what is kept of a row has a place for each token that is read, those of the text and all but the last written.</summary>
    /// <param name="t">T.</param>
    public static int Rows(TransformerConfig config, int t, int most) =>
        Math.Max(1, Math.Min(ActivationCapture.TokensPerBatch / Places(t, most), (int)(ActivationPatcher.ScoresPerBatch / config.Vocabulary)));

    private static int Places(int t, int most) => t + most - 1;

    /// <summary>Null where the text or its donor lacks the site's position.</summary>
    private Run? Prepare(ContinuationRequest request, int index, DonorTexts given)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(request.Characters);
        var text = target.Tokenize(request.Text);
        if (request.Donor is null)
            return new Run(index, text.Ids, request.Characters, null);
        return given.RowOf(request.Donor) is { } donor && site.Position.Resolve(text, task) is { } position
            ? new Run(index, text.Ids, request.Characters, (position, donor))
            : null;
    }

    /// <param name="batch">Texts of T tokens each.</param>
    private void Write(CausalTransformer network, Run[] batch, int most, Tensor given, string?[] written, CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        var device = network.Device;
        var t = batch[0].Ids.Length;
        var patched = batch.Index().Where(run => run.Item.Patch is not null).ToArray();
        var donors = given.index_select(0, tensor([.. patched.Select(run => run.Item.Patch!.Value.Donor)], dtype: ScalarType.Int64, device: device));
        var tap = _patch.Into([.. patched.Select(run => ((long)run.Index, run.Item.Patch!.Value.Position))], donors);
        using var cache = new KeyValueCache(network.Config, batch.Length, Places(t, most), hasPrefix: false, device, network.Type);
        var next = ForwardPass.Padded([.. batch.Select(run => run.Ids)], t);
        var tokens = Array.ConvertAll(batch, _ => new List<int>());
        var open = Enumerable.Range(0, batch.Length).ToHashSet();
        // A row that is open after the last step was cut by the end of the context: how it goes on is not known.
        for (var step = 0; step < most && open.Count > 0; step++)
        {
            cancel.ThrowIfCancellationRequested();
            float[] scores;
            (next, scores) = Step(network, next, batch.Length, cache, step == 0 ? tap : null);
            foreach (var row in open.ToArray())
            {
                if (!float.IsFinite(scores[row]))
                {
                    open.Remove(row);
                    continue;
                }

                var ended = next[row] == target.EndId;
                if (!ended)
                    tokens[row].Add((int)next[row]);
                var text = target.Decode(CollectionsMarshal.AsSpan(tokens[row]));
                var begin = text.Length - text.AsSpan().TrimStart().Length;
                var line = text.AsSpan(begin).IndexOf('\n');
                if (!ended && line < 0 && text.Length - begin < batch[row].Characters && step + 1 < batch[row].Characters * (long)TokensPerCharacter)
                    continue;
                written[batch[row].Index] = line < 0 ? text : text[..(begin + line)];
                open.Remove(row);
            }
        }
    }

    /// <returns>The likeliest token of each row, and its score.</returns>
    private static (long[] Next, float[] Scores) Step(CausalTransformer network, long[] ids, int rows, KeyValueCache cache, Tap? tap)
    {
        using var scope = NewDisposeScope();
        var stream = network.Run(new ForwardPass(tensor(ids, [rows, ids.Length / rows], device: network.Device)) { Cache = cache, Tap = tap });
        var (scores, next) = network.Logits(stream.select(1, stream.shape[1] - 1)).@float().max(-1); // (R) each
        return (next.cpu().data<long>().ToArray(), scores.Singles());
    }

    /// <summary>A text to go on with.</summary>
    /// <param name="Index">Of the request.</param>
    /// <param name="Patch">The patched token, and the row of its donor's activation; null leaves the run as it is.</param>
    private sealed record Run(int Index, int[] Ids, int Characters, (int Position, long Donor)? Patch);
}
