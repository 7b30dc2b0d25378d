using System.Collections.Concurrent;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;

namespace InverseScope.Service.Compute;

/// <summary>
/// The worker's side: backends in this process, for the calls that come over a stream. Calls run at the same time; each is answered once,
/// by its result or its fault.
/// </summary>
public sealed class WorkerHost(Stream input, Stream output, ICompute compute, TaskCatalog tasks)
{
    // Characters of texts in one message.
    private const int TextsAtOnce = 4 << 20;

    private readonly WorkerStream _stream = new(input, output);
    private readonly ConcurrentDictionary<long, Served> _backends = [];
    private readonly ConcurrentDictionary<long, CancellationTokenSource> _calls = [];
    private readonly HashSet<long> _opening = [];
    private readonly Lock _telling = new();

    /// <summary>Answers calls until nobody calls any more. Calls may be running still when it returns.</summary>
    /// <param name="device">Where it computes.</param>
    /// <exception cref="IOException">Nobody listens.</exception>
    /// <exception cref="InvalidDataException">What calls is not the service.</exception>
    public void Run(string device)
    {
        _stream.Write(new ReadyTold(device));
        while (_stream.Read() is { } frame)
        {
            switch (frame.Message)
            {
                case CancelCall cancelled:
                    if (_calls.TryGetValue(cancelled.Id, out var running))
                        running.Cancel();
                    break;
                case PingCall ping:
                    _stream.Write(new DoneAnswer(ping.Id));
                    break;
                case var call:
                    // At once, so that whoever closes it before it is open is heard.
                    if (call is OpenCall open)
                    {
                        lock (_opening)
                            _opening.Add(open.Backend);
                    }

                    var source = _calls[call.Id] = new CancellationTokenSource();
                    ThreadPool.QueueUserWorkItem(_ => Answer(call, source.Token));
                    break;
            }
        }
    }

    /// <summary>Tells why there is nothing to call.</summary>
    public static void Refuse(Stream output, Exception why) => new WorkerStream(Stream.Null, output).Write(FaultAnswer.Of(0, why));

    private void Answer(WorkerMessage call, CancellationToken cancel)
    {
        try
        {
            if (Do(call, cancel) is { } answer)
                _stream.Write(answer);
        }
#pragma warning disable CA1031 // Whatever a call throws is its caller's, in another process; an answer too large to be passed is, too.
        catch (Exception e)
#pragma warning restore CA1031
        {
            try
            {
                _stream.Write(FaultAnswer.Of(call.Id, e));
            }
            catch (IOException)
            {
                // The service ended, which the reading side finds out too.
            }
        }

        // Its source is not disposed: a late wish to cancel may still hold it.
        _calls.TryRemove(call.Id, out _);
    }

    // Returns null where it answered already.
    private WorkerMessage? Do(WorkerMessage call, CancellationToken cancel)
    {
        switch (call)
        {
            case OpenCall open:
                try
                {
                    Open(open);
                }
                finally
                {
                    lock (_opening)
                        _opening.Remove(open.Backend);
                }

                return null;
            case PrepareCall prepare:
                using (var served = Find(prepare.Backend))
                    served.Backend.Prepare([.. prepare.Sites.Select(served.Site)], new Progress(prepare.Id, _stream), cancel);
                return new DoneAnswer(prepare.Id);
            case SampleCall sample:
                using (var served = Find(sample.Backend))
                    Tell(sample, served, served.Backend.Sample(served.Site(sample.Site), sample.References, sample.Stream, cancel));
                return null;
            case PatchCall patch:
                using (var served = Find(patch.Backend))
                    return new PatchAnswers(patch.Id, served.Backend.Patch(served.Site(patch.Site), patch.Requests, cancel));
            case ContinueCall more:
                using (var served = Find(more.Backend))
                    return new ContinueAnswer(more.Id, served.Backend.Continue(served.Site(more.Site), more.Requests, cancel));
            case ReadCall read:
                using (var served = Find(read.Backend))
                    return new ReadAnswer(read.Id, served.Backend.CharactersRead(served.Site(read.Site), read.Texts));
            case CloseCall close:
                Close(close.Backend);
                return new DoneAnswer(close.Id);
            default:
                throw new InvalidDataException($"'{call.GetType().Name}' is no call.");
        }
    }

    private void Open(OpenCall open)
    {
        var task = tasks.Find(open.Task);
        if (task.Fingerprint != open.TaskFingerprint)
            throw new BadInputException($"The task '{open.Task}' is not any more what it was when the work began.", "Bring its file back as it was, or begin anew.");
        var backend = compute.Open(open.Model, open.Weights, task, open.Options, new RunSeed(open.Seed));
        var served = new Served(open.Backend, backend, task);
        var isWanted = false;
        lock (_opening)
        {
            if (isWanted = _opening.Contains(open.Backend))
                _backends[open.Backend] = served;
        }

        if (!isWanted)
        {
            backend.Dispose();
            throw new OperationCanceledException("It was closed before it was open.");
        }

        lock (_telling)
        {
            TellTexts(served);
            _stream.Write(
                new OpenAnswer(open.Id, backend.Target, backend.Generator, backend.PriorTexts), backend.PriorWeights is { } weights ? WorkerStream.Bytes(weights) : []);
        }
    }

    private void Close(long id)
    {
        Served? closed;
        lock (_opening)
        {
            if (!_backends.TryRemove(id, out closed))
                _opening.Remove(id);
        }

        closed?.Close();
        closed?.WaitForEnd();
    }

    private void Tell(SampleCall call, Served served, SiteSamples samples)
    {
        lock (_telling)
        {
            TellTexts(served);
            foreach (var set in samples.Sets)
                _stream.Write(call.Id, set);
            _stream.Write(new SampleAnswer(call.Id, samples.WithoutPosition, samples.PriorShareWithPosition, samples.Rows));
        }
    }

    // Texts are told in the order of their ids, before anything that names them.
    private void TellTexts(Served served)
    {
        var pool = served.Backend.Texts;
        for (var count = pool.Count; served.Told < count;)
        {
            var (texts, characters) = (new List<string>(), 0);
            for (; served.Told < count && characters < TextsAtOnce; served.Told++)
            {
                var text = pool[served.Told];
                texts.Add(text);
                characters += text.Length + 1;
            }

            _stream.Write(new TextsTold(served.Id, texts));
        }
    }

    private Served Find(long id) => _backends.TryGetValue(id, out var served) && served.TryUse()
        ? served
        : throw new InvalidOperationException($"There is no backend {id}.");

    private sealed class Progress(long id, WorkerStream stream) : IProgress<WorkProgress>
    {
        public void Report(WorkProgress value) => stream.Write(new ProgressTold(id, value));
    }

    private sealed class Served(long id, IInversionBackend backend, ITask task) : ServedBackend(backend, task)
    {
        public long Id => id;

        /// <summary>Texts that the service knows.</summary>
        public int Told { get; set; }
    }
}
