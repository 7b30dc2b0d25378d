using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Models;

namespace InverseScope.Torch.Generators;

/// <summary>How well a generator inverts one site.</summary>
/// <param name="RefusalRate">
/// Share of raw samples with d(z(x), ẑ) ≥ ε, for each ε asked for; a sample without an activation there (no text of the
/// target, no such position) counts as refused.
/// </param>
/// <param name="Bits">Mean of log2 q(x̂ | ẑ) − log2 p(x̂) over references: a lower bound on the information, with the backbone for p.</param>
/// <param name="PriorGap">
/// Mean over references of log2 p(x̂) less what the backbone holds of it: so many of the bits are the prior that the backbone has not
/// learnt. Null where the task does not tell p.
/// </param>
/// <param name="DistinctShare">Mean over references of distinct texts of the task among its samples, as a share.</param>
/// <param name="InvalidShare">Share of samples that are no text of the task.</param>
/// <param name="UnfinishedShare">Share of samples that did not end, or are no text at all.</param>
/// <param name="TotalVariation">
/// Mean over references of the total variation distance between q(x | ẑ) and the exact P(x; ẑ), 0 to 1: E_P[(1 − q/P)₊].
/// Null where the prior is not enumerated.
/// </param>
/// <param name="MissedMass">Mean over references of the share of P whose texts have less than a tenth of their probability under q. Null likewise.</param>
public sealed record SiteInversion(
    string Site, int References, int Samples, IReadOnlyDictionary<double, double> RefusalRate, double? Bits, double? PriorGap, double DistinctShare, double InvalidShare,
    double UnfinishedShare, double? TotalVariation, double? MissedMass);

/// <summary>Measures generators on references that training never saw.</summary>
/// <param name="references">Texts, as <see cref="References"/> draws them.</param>
public sealed class GeneratorEvaluation(TargetModel target, ITask task, IReadOnlyList<string> references, MeasurementOptions measurement, RunSeed seed)
{
    private const double MissedBelow = 0.1;

    /// <summary>Texts that none of the generators was trained on.</summary>
    /// <exception cref="BadInputException">The task has hardly any.</exception>
    public static string[] References(ITask task, IEnumerable<GeneratorRecord> generators, int count, RunSeed seed) => PairSource.Texts(
        task, generators.Min(g => g.Options.HeldOutShare), count, seed.Stream("generator evaluation", task.Fingerprint), heldOut: true);

    /// <param name="site">One that the generator was trained on.</param>
    /// <param name="samples">Texts for each reference.</param>
    /// <param name="epsilons">Distances at which a sample is refused.</param>
    /// <param name="exact">Draws of P(x; ẑ) for each reference; null leaves the comparison out.</param>
    /// <exception cref="BadInputException">The generator was not trained on the site.</exception>
    public SiteInversion Measure(
        Generator generator, Site site, int samples, IReadOnlyList<double> epsilons, DrawOptions draw, ExactDraw[][]? exact, CancellationToken cancel)
    {
        var index = generator.IndexOf(site) ?? throw new BadInputException($"The generator {generator.Folder} was not trained on {site}.");
        using var capture = new ActivationCapture(target, [site], measurement.Basis, task);
        var found = capture.Read(references, cancel)[0];
        int[] kept = [.. Enumerable.Range(0, references.Count).Where(i => found.Present[i] == 1)];
        if (kept.Length == 0)
            throw new BadInputException($"None of {references.Count} references has the position {site.Position}.", "Give more references.");
        ReadOnlyMemory<float>[] activations = [.. kept.Select(i => (ReadOnlyMemory<float>)found[i].ToArray())];
        var drawn = generator.Draw(
            index, activations, [.. kept.Select(i => seed.Stream("generator samples", site.ToString(), references[i]))], samples, draw, cancel);
        var reader = new SampleReader(target, capture);
        var checkedTexts = reader.Read([.. drawn.SelectMany(of => of).Select(d => d.Text).OfType<string>().Distinct()], cancel);
        var refused = new int[epsilons.Count];
        var (invalid, unfinished, distinct, all) = (0, 0, 0.0, 0);
        for (var r = 0; r < drawn.Length; r++)
        {
            foreach (var sample in drawn[r])
            {
                all++;
                if (sample.Text is null)
                    unfinished++;
                else if (task.WhyInvalid(sample.Text) is not null)
                    invalid++;
                var distance = sample.Text is { } text && checkedTexts[text] is { } z
                    ? ActivationDistance.Of(z, activations[r].Span, measurement.Distance, measurement.NormBand)
                    : double.PositiveInfinity;
                for (var e = 0; e < refused.Length; e++)
                    refused[e] += distance < epsilons[e] ? 0 : 1;
            }

            distinct += drawn[r].Select(d => d.Text).OfType<string>().Distinct().Count(text => task.WhyInvalid(text) is null) / (double)samples;
        }

        int[] writable = [.. Enumerable.Range(0, kept.Length).Where(r => generator.CanWrite(references[kept[r]]))];
        var evidence = generator.Evidence(index, [.. writable.Select(r => activations[r])], [.. writable.Select(r => references[kept[r]])], cancel);
        var fits = exact is null ? [] : Fits(generator, index, activations, [.. kept.Select(i => exact[i])], draw, cancel);
        return new SiteInversion(
            site.ToString(), kept.Length, samples, epsilons.Select((e, i) => (e, refused[i] / (double)all)).ToDictionary(e => e.e, e => e.Item2),
            evidence.Length > 0 ? evidence.Average(of => of.Bits) : null, evidence.Average(of => of.PriorGap(task)), distinct / drawn.Length, invalid / (double)all, unfinished / (double)all,
            fits.Length > 0 ? fits.Average(f => f.TotalVariation) : null, fits.Length > 0 ? fits.Average(f => f.MissedMass) : null);
    }

    private static (double TotalVariation, double MissedMass)[] Fits(
        Generator generator, int site, ReadOnlyMemory<float>[] activations, ExactDraw[][] exact, DrawOptions draw, CancellationToken cancel)
    {
        var texts = exact.SelectMany((draws, r) => draws.Select(d => (Reference: r, Draw: d)))
            .ToLookup(t => generator.CanWrite(t.Draw.Text));
        (int Reference, ExactDraw Draw)[] asked = [.. texts[true]];
        var given = generator.LogGiven(
            site, Array.ConvertAll(asked, t => activations[t.Reference]), Array.ConvertAll(asked, t => t.Draw.Text), draw, cancel);
        return [.. asked.Zip(given, (t, q) => (t.Reference, Ratio: Math.Exp(q.Sum() - t.Draw.LogProbability)))
            .Concat(texts[false].Select(t => (t.Reference, Ratio: 0.0)))
            .GroupBy(t => t.Reference)
            .Select(of => (of.Average(t => Math.Max(0, 1 - t.Ratio)), of.Average(t => t.Ratio < MissedBelow ? 1.0 : 0)))];
    }
}

/// <summary>Activations of texts that nobody promised to be readable.</summary>
internal sealed class SampleReader(TargetModel target, ActivationCapture capture)
{
    private const int AtOnce = 4096;

    /// <param name="texts">Distinct.</param>
    /// <returns>z of each text at the capture's first site; null where the target cannot read it or it lacks the position.</returns>
    public Dictionary<string, float[]?> Read(IReadOnlyList<string> texts, CancellationToken cancel)
    {
        var found = new Dictionary<string, float[]?>(StringComparer.Ordinal);
        string[] readable = [.. texts.Where(IsReadable)];
        foreach (var text in texts)
            found[text] = null;
        foreach (var chunk in readable.Chunk(AtOnce))
        {
            var read = capture.Read(chunk, cancel)[0];
            for (var i = 0; i < chunk.Length; i++)
                found[chunk[i]] = read.Present[i] == 1 ? read[i].ToArray() : null;
        }

        return found;
    }

    private bool IsReadable(string text)
    {
        try
        {
            target.Tokenize(text);
            return true;
        }
        catch (BadInputException)
        {
            return false;
        }
    }
}
