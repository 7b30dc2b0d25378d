using InverseScope.Core;
using InverseScope.Core.Information;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Service.Compute;
using InverseScope.Sweeps.Evaluation;
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

    private const int LongestText = 10_000;

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
        using var thread = new TorchThread(threads: 1);
        var heat = set.Texts.Length == 0 ? [] : SampleGlimpse.Heat(thread, model, task, site, text, set, backend.Texts, seed, cancel);
        return new DrawnSamples(
            backend.Target.Name, backend.Target.ContentHash, task.Name, site.ToString(), text,
            task.WhyInvalid(text) is { } why ? $"It is no text of {task.Name}: {why}" : null, options, backend.Generator, set.Draws, set.Neighbours,
            set.Ess, set.Bits, set.Ess >= options.MinimumEss, heat, set.PriorGap, set.Tokens,
            [.. SampleGlimpse.Spread(set, order.N).Select(i => new DrawnSample(backend.Texts[set.Texts[i]], set.Weights[i], set.Distances[i]))]);
    }
}
