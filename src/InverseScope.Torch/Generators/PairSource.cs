using System.Globalization;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Models;
using static TorchSharp.torch;

namespace InverseScope.Torch.Generators;

/// <summary>Texts with one activation each, ready for a step.</summary>
/// <param name="Activations">R in all.</param>
/// <param name="Ids">(R, T), with begin and end token.</param>
/// <param name="Weights">Weight of the loss of each next token, (R, T − 1), sum 1; 0 in the padding, and for texts without the site's position.</param>
internal sealed record TrainingPairs(SiteBatch Activations, long[] Ids, float[] Weights, int Length);

/// <summary>Draws texts of a task, runs them through the target, and adds noise to their activations.</summary>
internal sealed class PairSource : IDisposable
{
    private const int MostTries = 10_000;
    private readonly ITask _task;
    private readonly GeneratorTokens _tokens;
    private readonly GeneratorOptions _options;
    private readonly ActivationCapture _capture;
    private readonly ActivationNoise[]? _noise;

    /// <param name="sites">Distinct sites of the target.</param>
    /// <param name="noise">Whether activations get noise.</param>
    public PairSource(TargetModel target, ITask task, IReadOnlyList<Site> sites, GeneratorTokens tokens, GeneratorOptions options, bool noise)
    {
        (_task, _tokens, _options) = (task, tokens, options);
        _capture = new ActivationCapture(target, sites, options.Basis, task);
        Widths = [.. Enumerable.Range(0, sites.Count).Select(_capture.Width)];
        if (noise)
        {
            var byWidth = Widths.Distinct().ToDictionary(width => width, width => ActivationNoise.FromTypicalDistance(
                width, options.Kernel, options.Distance, options.NoiseDistance, options.NoiseNormBand));
            _noise = [.. Widths.Select(width => byWidth[width])];
        }
    }

    /// <summary>Numbers in one activation of each site.</summary>
    public IReadOnlyList<int> Widths { get; }

    /// <summary>The noise's own kernel width by the width of a site; empty without noise.</summary>
    public IReadOnlyDictionary<string, double> NoiseEpsilon => (_noise ?? [])
        .DistinctBy(noise => noise.Dimensions).ToDictionary(noise => noise.Dimensions.ToString(CultureInfo.InvariantCulture), noise => noise.KernelEpsilon);

    /// <summary>Texts of the prior that training does, or does not, see.</summary>
    /// <exception cref="BadInputException">The prior seems to have none.</exception>
    public static string[] Texts(ITask task, double heldOutShare, int count, RandomStream random, bool heldOut)
    {
        var texts = new string[count];
        for (var i = 0; i < count; i++)
        {
            var tries = 0;
            do
            {
                if (tries++ == MostTries)
                    throw new BadInputException(
                        $"Task '{task.Name}' has too few texts: none in {MostTries:N0} draws is {(heldOut ? "" : "not ")}held out.",
                        "Give more texts, or another held_out_share.");
                texts[i] = task.Draw(random);
            }
            while (IsHeldOut(texts[i], heldOutShare) != heldOut);
        }

        return texts;
    }

    /// <summary>
    /// Mean and deviation of the activations at each site as training sees them, over draws of the prior. With their noise:
    /// where texts differ by less than that, their own deviation would blow it up.
    /// </summary>
    /// <exception cref="BadInputException">No text has a site's position.</exception>
    public IReadOnlyList<(float[] Mean, float Deviation)> Statistics(int texts, CancellationToken cancel)
    {
        var random = new RunSeed(_options.Seed).Stream("site statistics");
        var found = _capture.Read(Texts(_task, _options.HeldOutShare, texts, random, heldOut: false), cancel);
        foreach (var (site, captured) in found.Index())
        {
            var noisy = new float[captured.Width];
            for (var text = 0; _noise is not null && text < texts; text++)
            {
                if (captured[text].IsEmpty)
                    continue;
                _noise[site].Draw(captured[text], noisy, random);
                noisy.CopyTo(captured.Values, text * captured.Width);
            }
        }

        return [.. found.Select(captured => StatisticsOf(captured, _task))];
    }

    /// <summary>The pairs of a step; depend on the seed and the step alone.</summary>
    /// <param name="name">Names the chance: another name, other pairs.</param>
    public TrainingPairs Pairs(string name, int step, bool heldOut, CancellationToken cancel)
    {
        var random = new RunSeed(_options.Seed).Stream(name, step.ToString(CultureInfo.InvariantCulture));
        var groups = Math.Min(_options.SitesPerBatch, _capture.Sites.Count);
        var each = _options.BatchSize / groups;
        var texts = Texts(_task, _options.HeldOutShare, groups * each, random, heldOut);
        var order = Enumerable.Range(0, _capture.Sites.Count).ToArray();
        // Held-out pairs go through the sites in turn, so that each is judged alike.
        if (heldOut)
            order = [.. order.Select(i => (i + step * groups) % order.Length)];
        else
            random.Shuffle(order.AsSpan());
        int[] sites = [.. order.Take(groups).OrderBy(s => Widths[s]).ThenBy(s => s)];
        var found = _capture.Read(texts, cancel);
        var values = new float[groups][];
        var present = new bool[texts.Length];
        for (var g = 0; g < groups; g++)
        {
            var width = Widths[sites[g]];
            values[g] = new float[each * width];
            for (var i = 0; i < each; i++)
            {
                var activation = found[sites[g]][g * each + i];
                present[g * each + i] = !activation.IsEmpty;
                if (activation.IsEmpty)
                    continue;
                var into = values[g].AsSpan(i * width, width);
                if (_noise is null)
                    activation.CopyTo(into);
                else
                    _noise[sites[g]].Draw(activation, into, random);
            }
        }

        return Laid(new SiteBatch(sites, values, each), texts, present);
    }

    /// <summary>Texts without activations: what the backbone learns the prior from.</summary>
    public static (long[] Ids, float[] Weights, int Length) Laid(GeneratorTokens tokens, IReadOnlyList<string> texts, bool[]? present = null)
    {
        var ids = texts.Select(tokens.Encode).ToArray();
        var length = ids.Max(i => i.Length);
        var weights = new float[ids.Length * (length - 1)];
        var total = 0;
        for (var row = 0; row < ids.Length; row++)
        {
            if (present?[row] == false)
                continue;
            weights.AsSpan(row * (length - 1), ids[row].Length - 1).Fill(1);
            total += ids[row].Length - 1;
        }

        for (var i = 0; i < weights.Length; i++)
            weights[i] /= Math.Max(1, total);
        return (ForwardPass.Padded(ids, length), weights, length);
    }

    /// <summary>Σ weight × −log q(next token), nats.</summary>
    /// <param name="logits">(R, T − 1, V).</param>
    /// <param name="ids">(R, T).</param>
    /// <param name="weights">(R, T − 1).</param>
    public static Tensor Loss(Tensor logits, Tensor ids, float[] weights)
    {
        using var scope = NewDisposeScope();
        var targets = ids.narrow(1, 1, ids.shape[1] - 1).reshape(-1);
        var losses = nn.functional.cross_entropy(logits.reshape(targets.shape[0], -1).@float(), targets, reduction: nn.Reduction.None);
        return (losses * tensor(weights, device: ids.device)).sum().MoveToOuterDisposeScope();
    }

    public void Dispose() => _capture.Dispose();

    private TrainingPairs Laid(SiteBatch activations, string[] texts, bool[] present)
    {
        var (ids, weights, length) = Laid(_tokens, texts, present);
        return new TrainingPairs(activations, ids, weights, length);
    }

    private static bool IsHeldOut(string text, double share) => ContentHash.ShareOf("generator\n" + text) < share;

    private static (float[] Mean, float Deviation) StatisticsOf(CapturedActivations found, ITask task)
    {
        var mean = new double[found.Width];
        var (rows, squares) = (0, 0.0);
        for (var text = 0; text < found.Present.Length; text++)
        {
            if (found.Present[text] == 0)
                continue;
            rows++;
            var z = found[text];
            for (var i = 0; i < z.Length; i++)
            {
                mean[i] += z[i];
                squares += (double)z[i] * z[i];
            }
        }

        if (rows == 0)
        {
            throw new BadInputException(
                $"Site '{found.Site}': no text of task '{task.Name}' has the position {found.Site.Position}.",
                "Leave the site out, or give another position.");
        }

        var centre = 0.0;
        for (var i = 0; i < mean.Length; i++)
        {
            mean[i] /= rows;
            centre += mean[i] * mean[i];
        }

        // A site that is the same for every text has nothing to scale by.
        var variance = (squares / rows - centre) / mean.Length;
        var deviation = variance > 1e-12 * (squares / rows) ? Math.Sqrt(variance) : Math.Max(1e-6, Math.Sqrt(squares / rows));
        return (Array.ConvertAll(mean, m => (float)m), (float)deviation);
    }
}
