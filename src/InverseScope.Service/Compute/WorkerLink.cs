using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using InverseScope.Core;
using InverseScope.Core.Sampling;

namespace InverseScope.Service.Compute;

/// <summary>The worker ended before it answered.</summary>
internal sealed class WorkerDiedException(string message) : Exception(message);

/// <summary>The service's side of one worker process, from its start to its end. Calls may come from several threads.</summary>
internal sealed class WorkerLink : IDisposable
{
    private const int LinesKept = 20;
    private const int SignalBase = 128;
    private const int BeatsInSilence = 6;
    private static readonly TimeSpan StartsWithin = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(5);

    // Native work looks at a wish to cancel between batches; who ends the service does not wait for a long one.
    private static readonly TimeSpan CancelsWithin = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _silence;
    private readonly WorkerStream _stream;
    private readonly Action<string> _passOn;
    private readonly ConcurrentDictionary<long, BlockingCollection<WorkerFrame>> _calls = [];
    private readonly ConcurrentDictionary<long, WorkerTexts> _texts = [];
    private readonly Queue<string> _lines = [];
    private readonly TaskCompletionSource<WorkerMessage> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private ITimer? _heart;
    private long _lastId;
    private long _heard;
    private int _asking;
    private int _disposed;
    private volatile string? _death;

    private WorkerLink(Process process, TimeSpan silence, TimeProvider clock, Action<string> passOn)
    {
        (_process, _silence, _clock, _passOn, ProcessId) = (process, silence, clock, passOn, process.Id);
        _stream = new WorkerStream(process.StandardOutput.BaseStream, process.StandardInput.BaseStream);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginErrorReadLine();
        new Thread(Listen) { IsBackground = true, Name = "worker" }.Start();
    }

    /// <summary>Where it computes; once <see cref="Start"/> returned.</summary>
    public string Device { get; private set; } = "";

    public int ProcessId { get; }

    /// <summary>Why it ended; null while it runs.</summary>
    public string? Death => _death;

    /// <summary>Memory that the process holds; null once it ended.</summary>
    public long? ResidentBytes
    {
        get
        {
            try
            {
                _process.Refresh();
                return _process.WorkingSet64;
            }
            catch (InvalidOperationException)
            {
                return null;
            }
        }
    }

    /// <summary>Starts a process and waits until it can compute.</summary>
    /// <param name="silence">How long it may give no sign of life once it runs; it is killed then.</param>
    /// <param name="passOn">Told each line of its standard error, from another thread.</param>
    /// <exception cref="OutsideServiceException">There is no such program.</exception>
    /// <exception cref="BadInputException">It cannot compute where it shall.</exception>
    /// <exception cref="WorkerDiedException">It ended.</exception>
    public static WorkerLink Start(WorkerLaunch launch, TimeSpan silence, TimeProvider clock, Action<string> passOn)
    {
        Process process;
        try
        {
            process = Process.Start(launch.Start())!;
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            throw new OutsideServiceException($"The worker '{launch.File}' cannot be started: {e.Message}", e);
        }

        var link = new WorkerLink(process, silence, clock, passOn);
        try
        {
            if (!link._ready.Task.Wait(StartsWithin))
                link.End($"it was not ready within {StartsWithin.TotalSeconds:0} s");
            link.Device = link._ready.Task.GetAwaiter().GetResult() switch
            {
                ReadyTold ready => ready.Device,
                FaultAnswer fault => throw fault.Thrown(CancellationToken.None),
                var other => throw new InvalidOperationException($"'{other.GetType().Name}' is no beginning."),
            };
            link.Listens();
            return link;
        }
        catch (AggregateException e)
        {
            link.Dispose();
            throw e.InnerException!;
        }
        catch
        {
            link.Dispose();
            throw;
        }
    }

    /// <summary>The id of the next call.</summary>
    public long NextId() => Interlocked.Increment(ref _lastId);

    /// <summary>Has the texts of a backend that is opened put into a pool.</summary>
    public void Mirror(long backend, WorkerTexts texts) => _texts[backend] = texts;

    public void Forget(long backend) => _texts.TryRemove(backend, out _);

    /// <summary>Sends a call and waits for its answer.</summary>
    /// <param name="part">Given, in the caller's thread, what comes before the answer, other than progress.</param>
    /// <exception cref="WorkerDiedException">The worker ended first.</exception>
    public WorkerFrame Call(WorkerMessage call, IProgress<WorkProgress>? progress, Action<WorkerFrame>? part, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        using var arrived = new BlockingCollection<WorkerFrame>();
        _calls[call.Id] = arrived;
        try
        {
            Send(call);
            using var wish = cancel.Register(() => Send(new CancelCall(call.Id)));
            while (true)
            {
                var frame = Next(arrived, cancel);
                switch (frame.Message)
                {
                    case ProgressTold told:
                        progress?.Report(told.Progress);
                        break;
                    case SetTold:
                        part?.Invoke(frame);
                        break;
                    case FaultAnswer fault:
                        throw fault.Thrown(cancel);
                    default:
                        return frame;
                }
            }
        }
        finally
        {
            // Under the lock nobody adds to it any more.
            lock (_lock)
                _calls.TryRemove(call.Id, out _);
        }
    }

    /// <summary>Sends a call whose answer nobody waits for.</summary>
    public void Post(WorkerMessage call) => Send(call);

    /// <summary>Lets the process end, and ends it if it does not.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _heart?.Dispose();
        End("the service ended it");
        _process.Dispose();
    }

    // It answers beside what it computes: where it does not, nothing it was asked for will ever come.
    private void Listens()
    {
        Interlocked.Exchange(ref _heard, _clock.GetTimestamp());
        _heart = _clock.CreateTimer(_ => Beat(), null, _silence / BeatsInSilence, _silence / BeatsInSilence);
    }

    private void Beat()
    {
        if (_death is not null)
            return;
        if (_clock.GetElapsedTime(Interlocked.Read(ref _heard)) > _silence)
        {
            _death ??= string.Create(CultureInfo.InvariantCulture, $"silence: it gave no sign of life for {_silence.TotalSeconds:0.#} s, and was killed");
            try
            {
                _process.Kill();
            }
            catch (InvalidOperationException)
            {
                // Disposed meanwhile.
            }

            return;
        }

        // A pipe that nobody reads fills up; one beat that waits for it is enough.
        if (Interlocked.Exchange(ref _asking, 1) != 0)
            return;
        Send(new PingCall(NextId()));
        Interlocked.Exchange(ref _asking, 0);
    }

    private void End(string why)
    {
        _death ??= why;
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended already.
        }

        if (!_process.WaitForExit(EndsWithin))
            _process.Kill();
        FailCalls();
    }

    private WorkerFrame Next(BlockingCollection<WorkerFrame> arrived, CancellationToken cancel)
    {
        WorkerFrame frame;
        bool has;
        try
        {
            has = arrived.TryTake(out frame, Timeout.Infinite, cancel);
        }
        catch (OperationCanceledException)
        {
            // What is under way is its own; the answer, which comes later, is thrown away.
            if (!arrived.TryTake(out frame, CancelsWithin))
                throw;
            has = true;
        }

        return has ? frame : throw new WorkerDiedException(_death!);
    }

    private void Send(WorkerMessage message)
    {
        try
        {
            _stream.Write(message);
        }
        catch (IOException)
        {
            // It ended, which the listening side finds out.
        }

        if (_death is not null)
            FailCalls();
    }

    private void Listen()
    {
        string what;
        try
        {
            while (_stream.Read() is { } frame)
            {
                Interlocked.Exchange(ref _heard, _clock.GetTimestamp());
                Take(frame);
            }

            what = "its output ended";
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ObjectDisposedException)
        {
            what = e.Message;
        }

        Died(what);
        _ready.TrySetException(new WorkerDiedException(_death!));
        FailCalls();
    }

    private void Take(WorkerFrame frame)
    {
        switch (frame.Message)
        {
            case ReadyTold or FaultAnswer { Id: 0 }:
                _ready.TrySetResult(frame.Message);
                break;
            case TextsTold told:
                if (_texts.TryGetValue(told.Backend, out var texts))
                    texts.Add(told.Texts);
                break;
            default:
                lock (_lock)
                {
                    if (_calls.TryGetValue(frame.Message.Id, out var arrived) && !arrived.IsAddingCompleted)
                        arrived.Add(frame);
                }

                break;
        }
    }

    // Its calls end without an answer.
    private void FailCalls()
    {
        lock (_lock)
        {
            foreach (var arrived in _calls.Values)
                arrived.CompleteAdding();
        }
    }

    private string Died(string what)
    {
        if (_death is { } known)
            return known;
        try
        {
            // What writes garbage does not end by itself.
            if (!_process.WaitForExit(TimeSpan.FromSeconds(1)))
                _process.Kill();
            // Until its standard error is read to the end.
            _process.WaitForExit();
            what = ExitOf(_process.ExitCode, what);
        }
        catch (InvalidOperationException)
        {
            // Disposed meanwhile.
        }

        lock (_lock)
        {
            if (_lines.Count > 0)
                what = $"{what}; its last words: {string.Join(" | ", _lines)}";
        }

        return _death ??= what;
    }

    private static string ExitOf(int code, string otherwise) => code switch
    {
        0 => otherwise,
        SignalBase + 6 => "signal 6 (abort)",
        SignalBase + 9 => "signal 9 (kill: by a person, or by the system for want of memory)",
        SignalBase + 11 => "signal 11 (segmentation fault)",
        > SignalBase => string.Create(CultureInfo.InvariantCulture, $"signal {code - SignalBase}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"exit code {code}"),
    };

    private void Keep(string? line)
    {
        if (string.IsNullOrEmpty(line))
            return;
        lock (_lock)
        {
            if (_lines.Count == LinesKept)
                _lines.Dequeue();
            _lines.Enqueue(line);
        }

        _passOn(line);
    }
}

/// <summary>Ids of a worker's pool as ids of a pool in this process, which may hold other texts besides.</summary>
internal sealed class WorkerTexts(TextPool pool)
{
    private readonly Lock _lock = new();
    private readonly List<int> _ids = [];

    public void Add(IReadOnlyList<string> texts)
    {
        lock (_lock)
            _ids.AddRange(texts.Select(pool.Add));
    }

    /// <exception cref="InvalidDataException">The worker never told of such a text.</exception>
    public int this[int id]
    {
        get
        {
            lock (_lock)
                return id >= 0 && id < _ids.Count ? _ids[id] : throw new InvalidDataException($"The worker names a text {id} that it did not tell.");
        }
    }
}
