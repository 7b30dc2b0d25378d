using System.Globalization;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Generators;

/// <summary>Texts with one activation each, ready for a step.</summary>
/// <param name="Activations">R in all.</param>
/// <param name="Texts">R S: S consecutive ones are of one activation. Those without the site's position weigh nothing.</param>
internal sealed record TrainingPairs(SiteBatch Activations, LaidTexts Texts);

/// <summary>What is known of a site's activations before anything is learnt.</summary>
/// <param name="Mean">One number for each that the encoder reads, see <see cref="EncoderInput"/>.</param>
/// <param name="Deviations">One for each block of those, over all its numbers; above 0.</param>
/// <param name="Map">Of what is read, less its mean and over its deviation, to what texts are about: E rows of its width. Empty for none.</param>
internal sealed record SiteStatistics(float[] Mean, float[] Deviations, float[] Map);

/// <summary>Draws texts of a task, runs them through the target, and adds noise to their activations.</summary>
internal sealed class PairSource : IDisposable
{
    private const int MostTries = 10_000;

    // References and texts of each at which a site is looked at in the middle of a training.
    private const int LookedAt = 2;
    private const int LookedAtSamples = 8;
    private const double RefusedFrom = 0.1;
    private const double NoVariance = 1e-11;
    private const double SmallestDeviation = 1e-6;
    private static readonly double NormBand = new MeasurementOptions().NormBand;

    private readonly ITask _task;
    private readonly GeneratorTokens _tokens;
    private readonly GeneratorOptions _options;
    private readonly ActivationCapture _capture;
    private readonly ActivationNoise[] _noise;
    private readonly NeighbourKernel[] _kernels;
    private readonly bool _addsNoise;

    /// <param name="sites">Distinct sites of the target.</param>
    /// <param name="noise">Whether activations get noise.</param>
    public PairSource(TargetModel target, ITask task, IReadOnlyList<Site> sites, GeneratorTokens tokens, GeneratorOptions options, bool noise)
    {
        (_task, _tokens, _options) = (task, tokens, options);
        _capture = new ActivationCapture(target, sites, options.Basis, task);
        Widths = [.. Enumerable.Range(0, sites.Count).Select(_capture.Width)];
        var byWidth = NoiseOf(Widths, options);
        (_noise, _addsNoise) = ([.. Widths.Select(width => byWidth[width])], noise);
        _kernels = Array.ConvertAll(_noise, n => new NeighbourKernel(new MeasurementOptions { Kernel = options.Kernel, Epsilon = n.KernelEpsilon }));
    }

    /// <summary>The noise of activations of each width.</summary>
    /// <exception cref="BadInputException">No activation of a width can be moved as far as the options say.</exception>
    public static IReadOnlyDictionary<int, ActivationNoise> NoiseOf(IEnumerable<int> widths, GeneratorOptions options) =>
        widths.Distinct().ToDictionary(width => width, width => ActivationNoise.FromTypicalDistance(
            width, options.Kernel, options.Distance, options.NoiseDistance, options.NoiseNormBand));

    /// <summary>Numbers in one activation of each site.</summary>
    public IReadOnlyList<int> Widths { get; }

    /// <summary>The noise's own kernel width by the width of a site; empty without noise.</summary>
    public IReadOnlyDictionary<string, double> NoiseEpsilon => (_addsNoise ? _noise : [])
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
    /// What activations at each site are like as training sees them, over draws of the prior. With their noise:
    /// where texts differ by less than that, their own deviation would blow it up.
    /// </summary>
    /// <exception cref="BadInputException">No text has a site's position.</exception>
    public IReadOnlyList<SiteStatistics> Statistics(int texts, CancellationToken cancel)
    {
        var random = new RunSeed(_options.Seed).Stream("site statistics");
        var drawn = Texts(_task, _options.HeldOutShare, texts, random, heldOut: false);
        var found = _capture.Read(drawn, cancel);
        foreach (var (site, captured) in found.Index())
        {
            var noisy = new float[captured.Width];
            for (var text = 0; _addsNoise && text < texts; text++)
            {
                if (captured[text].IsEmpty)
                    continue;
                _noise[site].Draw(captured[text], noisy, random);
                noisy.CopyTo(captured.Values, text * captured.Width);
            }
        }

        using var readings = TextReadings.Of([.. drawn.Select(_tokens.Encode)], _options.Architecture.Latent);
        return [.. found.Select(captured => StatisticsOf(captured, _task, readings, _options.Architecture.EncoderInput, _options.NoiseNormBand))];
    }

    /// <summary>The pairs of a step; depend on the seed, the step and the shares alone.</summary>
    /// <param name="name">Names the chance: another name, other pairs.</param>
    /// <param name="shares">How often to take each site, see <see cref="SiteAllocation.Shares"/>.</param>
    public TrainingPairs Pairs(string name, int step, bool heldOut, CancellationToken cancel, double[]? shares = null)
    {
        var groups = Math.Min(_options.SitesPerBatch, _capture.Sites.Count);
        var random = RandomOf(name, step);
        var drawn = Activations(SitesOf(step, groups, heldOut, random, shares), _options.BatchSize / groups, heldOut, _addsNoise, random, cancel);
        return new TrainingPairs(
            drawn.Activations,
            LaidTexts.Of([.. drawn.Texts.Select(_tokens.Encode)], Array.ConvertAll(drawn.Present, present => present ? 1.0 : 0)));
    }

    /// <summary>
    /// Pairs that the generator makes itself: texts that it draws for noisy activations, each weighted as a sample of the
    /// exact P(x; ẑ) of the noise's own kernel, w ∝ k(d(z(x), ẑ)) p(x)/q(x | ẑ). Trained on these, q moves onto P (reweighted
    /// wake-sleep, Bornschein and Bengio 2015). Texts that are held out, or none of the task, have no weight. They depend on the
    /// seed, the step and the network's weights.
    /// </summary>
    /// <param name="samples">Texts for each activation; a batch has as many texts as any other.</param>
    public TrainingPairs OwnPairs(GeneratorNetwork network, int step, int samples, CancellationToken cancel)
    {
        var all = Math.Max(1, _options.BatchSize / samples);
        var groups = Math.Min(Math.Min(_options.SitesPerBatch, all), _capture.Sites.Count);
        var random = RandomOf("own pairs", step);
        var drawn = Activations(SitesOf(step, groups, heldOut: false, random, null), all / groups, heldOut: false, _addsNoise, random, cancel);
        var written = Written(network, drawn.Activations, "own texts", step, samples, cancel);
        var ids = Array.ConvertAll(written, w => (int[])[_tokens.Begin, .. w.Ids, _tokens.End]);
        var logWeights = LogWeights(network, drawn, written, ids, samples, cancel);
        var weights = new double[written.Length];
        for (var r = 0; r < drawn.Activations.Count; r++)
        {
            var of = logWeights[(r * samples)..((r + 1) * samples)];
            var most = of.Max();
            if (!drawn.Present[r] || double.IsNegativeInfinity(most))
                continue;
            var sum = of.Sum(w => Math.Exp(w - most));
            for (var i = 0; i < samples; i++)
                weights[r * samples + i] = Math.Exp(of[i] - most) / sum;
        }

        return new TrainingPairs(drawn.Activations, LaidTexts.Of(ids, weights));
    }

    /// <summary>
    /// Share of texts that are refused at each site: those that the generator writes for activations of held-out texts, and whose own
    /// activation is at a cosine distance of 0.1 or more, or of a norm outside the usual band (the refusal rate of METHOD section 3, whatever
    /// distance the noise has). They depend on the seed, the step and the network's weights.
    /// </summary>
    /// <returns>From 0 to 1 for each site; NaN where no reference has the position.</returns>
    public double[] Refused(GeneratorNetwork network, int step, CancellationToken cancel)
    {
        var refused = new double[_capture.Sites.Count];
        var written = new int[refused.Length];
        var atOnce = Math.Max(1, _options.BatchSize / (LookedAt * LookedAtSamples));
        foreach (var sites in Enumerable.Range(0, refused.Length).OrderBy(s => Widths[s]).ThenBy(s => s).Chunk(atOnce))
        {
            var name = $"looked at {sites[0]}";
            var drawn = Activations(sites, LookedAt, heldOut: true, noise: false, RandomOf(name, step), cancel);
            var own = Written(network, drawn.Activations, name, step, LookedAtSamples, cancel);
            var texts = Array.ConvertAll(own, TextOf);
            string[] distinct = [.. texts.OfType<string>().Distinct(StringComparer.Ordinal)];
            var rows = distinct.Index().ToDictionary(d => d.Item, d => d.Index, StringComparer.Ordinal);
            var found = distinct.Length > 0 ? _capture.Read(distinct, cancel) : [];
            for (var i = 0; i < texts.Length; i++)
            {
                var (group, of) = Math.DivRem(i / LookedAtSamples, LookedAt);
                var site = sites[group];
                var reference = drawn.Activations.Values[group].AsSpan(of * Widths[site], Widths[site]);
                // A reference that lacks the position says nothing.
                if (!drawn.Present[i / LookedAtSamples])
                    continue;
                written[site]++;
                var isNear = texts[i] is { } text && found[site].Present[rows[text]] != 0
                    && ActivationDistance.Of(found[site][rows[text]], reference, DistanceKind.Cosine, NormBand) < RefusedFrom;
                refused[site] += isNear ? 0 : 1;
            }
        }

        return [.. refused.Zip(written, (of, all) => of / all)];
    }

    /// <summary>The text of the task that was written; null if it is none.</summary>
    private string? TextOf(WrittenText written) =>
        written.Ended && _tokens.Decode(written.Ids) is { } text && _task.WhyInvalid(text) is null ? text : null;

    private WrittenText[] Written(GeneratorNetwork network, SiteBatch activations, string name, int step, int samples, CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var seed = new RunSeed(_options.Seed);
        var random = Enumerable.Range(0, activations.Count).Select(r => seed.Stream(
            name, step.ToString(CultureInfo.InvariantCulture), r.ToString(CultureInfo.InvariantCulture))).ToArray();
        return [.. new TextSampler(network, _tokens).Write(network.Conditioning.Condition(activations), random, samples, _tokens.Choice(new DrawOptions()), cancel).SelectMany(of => of)];
    }

    private double[] LogWeights(GeneratorNetwork network, DrawnActivations drawn, WrittenText[] written, int[][] ids, int samples, CancellationToken cancel)
    {
        var logWeights = new double[written.Length];
        Array.Fill(logWeights, double.NegativeInfinity);
        var texts = Array.ConvertAll(written, w => TextOf(w) is { } text && !IsHeldOut(text, _options.HeldOutShare) ? text : null);
        int[] kept = [.. Enumerable.Range(0, texts.Length).Where(i => texts[i] is not null)];
        if (kept.Length == 0)
            return logWeights;
        var found = _capture.Read([.. kept.Select(i => texts[i]!)], cancel);
        var exact = Array.ConvertAll(kept, i => _task.LogProbability(texts[i]!));
        var learnt = exact.Any(p => p is null)
            ? network.LogProbabilities([.. kept.Select(i => ids[i])], null, _tokens.Choice(new DrawOptions()))
            : null;
        foreach (var (row, i) in kept.Index())
        {
            var (group, of) = Math.DivRem(i / samples, drawn.Activations.Rows);
            var site = drawn.Activations.Sites[group];
            if (found[site].Present[row] == 0)
                continue;
            var reference = drawn.Activations.Values[group].AsSpan(of * Widths[site], Widths[site]);
            var d = ActivationDistance.Of(found[site][row], reference, _options.Distance, _options.NoiseNormBand);
            // The least bad of texts that are all far away must not be learnt as if it were right.
            if (d < _kernels[site].Reach)
                logWeights[i] = Math.Log(_kernels[site].Of(d)) + (exact[row] ?? learnt![row].Sum()) - written[i].LogProbability;
        }

        return logWeights;
    }

    private RandomStream RandomOf(string name, int step) => new RunSeed(_options.Seed).Stream(name, step.ToString(CultureInfo.InvariantCulture));

    private int[] SitesOf(int step, int groups, bool heldOut, RandomStream random, double[]? shares)
    {
        var order = Enumerable.Range(0, _capture.Sites.Count).ToArray();
        // Held-out pairs go through the sites in turn, so that each is judged alike.
        if (heldOut)
            order = [.. order.Select(i => (i + step * groups) % order.Length)];
        else if (shares is not null)
            order = SystematicSample.Of(shares, groups, random.NextDouble());
        else
            random.Shuffle(order.AsSpan());
        return [.. order.Take(groups).OrderBy(s => Widths[s]).ThenBy(s => s)];
    }

    /// <param name="sites">One for each group of texts, sites of the same width together.</param>
    /// <param name="each">Texts in a group.</param>
    private DrawnActivations Activations(int[] sites, int each, bool heldOut, bool noise, RandomStream random, CancellationToken cancel)
    {
        var groups = sites.Length;
        var texts = Texts(_task, _options.HeldOutShare, groups * each, random, heldOut);
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
                if (noise)
                    _noise[sites[g]].Draw(activation, into, random);
                else
                    activation.CopyTo(into);
            }
        }

        return new DrawnActivations(new SiteBatch(sites, values, each), texts, present);
    }

    public void Dispose() => _capture.Dispose();

    private static bool IsHeldOut(string text, double share) => ContentHash.ShareOf("generator\n" + text) < share;

    private static SiteStatistics StatisticsOf(CapturedActivations found, ITask task, Tensor readings, EncoderInput input, double normBand)
    {
        long[] present = [.. Enumerable.Range(0, found.Present.Length).Where(text => found.Present[text] != 0)];
        if (present.Length == 0)
        {
            throw new BadInputException(
                $"Site '{found.Site}': no text of task '{task.Name}' has the position {found.Site.Position}.",
                "Leave the site out, or give another position.");
        }

        using var scope = NewDisposeScope();
        var at = tensor(present, device: CPU);
        var read = input.Of(tensor(found.Values, [found.Present.Length, found.Width], device: CPU).index_select(0, at).@double()); // (N, F)
        var mean = read.mean([0L]);
        var blocks = input.Blocks(found.Width).Select(b => (long)b).ToArray();
        if (input == EncoderInput.Polar)
            mean[^1].copy_(LogNorms(read).mean());
        var centred = (read - mean).split(blocks, 1);
        var deviations = Array.ConvertAll(centred.Zip(read.split(blocks, 1)).ToArray(), block => DeviationOf(block.First, block.Second));
        // Within the band norms are as good as equal: those of sites that hardly differ must not tell the noise from its absence.
        if (input == EncoderInput.Polar)
            deviations[^1] = Math.Max(Math.Log(1 + normBand), Math.Sqrt((LogNorms(read) - mean[^1]).Squared().mean().item<double>()));
        var scaled = cat([.. centred.Zip(deviations, (block, deviation) => block.DividedBy(deviation))], 1);
        input.Bound(scaled);
        return new SiteStatistics(
            mean.@float().data<float>().ToArray(), Array.ConvertAll(deviations, d => (float)d),
            TextReadings.MapOf(scaled, readings.index_select(0, at)).data<float>().ToArray());
    }

    // An activation of zeros says nothing of what norms are like elsewhere.
    private static Tensor LogNorms(Tensor read)
    {
        var logNorms = read.select(1, read.shape[1] - 1);
        var least = read.narrow(1, 0, (read.shape[1] - 1) / 2).abs().amax([1L]).GreaterThan(0);
        return least.any().item<bool>() ? logNorms.masked_select(least) : logNorms;
    }

    private static double DeviationOf(Tensor centred, Tensor read)
    {
        var (variance, square) = (centred.Squared().mean().item<double>(), read.Squared().mean().item<double>());
        // A site that is the same for every text has nothing to scale by.
        return variance > NoVariance * square ? Math.Sqrt(variance) : Math.Max(SmallestDeviation, Math.Sqrt(square));
    }

    /// <summary>Activations of texts, as training sees them.</summary>
    /// <param name="Present">Whether each text has its site's position.</param>
    private sealed record DrawnActivations(SiteBatch Activations, string[] Texts, bool[] Present);
}
