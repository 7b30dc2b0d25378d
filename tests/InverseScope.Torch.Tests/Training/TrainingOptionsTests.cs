using InverseScope.Torch.Training;

namespace InverseScope.Torch.Tests.Training;

public sealed class TrainingOptionsTests
{
    [Fact]
    public void The_defaults_can_be_used() => Assert.Empty(new TrainingOptions().Check());

    [Fact]
    public void Every_problem_is_told_at_once()
    {
        var problems = new TrainingOptions
        {
            Layers = 0,
            Heads = 3,
            Width = 128,
            Steps = 10,
            WarmupSteps = 11,
            LearningRate = double.NaN,
            WeightDecay = -1,
            TextLossWeight = -0.1,
            InitialDeviation = 0,
            HeldOutShare = 1,
            BatchSize = -5,
        }.Check().ToList();
        Assert.Equal(
            [
                "layers must be 1 or more, not 0.",
                "batch_size must be 1 or more, not -5.",
                "width must be a multiple of heads: 128 is none of 3.",
                "warmup_steps must be from 0 to steps (10), not 11.",
                "learning_rate must be a number above 0, not NaN.",
                "weight_decay must be 0 or more, not -1.",
                "text_loss_weight must be 0 or more, not -0.1.",
                "initial_deviation must be a number above 0, not 0.",
                "held_out_share must be between 0 and 1, not 1.",
            ],
            problems);
    }

    [Theory]
    [InlineData(1, 0.01)]
    [InlineData(5, 0.05)]
    [InlineData(10, 0.1)]
    [InlineData(15, 0.05)]
    [InlineData(20, 0)]
    public void The_learning_rate_rises_in_a_line_and_falls_as_a_cosine(int step, double rate) =>
        Assert.Equal(rate, new TrainingOptions { Steps = 20, WarmupSteps = 10, LearningRate = 0.1 }.RateAt(step), 1e-12);
}
