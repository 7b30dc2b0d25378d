using System.Globalization;

namespace InverseScope.Torch.Training;

/// <summary>How a small target is made. training.json beside the shipped model names the options that made it.</summary>
public sealed record TrainingOptions
{
    /// <summary>Layers, from 1. Default 4.</summary>
    public int Layers { get; init; } = 4;

    /// <summary>Attention heads in each layer, from 1. Default 8.</summary>
    public int Heads { get; init; } = 8;

    /// <summary>Width of the residual stream, a multiple of <see cref="Heads"/>. Default 128.</summary>
    public int Width { get; init; } = 128;

    /// <summary>Optimizer steps, from 1. Default 3,000.</summary>
    public int Steps { get; init; } = 3_000;

    /// <summary>Texts in each step, from 1. Default 128.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>Largest learning rate; above 0. Default 0.001.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Steps over which the learning rate rises from 0 in a line; then it falls to 0 as a cosine. Default 200.</summary>
    public int WarmupSteps { get; init; } = 200;

    /// <summary>AdamW's decay, times the learning rate, of matrices; from 0. Default 0.1.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>
    /// Weight of the next-token loss over the rest of the text, where that of the answer is 1; from 0. Texts without an
    /// answer have this loss alone. Default 0.3.
    /// </summary>
    public double TextLossWeight { get; init; } = 0.3;

    /// <summary>
    /// Share of the answers that the first <see cref="FewAnswersSteps"/> steps are restricted to, above 0 to 1. Copying is
    /// learnt sooner from few words that come often, and carries over to the rest. Default 1.
    /// </summary>
    public double FewAnswersShare { get; init; } = 1;

    /// <summary>Steps restricted to few answers, from 0. Default 0.</summary>
    public int FewAnswersSteps { get; init; }

    /// <summary>Deviation of the random initial weights, positions included; above 0. Default 0.05.</summary>
    public double InitialDeviation { get; init; } = 0.05;

    /// <summary>Share of answers (with their rivals), or of texts without, that training never sees. Default 0.1.</summary>
    public double HeldOutShare { get; init; } = 0.1;

    /// <summary>Held-out texts in the measurement at the end; a tenth of them in those on the way. Default 5,000.</summary>
    public int EvaluationTexts { get; init; } = 5_000;

    /// <summary>Steps between measurements. Default 250.</summary>
    public int EvaluateEvery { get; init; } = 250;

    /// <summary>Steps between checkpoints from which a stopped training goes on. Default 250.</summary>
    public int CheckpointEvery { get; init; } = 250;

    /// <summary>Decides initial weights and texts. Default 1.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>All problems, each with its cure; empty if the options can be used.</summary>
    public IEnumerable<string> Check()
    {
        if (!(FewAnswersShare is > 0 and <= 1))
            yield return FormattableString.Invariant($"few_answers_share must be above 0 and at most 1, not {FewAnswersShare}.");
        if (FewAnswersSteps < 0)
            yield return FormattableString.Invariant($"few_answers_steps must be 0 or more, not {FewAnswersSteps}.");
        foreach (var (name, value) in new[]
            {
                ("layers", Layers), ("heads", Heads), ("width", Width), ("steps", Steps), ("batch_size", BatchSize),
                ("evaluation_texts", EvaluationTexts), ("evaluate_every", EvaluateEvery), ("checkpoint_every", CheckpointEvery),
            })
        {
            if (value < 1)
                yield return Text($"{name} must be 1 or more, not {value}.");
        }

        if (Heads > 0 && Width % Heads != 0)
            yield return Text($"width must be a multiple of heads: {Width} is none of {Heads}.");
        if (WarmupSteps < 0 || WarmupSteps > Steps)
            yield return Text($"warmup_steps must be from 0 to steps ({Steps}), not {WarmupSteps}.");
        if (!(LearningRate > 0) || !double.IsFinite(LearningRate))
            yield return Text($"learning_rate must be a number above 0, not {LearningRate}.");
        if (!(WeightDecay >= 0) || !double.IsFinite(WeightDecay))
            yield return Text($"weight_decay must be 0 or more, not {WeightDecay}.");
        if (!(TextLossWeight >= 0) || !double.IsFinite(TextLossWeight))
            yield return Text($"text_loss_weight must be 0 or more, not {TextLossWeight}.");
        if (!(InitialDeviation > 0) || !double.IsFinite(InitialDeviation))
            yield return Text($"initial_deviation must be a number above 0, not {InitialDeviation}.");
        if (!(HeldOutShare > 0 && HeldOutShare < 1))
            yield return Text($"held_out_share must be between 0 and 1, not {HeldOutShare}.");
    }

    /// <summary>Learning rate of a step, counted from 1: linear rise, then half a cosine down to 0.</summary>
    internal double RateAt(int step)
    {
        if (step <= WarmupSteps)
            return LearningRate * step / WarmupSteps;
        var share = (step - WarmupSteps) / (double)Math.Max(1, Steps - WarmupSteps);
        return LearningRate * 0.5 * (1 + Math.Cos(Math.PI * share));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
