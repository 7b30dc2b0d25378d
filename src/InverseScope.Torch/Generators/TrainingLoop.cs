using System.Globalization;
using System.Text.Json;
using InverseScope.Core;
using InverseScope.Torch.Training;
using static TorchSharp.torch;
using AdamW = InverseScope.Torch.Training.AdamW;
using Parameter = TorchSharp.Modules.Parameter;

namespace InverseScope.Torch.Generators;

/// <summary>How long one stage of a training lasts and how fast it learns.</summary>
/// <param name="Steps">At most.</param>
/// <param name="WarmupSteps">Over which the rate rises; then it falls to 0 as a cosine.</param>
internal sealed record TrainingSchedule(
    int Steps, double LearningRate, int WarmupSteps, double WeightDecay, int EvaluateEvery, int Patience, int CheckpointEvery)
{
    /// <summary>Learning rate of a step, counted from 1.</summary>
    public double RateAt(int step)
    {
        var warmup = Math.Min(WarmupSteps, Steps / 2);
        return step <= warmup
            ? LearningRate * step / warmup
            : LearningRate * 0.5 * (1 + Math.Cos(Math.PI * (step - warmup) / Math.Max(1, Steps - warmup)));
    }
}

/// <summary>How a stage of a training went.</summary>
/// <param name="Steps">Steps made.</param>
/// <param name="BestStep">The step whose weights were kept, 0 for those it began with.</param>
/// <param name="HeldOutLoss">Loss of those on held-out texts, nats a token.</param>
/// <param name="FirstLoss">The same before the first step.</param>
public sealed record TrainingCourse(int Steps, int BestStep, double HeldOutLoss, double FirstLoss);

/// <summary>How far a generator's training is.</summary>
/// <param name="Stage">What is trained, in a few words.</param>
/// <param name="Step">Steps made.</param>
/// <param name="Steps">Steps at most.</param>
/// <param name="HeldOutLoss">The last measured, nats a token.</param>
public sealed record GeneratorProgress(string Stage, int Step, int Steps, double HeldOutLoss);

/// <summary>
/// Trains parameters until their steps are up or the held-out loss has stopped falling, and leaves them as they were when
/// it was lowest. Stopped anywhere, it goes on from its last checkpoint to the same result.
/// </summary>
internal sealed class TrainingLoop(string stage, TrainingCheckpoint checkpoint, IProgress<GeneratorProgress>? progress, CancellationToken cancel)
{
    private const double GradientNorm = 1;
    private const int ProgressEvery = 10;

    /// <param name="loss">The loss of a step, counted from 1; depends on the step, the parameters and the allocation alone.</param>
    /// <param name="heldOutLoss">The same number for the same weights.</param>
    /// <param name="allocation">Looks at the sites whenever the held-out loss is measured; null where they are all alike.</param>
    /// <exception cref="BadInputException">The loss is no number any more.</exception>
    /// <exception cref="OperationCanceledException">Stopped; the state after the last step is kept.</exception>
    public TrainingCourse Run(
        IReadOnlyList<(string Name, Parameter Parameter)> parameters, TrainingSchedule schedule, Func<int, Tensor> loss, Func<double> heldOutLoss,
        SiteAllocation? allocation = null)
    {
        using var scope = NewDisposeScope();
        using var optimizer = new AdamW(parameters, schedule.WeightDecay);
        var best = parameters.Select(p => (Name: $"best.{p.Name}", Values: Copy(p.Parameter))).ToArray();
        var state = optimizer.Tensors.Concat(best).ToArray();
        var (done, remembered) = checkpoint.Restore(state);
        var memory = remembered.Length > 0 ? JsonSerializer.Deserialize<Memory>(remembered)! : Memory.Begin(heldOutLoss());
        if (allocation is not null)
            allocation.Shares = memory.Shares;
        void Save(int step) => checkpoint.Save(state, step, JsonSerializer.Serialize(memory with { Shares = allocation?.Shares }));
        void StopIfAsked(int step)
        {
            if (!cancel.IsCancellationRequested)
                return;
            Save(step);
            cancel.ThrowIfCancellationRequested();
        }

        void Look(int step)
        {
            try
            {
                allocation?.Look(step);
                memory = memory with { IsToLook = false };
            }
            catch (OperationCanceledException)
            {
                Save(step);
                throw;
            }
        }

        if (memory.IsToLook)
            Look(done);
        for (var step = done + 1; step <= schedule.Steps && memory.SinceBest < schedule.Patience; step++)
        {
            StopIfAsked(step - 1);
            Step(optimizer, parameters, loss, step, schedule.RateAt(step));
            done = step;
            if (step % schedule.EvaluateEvery == 0 || step == schedule.Steps)
            {
                memory = Judged(memory, heldOutLoss(), step, parameters, best) with { IsToLook = allocation is not null && step < schedule.Steps };
                if (memory.IsToLook)
                    Look(step);
            }

            if (step % schedule.CheckpointEvery == 0)
                Save(step);
            if (step % ProgressEvery == 0 || step == schedule.Steps)
                progress?.Report(new GeneratorProgress(stage, step, schedule.Steps, memory.Latest));
        }

        StopIfAsked(done);
        using var frozen = no_grad();
        foreach (var ((_, parameter), (_, values)) in parameters.Zip(best))
            parameter.copy_(values);
        return new TrainingCourse(done, memory.BestStep, memory.Best, memory.First);
    }

    private void Step(
        AdamW optimizer, IReadOnlyList<(string Name, Parameter Parameter)> parameters, Func<int, Tensor> loss, int step, double rate)
    {
        using var scope = NewDisposeScope();
        foreach (var (_, parameter) in parameters)
            parameter.grad?.zero_();
        var value = loss(step);
        value.backward();
        // What is frozen by now has no gradient in a training that goes on from here, and must not count in one that came here.
        var norm = nn.utils.clip_grad_norm_(parameters.Select(p => p.Parameter).Where(p => p.requires_grad), GradientNorm);
        if (!double.IsFinite(norm))
        {
            throw new BadInputException(
                string.Create(CultureInfo.InvariantCulture, $"The training of {stage} diverged at step {step}: its gradient is {norm}."),
                "Lower the learning rate.");
        }

        optimizer.Step(step, rate);
    }

    private static Memory Judged(
        Memory memory, double loss, int step, IReadOnlyList<(string Name, Parameter Parameter)> parameters, (string Name, Tensor Values)[] best)
    {
        if (!(loss < memory.Best))
            return memory with { Latest = loss, SinceBest = memory.SinceBest + 1 };
        using var frozen = no_grad();
        foreach (var ((_, parameter), (_, values)) in parameters.Zip(best))
            values.copy_(parameter);
        return memory with { Latest = loss, Best = loss, BestStep = step, SinceBest = 0 };
    }

    private static Tensor Copy(Parameter parameter)
    {
        using var frozen = no_grad();
        return parameter.detach().clone();
    }

    private sealed record Memory(double First, double Latest, double Best, int BestStep, int SinceBest)
    {
        /// <summary>See <see cref="SiteAllocation.Shares"/>.</summary>
        public double[]? Shares { get; init; }

        /// <summary>Whether it was stopped before it had looked at its sites.</summary>
        public bool IsToLook { get; init; }

        public static Memory Begin(double loss) => new(loss, loss, loss, 0, 0);
    }
}
