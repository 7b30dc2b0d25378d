using InverseScope.Core.Information;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>What people are shown of the samples of one reference: a choice of them, and which tokens they keep.</summary>
public static class SampleGlimpse
{
    private const int PriorTextsForHeat = 4000;

    // Of very many neighbours the heaviest decide the heat map.
    private const int SamplesForHeat = 20_000;

    /// <summary>The heat map of the reference's tokens, through the site's own.</summary>
    /// <param name="model">Whose tokens they are; it reads texts here and computes nothing.</param>
    /// <param name="text">The reference, which has the site's position.</param>
    /// <param name="set">Its samples, at least one.</param>
    public static IReadOnlyList<TokenHeat> Heat(
        TorchThread thread, ModelEntry model, ITask task, Site site, string text, SampleSet set, TextPool texts, RunSeed seed, CancellationToken cancel)
    {
        using var target = TargetModel.Open(model.Folder, thread, model.Name, format: (task as TextFileTask)?.Format);
        string[] Tokens(string of)
        {
            cancel.ThrowIfCancellationRequested();
            var tokenized = target.Tokenize(of);
            return [.. Enumerable.Range(0, tokenized.Ids.Length).Select(i => tokenized.Piece(i).ToString())];
        }

        var random = seed.Stream("heat");
        var prior = Enumerable.Range(0, PriorTextsForHeat).Select(_ => Tokens(task.Draw(random))).ToArray();
        var samples = Enumerable.Range(0, set.Texts.Length)
            .OrderByDescending(i => set.Weights[i])
            .Take(SamplesForHeat)
            .Select(i => new WeightedTokens(Tokens(texts[set.Texts[i]]), set.Weights[i]))
            .ToArray();

        // What comes after the site's token is unknown to it.
        var read = site.Position.Resolve(target.Tokenize(text), task)!.Value + 1;
        return TokenHeatMap.Of(Tokens(text)[..read], samples, prior, set.Ess);
    }

    /// <summary>Samples spread evenly over the weight, nearest first: they show the far ones in their due share.</summary>
    /// <returns>Indices into the set, at most <paramref name="count"/>.</returns>
    public static IEnumerable<int> Spread(SampleSet set, int count)
    {
        var order = Enumerable.Range(0, set.Texts.Length).OrderBy(i => set.Distances[i]).ToArray();
        if (order.Length <= count)
            return order;
        var chosen = new List<int>();
        double cumulated = 0;
        foreach (var i in order)
        {
            cumulated += set.Weights[i];
            if (cumulated > (chosen.Count + 0.5) / count && chosen.Count < count)
                chosen.Add(i);
        }

        return chosen;
    }
}
