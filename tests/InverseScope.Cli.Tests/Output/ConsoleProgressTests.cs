using InverseScope.Cli.Output;
using InverseScope.Core.Sampling;
using Microsoft.Extensions.Time.Testing;

namespace InverseScope.Cli.Tests.Output;

public sealed class ConsoleProgressTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly StringWriter _error = new();

    public void Dispose() => _error.Dispose();

    [Fact]
    public void Without_a_terminal_there_is_a_plain_line_every_few_seconds_at_most()
    {
        using var progress = new ConsoleProgress(_error, _clock, liveWidth: null);
        for (var second = 0; second <= 12; second++)
        {
            progress.Report(new WorkProgress("activations", second * 100, 2000, "texts"));
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(
            ["activations  0 of 2,000 texts", "activations  500 of 2,000 texts  100/s  15 s left", "activations  1,000 of 2,000 texts  100/s  10 s left"],
            _error.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void On_a_terminal_one_line_is_rewritten_and_removed_at_the_end()
    {
        using (var progress = new ConsoleProgress(_error, _clock, liveWidth: 100))
        {
            progress.Report(new WorkProgress("sites", 0, 4, "sites"));
            _clock.Advance(TimeSpan.FromSeconds(10));
            progress.Report(new WorkProgress("sites", 2, 4, "sites"));
        }

        Assert.Equal(
            "\rsites  ────────────────────  0 of 4 sites\u001b[K"
            + "\rsites  ━━━━━━━━━━──────────  2 of 4 sites  12.0/min  10 s left\u001b[K"
            + "\r\u001b[K",
            _error.ToString());
    }

    [Fact]
    public void A_live_line_never_wraps()
    {
        using var progress = new ConsoleProgress(_error, _clock, liveWidth: 30);
        progress.Report(new WorkProgress(new string('x', 80), 0, 4, "sites"));

        Assert.Equal(29, _error.ToString().Trim('\r').Replace("\u001b[K", "").Length);
    }

    [Theory]
    [InlineData(123, "held-out loss 1.606, learning what tells of activations  ━━━━━━━━━━──────────  3,000 of 6,000 steps  5/s  10 min 00 s left")]
    [InlineData(101, "held-out loss 1.606, learning what tells of activations  3,000 of 6,000 steps  5/s  10 min 00 s left")]
    [InlineData(80, "held-out loss 1.606, learning wha…  3,000 of 6,000 steps  5/s  10 min 00 s left")]
    [InlineData(50, "hel…  3,000 of 6,000 steps  5/s  10 min 00 s left")]
    [InlineData(44, "3,000 of 6,000 steps  5/s  10 min 00 s left")]
    [InlineData(30, "3,000 of 6,000 steps  5/s  1…")]
    public void Where_the_terminal_is_narrow_rate_and_time_left_are_kept(int width, string expected)
    {
        const string Stage = "held-out loss 1.606, learning what tells of activations";
        using var progress = new ConsoleProgress(_error, _clock, width);
        progress.Report(new WorkProgress(Stage, 0, 6000, "steps"));
        _clock.Advance(TimeSpan.FromMinutes(10));
        progress.Report(new WorkProgress(Stage, 3000, 6000, "steps"));

        var line = _error.ToString().Split('\r')[^1].Replace("\u001b[K", "");
        Assert.Equal(expected, line);
        Assert.True(line.Length < width);
    }

    [Fact]
    public void The_rate_counts_from_the_start_of_its_stage()
    {
        using var progress = new ConsoleProgress(_error, _clock, liveWidth: null);
        progress.Report(new WorkProgress("first", 1000, 1000, "texts"));
        _clock.Advance(TimeSpan.FromMinutes(1));
        progress.Report(new WorkProgress("second", 10, 0, "texts"));
        _clock.Advance(TimeSpan.FromSeconds(10));
        progress.Report(new WorkProgress("second", 110, 0, "texts"));

        Assert.EndsWith($"second  110 texts  10/s{Environment.NewLine}", _error.ToString());
    }

    [Theory]
    [InlineData(0.2, "1 s")]
    [InlineData(59, "59 s")]
    [InlineData(200, "3 min 20 s")]
    [InlineData(7500, "2 h 05 min")]
    [InlineData(100_000, "27 h 46 min")]
    public void Durations_are_said_as_people_say_them(double seconds, string expected) =>
        Assert.Equal(expected, Duration.Describe(TimeSpan.FromSeconds(seconds)));
}
