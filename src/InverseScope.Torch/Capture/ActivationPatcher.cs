using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Capture;

/// <summary>
/// Runs texts with the activation at one site taken from other texts (interchange interventions, Geiger et al. 2021). Letters in shapes: R rows of a batch,
/// T tokens, n of them that are looked at, V vocabulary.
/// </summary>
/// <param name="task">Defines position names; may be null if the site uses none.</param>
internal sealed class ActivationPatcher(TargetModel target, ITask? task, Site site)
{
    // Scores of the whole vocabulary at every token that is looked at, 64 MB; a request that alone has more is not parted.
    internal const long ScoresPerBatch = 1L << 24;

    private readonly SitePatch _patch = new(site.Address);

    /// <inheritdoc cref="IInversionBackend.Patch"/>
    public IReadOnlyList<PatchOutcome?> Patch(IReadOnlyList<PatchRequest> requests, CancellationToken cancel)
    {
        var donors = new DonorTexts(target, task, site, requests.SelectMany(r => r.Donors));
        var runs = requests.Select((request, index) => Prepare(request, index, donors)).OfType<Run>().ToArray();
        var outcomes = new PatchOutcome?[requests.Count];
        target.Compute(
            network =>
            {
                using var scope = NewDisposeScope();
                using var inference = inference_mode();
                var given = donors.Read(_patch, network, cancel);
                foreach (var batch in Batches(runs))
                {
                    cancel.ThrowIfCancellationRequested();
                    Carry(network, batch, given, outcomes);
                }

                return true;
            },
            cancel);
        return outcomes;
    }

    /// <summary>Null where the text lacks the site's position.</summary>
    private Run? Prepare(PatchRequest request, int index, DonorTexts given)
    {
        var text = target.Tokenize(request.Text);
        if (site.Position.Resolve(text, task) is not { } position)
            return null;
        var (ids, answer) = (text.Ids, (int?)null);
        if (request.Answer is { } asked)
        {
            var whole = Readable(request.Text[..asked.Begin] + asked.Text);
            var first = whole is null ? -1 : Array.FindIndex(whole.Ends, end => end > asked.Begin);
            // Where prompt and answer share a token, or read apart are cut differently, the answer has no probability of its own.
            if (first > 0 && whole!.Starts[first] >= asked.Begin && whole.Ids.AsSpan().StartsWith(text.Ids))
                (ids, answer) = (whole.Ids, first);
        }

        long?[] donors = [.. request.Donors.Select(given.RowOf)];
        return new Run(index, ids, position, text.Ids.Length, answer, donors, [.. donors.OfType<long>().Distinct()]);
    }

    /// <summary>Null where text and answer together are more, or other, than the target can read.</summary>
    private TokenizedText? Readable(string text)
    {
        try
        {
            return target.Tokenize(text);
        }
        catch (BadInputException)
        {
            return null;
        }
    }

    private void Carry(CausalTransformer network, IReadOnlyList<Run> batch, Tensor given, PatchOutcome?[] outcomes)
    {
        using var scope = NewDisposeScope();
        var device = network.Device;
        var longest = batch.Max(run => run.Ids.Length);
        // The first row of each run is left as it is.
        int[][] texts = [.. batch.SelectMany(run => Enumerable.Repeat(run.Ids, run.Rows))];
        var patched = new List<(long Row, int Position)>();
        var looked = new List<long>();
        var first = 0L;
        foreach (var run in batch)
        {
            for (var row = 0; row < run.Rows; row++)
            {
                if (row > 0)
                    patched.Add((first + row, run.Position));
                for (var t = run.From; t < run.To; t++)
                    looked.Add((first + row) * longest + t);
            }

            first += run.Rows;
        }

        var donors = given.index_select(0, tensor([.. batch.SelectMany(run => run.Given)], device: device));
        var stream = network.Run(new ForwardPass(tensor(ForwardPass.Padded(texts, longest), [texts.Length, longest], device: device))
        {
            Tap = _patch.Into(patched, donors),
        });
        var scores = network.Logits(stream.flatten(0, 1).index_select(0, tensor(looked.ToArray(), device: device))).@float().log_softmax(-1); // (Σ R n, V)
        var at = 0L;
        foreach (var run in batch)
        {
            var n = run.To - run.From;
            outcomes[run.Index] = Outcome(run, scores.narrow(0, at, run.Rows * n).view(run.Rows, n, -1));
            at += run.Rows * n;
        }
    }

    /// <param name="scores">ln p of the next token, <c>(R, n, V)</c>.</param>
    private static PatchOutcome Outcome(Run run, Tensor scores)
    {
        using var scope = NewDisposeScope();
        var said = scores.narrow(1, run.Position - run.From, run.TextEnd - run.Position); // after the patched token and those behind it
        var plain = said.narrow(0, 0, 1);
        var kl = (plain.exp() * (plain - said)).sum([1L, 2L]).DividedBy(Math.Log(2)); // (R)
        float[]? answers = null;
        if (run.Answer is { } answer)
        {
            var tokens = tensor(Array.ConvertAll(run.Ids[answer..], id => (long)id), device: scores.device).view(1, -1, 1).expand(run.Rows, -1, 1);
            answers = scores.narrow(1, answer - 1 - run.From, run.Ids.Length - answer).gather(2, tokens).sum([1L, 2L]).exp().Singles();
        }

        var bits = kl.Singles();
        var rows = run.Given.Index().ToDictionary(g => g.Item, g => g.Index + 1);
        return new PatchOutcome(answers?[0], [.. run.Donors.Select(donor =>
            donor is { } row && float.IsFinite(bits[rows[row]]) ? new PatchEffect(Math.Max(0, bits[rows[row]]), answers?[rows[row]]) : (PatchEffect?)null)]);
    }

    private IEnumerable<Run[]> Batches(IReadOnlyList<Run> runs)
    {
        var batch = new List<Run>();
        foreach (var run in runs.OrderBy(r => r.Ids.Length))
        {
            var rows = batch.Sum(r => r.Rows) + run.Rows;
            var scores = (batch.Sum(r => (long)r.Rows * (r.To - r.From)) + (long)run.Rows * (run.To - run.From)) * target.Config.Vocabulary;
            if (batch.Count > 0 && (rows * run.Ids.Length > ActivationCapture.TokensPerBatch || scores > ScoresPerBatch))
            {
                yield return [.. batch];
                batch.Clear();
            }

            batch.Add(run);
        }

        if (batch.Count > 0)
            yield return [.. batch];
    }

    /// <summary>A text with its donors.</summary>
    /// <param name="Index">Of the request.</param>
    /// <param name="Ids">Of the text, with its answer if it has one.</param>
    /// <param name="Position">The patched token.</param>
    /// <param name="TextEnd">Tokens of the text itself.</param>
    /// <param name="Answer">The answer's first token; null without.</param>
    /// <param name="Donors">Row of each donor's activation; null where it has none.</param>
    /// <param name="Given">Rows, each once.</param>
    private sealed record Run(int Index, int[] Ids, int Position, int TextEnd, int? Answer, long?[] Donors, long[] Given)
    {
        /// <summary>Rows of a batch: the text as it is, then with each donor.</summary>
        public int Rows => 1 + Given.Length;

        /// <summary>First token whose next-token scores are looked at.</summary>
        public int From => Math.Min(Position, Answer - 1 ?? Position);

        /// <summary>One past the last of them.</summary>
        public int To => Math.Max(TextEnd, Answer is null ? 0 : Ids.Length - 1);
    }
}
