using InverseScope.Core;
using InverseScope.Core.Information;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Service.Compute;
using InverseScope.Sweeps;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;

namespace InverseScope.Service.Desk;

/// <summary>Inverted samples that somebody asks for.</summary>
public sealed record SampleOrder
{
    /// <summary>Name of the target.</summary>
    public required string Model { get; init; }

    /// <summary>Name of the prior.</summary>
    public required string Task { get; init; }

    /// <summary>The activation, e.g. <c>L0H1@last</c>.</summary>
    public required string Site { get; init; }

    /// <summary>The reference text; null draws one from the task.</summary>
    public string? Text { get; init; }

    /// <summary>Samples to show, 1 to 10,000. Default 10.</summary>
    public int N { get; init; } = 10;

    /// <summary>Of all chance in it. Default 1.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>As plans have them; those left out have a plan's defaults. Null: every neighbour in a bank, with its exact weight.</summary>
    public MeasurementOptions? Measurement { get; init; }
}

/// <summary>What lies near the activation of one text.</summary>
/// <param name="Note">What to know of the reference; null if nothing.</param>
/// <param name="Measured">Whether there are enough neighbours for a measurement; else it is a glimpse.</param>
/// <param name="Tokens">What the samples keep of the reference's tokens, up to the site's.</param>
/// <param name="TokenBits">What the activation says of each token, by a generator; null without one.</param>
/// <param name="Samples">Spread evenly over the weight, nearest first.</param>
public sealed record DrawnSamples(
    string Model, string ModelHash, string Task, string Site, string Reference, string? Note, MeasurementOptions Measurement,
    GeneratorDescription? Generator, DrawCounts? Draws, int Neighbours, double Ess, double? Bits, bool Measured,
    IReadOnlyList<TokenHeat> Tokens, double? PriorGap, IReadOnlyList<TokenBits>? TokenBits, IReadOnlyList<DrawnSample> Samples);

/// <param name="Weight">Among all neighbours, 0 to 1.</param>
/// <param name="Distance">Of its activation to the reference's.</param>
public sealed record DrawnSample(string Text, double Weight, double Distance);

/// <summary>Inverted samples on demand, as the command <c>sample</c> gives them.</summary>
public sealed class SampleDesk(Workspace workspace, ICompute compute)
{
    private const int MostShown = 10_000;
    private const int PriorTextsForHeat = 4000;

    private const int LongestText = 10_000;

    // Of very many neighbours the heaviest decide the heat map.
    private const int SamplesForHeat = 20_000;

    /// <exception cref="BadInputException">The order, its model, task, site or text cannot be used.</exception>
    public DrawnSamples Draw(SampleOrder order, CancellationToken cancel)
    {
        if (order.N is < 1 or > MostShown)
            throw new BadInputException($"n must be from 1 to {MostShown}, found {order.N}.");
        if (order.Text?.Length > LongestText)
            throw new BadInputException($"text has {order.Text.Length:N0} characters; at most {LongestText:N0} are read.");
        var options = order.Measurement ?? new MeasurementOptions { Samples = 0 };
        MeasurementCheck.Check(workspace, options);
        var model = Named.Model(workspace, order.Model);
        var task = Named.Task(workspace, order.Task);
        var seed = new RunSeed(order.Seed);
        var text = order.Text ?? task.Draw(seed.Stream("task-sample"));
        using var backend = compute.Open(model.Name, TargetWeights.Trained, task, options, seed);
        var site = SitePattern.ExpandAll([order.Site], backend.Target.Layers, backend.Target.Heads, null, task) is [var one]
            ? one
            : throw new BadInputException($"'{order.Site}' names several sites.", "Name one, as in L0H1@last.");
        backend.Prepare([site], null, cancel);
        var set = backend.Sample(site, [text], "sample", cancel).Sets.SingleOrDefault()
            ?? throw new BadInputException($"'{text}' has no position {site.Position}.", "Give another text, or another position.");
        var heat = set.Texts.Length == 0 ? [] : Heat(backend, model, task, site, text, set, seed, cancel);
        return new DrawnSamples(
            backend.Target.Name, backend.Target.ContentHash, task.Name, site.ToString(), text,
            task.WhyInvalid(text) is { } why ? $"It is no text of {task.Name}: {why}" : null, options, backend.Generator, set.Draws, set.Neighbours,
            set.Ess, set.Bits, set.Ess >= options.MinimumEss, heat, set.PriorGap, set.Tokens,
            [.. Spread(set, order.N).Select(i => new DrawnSample(backend.Texts[set.Texts[i]], set.Weights[i], set.Distances[i]))]);
    }

    private static IReadOnlyList<TokenHeat> Heat(
        IInversionBackend backend, ModelEntry model, ITask task, Site site, string text, SampleSet set, RunSeed seed, CancellationToken cancel)
    {
        // It reads texts here and computes nothing.
        using var thread = new TorchThread(threads: 1);
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
            .Select(i => new WeightedTokens(Tokens(backend.Texts[set.Texts[i]]), set.Weights[i]))
            .ToArray();
        // What comes after the site's token is unknown to it.
        var read = site.Position.Resolve(target.Tokenize(text), task)!.Value + 1;
        return TokenHeatMap.Of(Tokens(text)[..read], samples, prior, set.Ess);
    }

    // Samples at equal steps of the weight show the far ones in their due share.
    private static IEnumerable<int> Spread(SampleSet set, int count)
    {
        int[] order = [.. Enumerable.Range(0, set.Texts.Length).OrderBy(i => set.Distances[i])];
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
