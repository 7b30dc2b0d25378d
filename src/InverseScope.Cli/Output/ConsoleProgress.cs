using System.Globalization;
using InverseScope.Core.Sampling;

namespace InverseScope.Cli.Output;

/// <summary>
/// Progress of long work on standard error: on a terminal one line that is rewritten, otherwise a plain line now and
/// then. Thread-safe.
/// </summary>
internal sealed class ConsoleProgress : IProgress<WorkProgress>, IDisposable
{
    private const int BarWidth = 20;
    private const string Gap = "  ";
    private static readonly TimeSpan LiveInterval = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);

    // A rate from the first moments is mostly start-up.
    private static readonly TimeSpan ShortestForRate = TimeSpan.FromSeconds(0.5);

    private readonly Lock _lock = new();
    private readonly TextWriter _error;
    private readonly TimeProvider _clock;
    private readonly int? _liveWidth;
    private string? _stage;
    private long _doneAtStart;
    private long _stageStart;
    private long? _lastShown;
    private bool _lineIsLive;

    /// <param name="error">Where to write.</param>
    /// <param name="clock">For rates and intervals.</param>
    /// <param name="liveWidth">Columns of the terminal; null if there is none.</param>
    public ConsoleProgress(TextWriter error, TimeProvider clock, int? liveWidth) =>
        (_error, _clock, _liveWidth) = (error, clock, liveWidth);

    public void Report(WorkProgress value)
    {
        lock (_lock)
        {
            var now = _clock.GetTimestamp();
            if (value.Stage != _stage)
                (_stage, _stageStart, _doneAtStart) = (value.Stage, now, value.Done);
            var interval = _liveWidth is null ? PlainInterval : LiveInterval;
            if (_lastShown is { } last && _clock.GetElapsedTime(last, now) < interval)
                return;
            _lastShown = now;
            Show(value, _clock.GetElapsedTime(_stageStart, now));
        }
    }

    /// <summary>Removes the live line, so that what is written next starts on a clean one.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_lineIsLive)
                _error.Write("\r\u001b[K");
            _lineIsLive = false;
        }
    }

    private void Show(WorkProgress value, TimeSpan elapsed)
    {
        var numbers = Numbers(value, elapsed);
        if (_liveWidth is not { } width)
        {
            _error.WriteLine(string.Join(Gap, [value.Stage, .. numbers]));
            return;
        }

        _error.Write($"\r{Fitted(value, numbers, Math.Max(10, width - 1))}\u001b[K");
        _lineIsLive = true;
    }

    // Where it is narrow, the bar goes first, then the end of the stage, and the time that is left last.
    private static string Fitted(WorkProgress value, List<string> numbers, int room)
    {
        var rest = string.Join(Gap, numbers);
        var (withBar, without) = (string.Join(Gap, value.Stage, Bar(value), rest), string.Join(Gap, value.Stage, rest));
        if (value.Total > 0 && withBar.Length <= room)
            return withBar;
        if (without.Length <= room)
            return without;
        var forStage = room - rest.Length - Gap.Length - 1;
        if (forStage > 0)
            return $"{value.Stage[..forStage]}…{Gap}{rest}";
        return rest.Length <= room ? rest : rest[..(room - 1)] + "…";
    }

    private List<string> Numbers(WorkProgress value, TimeSpan elapsed)
    {
        List<string> parts =
        [
            value.Total > 0
                ? Invariant($"{value.Done:N0} of {value.Total:N0} {value.Unit}")
                : Invariant($"{value.Done:N0} {value.Unit}"),
        ];
        var gained = value.Done - _doneAtStart;
        if (gained > 0 && elapsed >= ShortestForRate)
        {
            var rate = gained / elapsed.TotalSeconds;
            parts.Add(rate >= 1 ? Invariant($"{rate:N0}/s") : Invariant($"{rate * 60:N1}/min"));
            if (value.Total > value.Done)
                parts.Add($"{Duration.Describe(TimeSpan.FromSeconds((value.Total - value.Done) / rate))} left");
        }

        return parts;
    }

    private static string Bar(WorkProgress value)
    {
        var full = (int)(Math.Clamp((double)value.Done / Math.Max(1, value.Total), 0, 1) * BarWidth);
        return new string('━', full) + new string('─', BarWidth - full);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
