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
    /// <param name="logits">Scores of the last token of each row.</param>
    public static long[][] Greedy(
        IReadOnlyList<long[]> rows, int steps, Func<IReadOnlyList<long[]>, Func<int, float[]>> logits)
    {
        var texts = rows.ToArray();
        for (var step = 0; step < steps; step++)
        {
            var scores = logits(texts);
            texts = [.. texts.Select((text, i) => (long[])[.. text, Best(scores(i))])];
        }

        return [.. texts.Select((text, i) => text[rows[i].Length..])];
    }

    private static long Best(float[] scores) => Array.IndexOf(scores, scores.Max());

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
