using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Banks;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Models;

namespace InverseScope.Torch.Generators;

/// <summary>A reference whose samples are asked for.</summary>
/// <param name="Text">Its text id.</param>
/// <param name="Activation">ẑ, (K).</param>
/// <param name="Draws">Chance of what the generator writes for it.</param>
/// <param name="Choices">Chance of what is kept of that and of a bank.</param>
internal sealed record Inverted(int Text, ReadOnlyMemory<float> Activation, RandomStream Draws, RandomStream Choices);

/// <summary>
/// Samples that a generator writes: every distinct text is read by the target once, and weighted by what it is worth
/// (<see cref="ProposalSampler"/>), beside the rows of a bank in a mixture. Which references are asked for together moves
/// numbers by rounding only.
/// </summary>
internal sealed class GeneratorSampler(Generator generator, TargetModel target, ITask task, Population population, MeasurementOptions options)
{
    private readonly ProposalSampler _weights = new(options);
    private readonly NeighbourKernel _kernel = new(options);
    private readonly DrawOptions _draw = new(options.Temperature, options.TopP);

    /// <param name="site">One that the generator was trained on.</param>
    /// <param name="bank">The site's rows of the population; null without a bank.</param>
    /// <returns>A set for each reference.</returns>
    public SampleSet[] Sample(Site site, IReadOnlyList<Inverted> references, SiteSampler? bank, CancellationToken cancel)
    {
        if (references.Count == 0)
            return [];
        var index = generator.IndexOf(site)!.Value;
        var drawn = generator.Draw(
            index, [.. references.Select(r => r.Activation)], [.. references.Select(r => r.Draws)], options.Draws, _draw, cancel);
        var found = Activations(site, [.. drawn.SelectMany(of => of).Select(d => d.Text).OfType<string>().Distinct(StringComparer.Ordinal)], cancel);
        var rows = bank is null ? [] : BankRows(index, references, bank, cancel);
        var known = Priors(
            found.Where(f => f.Value is not null).Select(f => f.Key)
                .Concat(rows.SelectMany(of => of).Select(r => population.Pool[r.Text])),
            cancel);
        var evidence = Evidence(site, [.. references.Select(r => (r.Text, r.Activation))], cancel);
        var sets = new SampleSet[references.Count];
        for (var r = 0; r < sets.Length; r++)
        {
            var (proposals, counts) = Judged(references[r], drawn[r], found, known);
            if (bank is not null)
                proposals.AddRange(rows[r].Select(row => row with { LogPrior = known[population.Pool[row.Text]] }));
            sets[r] = _weights.Draw(references[r].Text, proposals, references[r].Choices) with
            {
                Bits = evidence[r]?.Bits,
                Tokens = evidence[r]?.Tokens,
                PriorGap = evidence[r]?.PriorGap(task),
                Draws = counts,
            };
        }

        return sets;
    }

    private Dictionary<string, float[]?> Activations(Site site, IReadOnlyList<string> texts, CancellationToken cancel)
    {
        using var capture = new ActivationCapture(target, [site], options.Basis, task);
        return new SampleReader(target, capture).Read(texts, cancel);
    }

    private (List<ProposedText> Proposals, DrawCounts Counts) Judged(
        Inverted reference, DrawnText[] drawn, Dictionary<string, float[]?> found, Dictionary<string, double> priors)
    {
        var proposals = new List<ProposedText>();
        var texts = new HashSet<string>(StringComparer.Ordinal);
        int unfinished = 0, invalid = 0, unread = 0, refused = 0, repeated = 0;
        foreach (var (text, logProposal) in drawn)
        {
            if (text is null)
            {
                unfinished++;
                refused++;
                continue;
            }

            repeated += texts.Add(text) ? 0 : 1;
            var z = found[text];
            var distance = z is null
                ? double.PositiveInfinity
                : ActivationDistance.Of(z, reference.Activation.Span, options.Distance, options.NormBand);
            var isInvalid = z is null ? task.WhyInvalid(text) is not null : double.IsNegativeInfinity(priors[text]);
            invalid += isInvalid ? 1 : 0;
            unread += z is null ? 1 : 0;
            refused += distance < options.Epsilon ? 0 : 1;
            // What is too far to weigh anything need not be remembered.
            if (z is not null && !isInvalid && (distance < _kernel.Reach || options.Weighting == Weighting.None))
                proposals.Add(new ProposedText(population.Pool.Add(text), distance, priors[text], logProposal));
        }

        return (proposals, new DrawCounts(drawn.Length, unfinished, invalid, unread, refused) { Distinct = texts.Count, Repeated = repeated });
    }

    /// <summary>Rows of the bank that are near, with q but not yet p.</summary>
    private ProposedText[][] BankRows(int site, IReadOnlyList<Inverted> references, SiteSampler bank, CancellationToken cancel)
    {
        var near = references.Select(r => ProposalSampler.Thinned(bank.Near(r.Activation.Span, r.Text), options.Draws, r.Choices)).ToArray();
        var writable = near.SelectMany(n => n.Rows).Select(n => n.Row).Distinct()
            .ToDictionary(row => row, row => generator.CanWrite(population.Pool[row]));
        var asked = near.Index().SelectMany(n => n.Item.Rows.Where(row => writable[row.Row]).Select(row => (Reference: n.Index, row.Row))).ToArray();
        var given = generator.LogGiven(
            site, [.. asked.Select(a => references[a.Reference].Activation)], [.. asked.Select(a => population.Pool[a.Row])], _draw, cancel);
        var proposed = asked.Zip(given).ToDictionary(p => p.First, p => p.Second.Sum());
        return [.. near.Select((n, r) => n.Rows.Select(row => new ProposedText(
            row.Row, row.Distance, 0, proposed.GetValueOrDefault((r, row.Row), double.NegativeInfinity), population.Times(row.Row) * n.Factor)).ToArray())];
    }

    /// <summary>ln p of texts: as the task knows it, else as the backbone learnt it.</summary>
    private Dictionary<string, double> Priors(IEnumerable<string> texts, CancellationToken cancel)
    {
        var known = new Dictionary<string, double>(StringComparer.Ordinal);
        var learnt = new List<string>();
        foreach (var text in texts)
        {
            if (known.ContainsKey(text))
                continue;
            var exact = task.WhyInvalid(text) is not null ? double.NegativeInfinity : task.LogProbability(text);
            // A bank's text that the generator cannot write has q = 0, and its weight does not depend on p then.
            known.Add(text, exact ?? 0);
            if (exact is null && generator.CanWrite(text))
                learnt.Add(text);
        }

        foreach (var (text, tokens) in learnt.Zip(generator.LogPrior(learnt, cancel)))
            known[text] = tokens.Sum();
        return known;
    }

    /// <summary>What activations say of each token of their own texts.</summary>
    /// <param name="site">One that the generator was trained on.</param>
    /// <param name="references">Text ids and activations.</param>
    /// <returns>One for each reference; null for texts that the generator cannot write.</returns>
    public TextEvidence?[] Evidence(Site site, IReadOnlyList<(int Text, ReadOnlyMemory<float> Activation)> references, CancellationToken cancel)
    {
        int[] written = [.. Enumerable.Range(0, references.Count).Where(r => generator.CanWrite(population.Pool[references[r].Text]))];
        var told = generator.Evidence(
            generator.IndexOf(site)!.Value, [.. written.Select(r => references[r].Activation)], [.. written.Select(r => population.Pool[references[r].Text])], cancel);
        var all = new TextEvidence?[references.Count];
        foreach (var (r, of) in written.Zip(told))
            all[r] = of;
        return all;
    }
}
