using System.Text.Json;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Models;

namespace InverseScope.Torch.Checks;

/// <summary>What both forms of golden.json share.</summary>
internal static class GoldenNumbers
{
    /// <summary>The numbers of an array, however deeply nested, in reading order.</summary>
    public static double[] Numbers(this JsonElement json)
    {
        var numbers = new List<double>();
        Collect(json, numbers);
        return [.. numbers];
    }

    /// <summary>Token ids, checked against the vocabulary.</summary>
    public static long[] Ids(this JsonElement json, TransformerConfig config)
    {
        var ids = json.EnumerateArray().Select(id => id.GetInt64()).ToArray();
        return ids.All(id => id >= 0 && id < config.Vocabulary)
            ? ids
            : throw new BadInputException($"golden.json has a token id that the model, with {config.Vocabulary}, has not.");
    }

    /// <summary>
    /// Outputs of all heads of a layer at one token, H × C, by the same way as activations are captured: coordinates in
    /// the basis of the row space, expanded again.
    /// </summary>
    public static float[] HeadOutputs(CausalTransformer network, int layer, long[] ids, int token, Basis basis)
    {
        var heads = Enumerable.Range(0, network.Config.Heads).ToArray();
        using var reader = new SiteReader(
            network, [.. heads.Select(head => new SiteAddress(SiteKind.Head, layer, head))], 1, basis);
        var read = reader.Read([Array.ConvertAll(ids, id => (int)id)], [[token]]);
        return [.. heads.SelectMany(head => reader.FullWidth(head, read[head][0]))];
    }

    /// <summary>The next token after the last of each row, taken again and again.</summary>
    /// <param name="rows">Prompts, one row for each text.</param>
    /// <param name="expected">Their continuations, all of one length.</param>
    /// <param name="logits">Scores of the last token of each row.</param>
    /// <returns>For each row its continuation, and the <see cref="Lead"/> where it first is another than expected; null where it never is.</returns>
    public static (long[] Tokens, double? Lead)[] Greedy(
        IReadOnlyList<long[]> rows, IReadOnlyList<long[]> expected, Func<IReadOnlyList<long[]>, Func<int, float[]>> logits)
    {
        var texts = rows.ToArray();
        var leads = new double?[texts.Length];
        for (var step = 0; step < expected[0].Length; step++)
        {
            var scores = logits(texts);
            for (var i = 0; i < texts.Length; i++)
            {
                var of = scores(i);
                var best = Best(of);
                if (best != expected[i][step])
                    leads[i] ??= Lead(of, expected[i][step]);
                texts[i] = [.. texts[i], best];
            }
        }

        return [.. texts.Select((text, i) => (text[rows[i].Length..], leads[i]))];
    }

    /// <summary>The token with the largest score.</summary>
    public static long Best(float[] scores) => Array.IndexOf(scores, scores.Max());

    /// <summary>By how much, as a share of the largest score's size, the best token comes before another.</summary>
    public static double Lead(float[] scores, long other) => (scores.Max() - scores[other]) / scores.Max(Math.Abs);

    private static void Collect(JsonElement json, List<double> numbers)
    {
        if (json.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in json.EnumerateArray())
                Collect(item, numbers);
        }
        else
        {
            numbers.Add(json.GetDouble());
        }
    }
}
