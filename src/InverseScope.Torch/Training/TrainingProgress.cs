namespace InverseScope.Torch.Training;

/// <summary>How far a training is.</summary>
/// <param name="Step">Steps made.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Loss">Weighted loss of the last step, nats.</param>
/// <param name="StepsPerSecond">Over this run.</param>
/// <param name="TimeLeft">At this rate.</param>
/// <param name="HeldOut">The last measurement on held-out texts; null before the first.</param>
public sealed record TrainingProgress(
    int Step, int Steps, double Loss, double StepsPerSecond, TimeSpan TimeLeft, AnswerAccuracy? HeldOut);
