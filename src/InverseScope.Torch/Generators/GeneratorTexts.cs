using InverseScope.Core;
using InverseScope.Core.Information;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using static TorchSharp.torch;

namespace InverseScope.Torch.Generators;

/// <summary>A text that a generator wrote.</summary>
/// <param name="Text">
/// Null if it did not end, or is none that the generator's tokenizer would cut into these tokens.
/// </param>
/// <param name="LogProposal">Natural logarithm of the probability with which it was drawn.</param>
public readonly record struct DrawnText(string? Text, double LogProposal);

/// <summary>How a generator draws.</summary>
/// <param name="Temperature">Scores are divided by it; above 0.</param>
/// <param name="TopP">Share of the probability that is drawn from, the likeliest tokens first; above 0 to 1.</param>
public sealed record DrawOptions(double Temperature = 1, double TopP = 1);

/// <summary>What an activation says of its text.</summary>
/// <param name="Text">x̂.</param>
/// <param name="Tokens">Token by token, the end of the text last: log2 q − log2 p, with the backbone for p.</param>
/// <param name="LogPrior">ln p(x̂) as the backbone learnt it.</param>
public sealed record TextEvidence(string Text, IReadOnlyList<TokenBits> Tokens, double LogPrior)
{
    /// <summary>Sum over tokens.</summary>
    public double Bits => Tokens.Sum(t => t.Bits);

    /// <summary>log2 of the task's p(x̂) less what the backbone holds of it; null where the task does not tell p.</summary>
    public double? PriorGap(ITask task) => (task.LogProbability(Text) - LogPrior) / Math.Log(2);
}

/// <summary>Texts drawn from a generator, and the probabilities of given texts. Values in and out are plain.</summary>
public static class GeneratorTexts
{
    // Enough to keep the cores busy; more would only take memory.
    private const int RowsAtOnce = 4096;
    private const int TextsAtOnce = 512;

    /// <summary>Draws texts for activations of one site.</summary>
    /// <param name="site">The generator's number of the site.</param>
    /// <param name="activations">ẑ of each, (width).</param>
    /// <param name="random">A stream for each activation, on which alone its texts depend.</param>
    /// <param name="samples">Texts for each activation.</param>
    public static DrawnText[][] Draw(
        this Generator generator, int site, IReadOnlyList<ReadOnlyMemory<float>> activations, IReadOnlyList<RandomStream> random, int samples,
        DrawOptions options, CancellationToken cancel)
    {
        var found = new List<DrawnText[]>();
        var each = Math.Max(1, RowsAtOnce / samples);
        foreach (var chunk in Enumerable.Range(0, activations.Count).Chunk(each))
        {
            var values = Values(generator, site, chunk, activations);
            var written = generator.Compute(
                network =>
                {
                    using var scope = NewDisposeScope();
                    using var inference = inference_mode();
                    var told = network.Conditioning.Condition(SiteBatch.Of(site, values, chunk.Length));
                    return new TextSampler(network, generator.Tokens).Write(told, [.. chunk.Select(i => random[i])], samples, generator.Tokens.Choice(options), cancel);
                },
                cancel);
            found.AddRange(written.Select(of => Array.ConvertAll(of, w => new DrawnText(w.Ended ? generator.Tokens.Decode(w.Ids) : null, w.LogProbability))));
        }

        return [.. found];
    }

    /// <summary>Draws texts from the prior that the backbone learnt.</summary>
    public static DrawnText[] DrawPrior(this Generator generator, int samples, RandomStream random, CancellationToken cancel) =>
        [.. generator.Compute(network => new TextSampler(network, generator.Tokens).Write(null, [random], samples, generator.Tokens.Choice(new DrawOptions()), cancel), cancel)[0]
            .Select(w => new DrawnText(w.Ended ? generator.Tokens.Decode(w.Ids) : null, w.LogProbability))];

    /// <summary>Whether the generator could write a text: its vocabulary and its context hold it, just as it is.</summary>
    public static bool CanWrite(this Generator generator, string text)
    {
        int[] ids;
        try
        {
            ids = generator.Tokens.Encode(text);
        }
        catch (BadInputException)
        {
            return false;
        }

        return ids.Length <= generator.Context && generator.Tokens.Decode(ids.AsSpan()[1..^1]) == text;
    }

    /// <summary>What activations say of their texts by the generator.</summary>
    /// <param name="activations">ẑ for each text.</param>
    /// <exception cref="BadInputException">A text that its vocabulary cannot hold, or that is longer than its context.</exception>
    public static TextEvidence[] Evidence(
        this Generator generator, int site, IReadOnlyList<ReadOnlyMemory<float>> activations, IReadOnlyList<string> texts, CancellationToken cancel)
    {
        var given = LogGiven(generator, site, activations, texts, new DrawOptions(), cancel);
        var prior = LogPrior(generator, texts, cancel);
        return [.. texts.Select((text, i) =>
        {
            (string, int)[] pieces = [.. generator.Tokens.Pieces(text), ("", text.Length)];
            return new TextEvidence(
                text, [.. pieces.Select((piece, t) => new TokenBits(piece.Item1, piece.Item2, (given[i][t] - prior[i][t]) / Math.Log(2)))], prior[i].Sum());
        })];
    }

    /// <summary>ln p of each token of texts under the prior that the backbone learnt.</summary>
    /// <exception cref="BadInputException">A text that its vocabulary cannot hold, or that is longer than its context.</exception>
    public static double[][] LogPrior(this Generator generator, IReadOnlyList<string> texts, CancellationToken cancel) => ByChunk(
        generator, texts, (network, chunk, ids) => network.LogProbabilities(ids, null, generator.Tokens.Choice(new DrawOptions())), cancel);

    /// <summary>ln q of each token of texts, as they would be drawn.</summary>
    /// <exception cref="BadInputException">A text that its vocabulary cannot hold, or that is longer than its context.</exception>
    public static double[][] LogGiven(
        this Generator generator, int site, IReadOnlyList<ReadOnlyMemory<float>> activations, IReadOnlyList<string> texts, DrawOptions options,
        CancellationToken cancel) => ByChunk(
            generator,
            texts,
            (network, chunk, ids) =>
            {
                using var scope = NewDisposeScope();
                using var inference = inference_mode();
                var told = network.Conditioning.Condition(SiteBatch.Of(site, Values(generator, site, chunk, activations), chunk.Length));
                return network.LogProbabilities(ids, told, generator.Tokens.Choice(options));
            },
            cancel);

    /// <exception cref="BadInputException">An activation of another width than the site's, or one that is not finite.</exception>
    private static float[] Values(Generator generator, int site, int[] chunk, IReadOnlyList<ReadOnlyMemory<float>> activations)
    {
        var width = generator.Record.SiteWidths[site];
        foreach (var i in chunk)
        {
            if (activations[i].Length != width)
            {
                throw new BadInputException(
                    $"An activation has {activations[i].Length} numbers; at {generator.Record.Sites[site]} the generator takes {width}.", "It is of another target, or another basis; take the generator of that.");
            }

            foreach (var value in activations[i].Span)
            {
                if (!float.IsFinite(value))
                    throw new BadInputException($"An activation at {generator.Record.Sites[site]} holds {value}.", "Its target computes no finite numbers there.");
            }
        }

        return [.. chunk.SelectMany(i => activations[i].ToArray())];
    }

    private static double[][] ByChunk(
        Generator generator, IReadOnlyList<string> texts, Func<GeneratorNetwork, int[], int[][], double[][]> work, CancellationToken cancel)
    {
        var found = new List<double[]>();
        foreach (var chunk in Enumerable.Range(0, texts.Count).Chunk(TextsAtOnce))
        {
            cancel.ThrowIfCancellationRequested();
            var ids = Array.ConvertAll(chunk, i => generator.Tokens.Encode(texts[i]));
            found.AddRange(generator.Compute(network => work(network, chunk, ids), cancel));
        }

        return [.. found];
    }
}
