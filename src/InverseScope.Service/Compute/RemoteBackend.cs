using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;

namespace InverseScope.Service.Compute;

/// <summary>
/// A backend in the worker. Where the worker ends, the backend is opened and prepared in the next one, and the call repeated: what is sampled
/// depends on names of streams alone, so that it is the same.
/// </summary>
internal sealed class RemoteBackend : IInversionBackend
{
    private readonly WorkerCompute _compute;
    private readonly OpenCall _open;
    private readonly Lock _lock = new();
    private readonly HashSet<Site> _prepared = [];
    private readonly CharacterCounts _read;
    private OpenAnswer? _opened;
    private Opened? _there;
    private bool _disposed;

    /// <param name="open">Without the ids of a call and a backend.</param>
    public RemoteBackend(WorkerCompute compute, OpenCall open)
    {
        (_compute, _open) = (compute, open);
        _read = new CharacterCounts(
            (site, texts) => Ask<ReadAnswer>((id, backend) => new ReadCall(id, backend, site.ToString(), texts), CancellationToken.None).Characters);
        _compute.Repeat(link => OpenedOn(link, CancellationToken.None), null, CancellationToken.None);
    }

    public TargetDescription Target => _opened!.Target;

    public MeasurementOptions Options => _open.Options;

    public GeneratorDescription? Generator => _opened!.Generator;

    public TextPool Texts { get; } = new();

    public int PriorTexts => _opened!.PriorTexts;

    public double[]? PriorWeights { get; private set; }

    public void Prepare(IReadOnlyList<Site> sites, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        var gauge = new ProgressGauge(progress);
        _compute.Repeat(
            link =>
            {
                var there = OpenedOn(link, cancel);
                return Answer<DoneAnswer>(link.Call(new PrepareCall(link.NextId(), there.Backend, [.. sites.Select(s => s.ToString())]), gauge, null, cancel));
            },
            gauge, cancel);
        lock (_lock)
            _prepared.UnionWith(sites);
    }

    public SiteSamples Sample(Site site, IReadOnlyList<string> references, string streamName, CancellationToken cancel) => _compute.Repeat(
        link =>
        {
            var (_, backend, texts) = OpenedOn(link, cancel);
            var sets = new List<SampleSet>(references.Count);
            var answer = Answer<SampleAnswer>(link.Call(
                new SampleCall(link.NextId(), backend, site.ToString(), references, streamName), null,
                frame => sets.Add(WorkerStream.SetOf((SetTold)frame.Message, frame.Numbers, id => texts[id])), cancel));
            return new SiteSamples(sets, [.. answer.WithoutPosition.Select(id => texts[id])], answer.PriorShareWithPosition, answer.Rows);
        },
        null, cancel);

    public IReadOnlyList<PatchOutcome?> Patch(Site site, IReadOnlyList<PatchRequest> requests, CancellationToken cancel) =>
        Ask<PatchAnswers>((id, backend) => new PatchCall(id, backend, site.ToString(), requests), cancel).Outcomes;

    public IReadOnlyList<string?> Continue(Site site, IReadOnlyList<ContinuationRequest> requests, CancellationToken cancel) =>
        Ask<ContinueAnswer>((id, backend) => new ContinueCall(id, backend, site.ToString(), requests), cancel).Texts;

    public IReadOnlyList<int?> CharactersRead(Site site, IReadOnlyList<string> texts) => _read.Of(site, texts);

    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            if (_there is var (link, backend, _))
                Close(link, backend);
            _there = null;
        }

        _compute.Closed();
    }

    private T Ask<T>(Func<long, long, WorkerMessage> call, CancellationToken cancel)
        where T : WorkerMessage => _compute.Repeat(
            link =>
            {
                var there = OpenedOn(link, cancel);
                return Answer<T>(link.Call(call(link.NextId(), there.Backend), null, null, cancel));
            },
            null, cancel);

    private static T Answer<T>(WorkerFrame frame)
        where T : WorkerMessage => frame.Message as T ?? throw new InvalidDataException($"The worker answered by '{frame.Message.GetType().Name}'.");

    // It may be busy with a call that was given up.
    private static void Close(WorkerLink link, long backend)
    {
        link.Post(new CloseCall(link.NextId(), backend));
        link.Forget(backend);
    }

    // Opened and prepared as it was before.
    private Opened OpenedOn(WorkerLink link, CancellationToken cancel)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_there is { } there && there.Link == link)
                return there;
            // Never one that was tried before: what that still tells of its texts must not be taken for this one's.
            var (backend, texts) = (_compute.NextBackend(), new WorkerTexts(Texts));
            link.Mirror(backend, texts);
            try
            {
                var frame = link.Call(_open with { Id = link.NextId(), Backend = backend }, null, null, cancel);
                var opened = Answer<OpenAnswer>(frame);
                if (_opened is { } before && (before.Target != opened.Target || before.Generator != opened.Generator || before.PriorTexts != opened.PriorTexts))
                    throw new BadInputException($"The files of '{_open.Model}' are not any more what they were when the work began.", "Bring them back as they were, or begin anew.");
                if (_opened is null)
                    (_opened, PriorWeights) = (opened, frame.Numbers.Length == 0 ? null : WorkerStream.NumbersOf(frame.Numbers));
                if (_prepared.Count > 0)
                    Answer<DoneAnswer>(link.Call(new PrepareCall(link.NextId(), backend, [.. _prepared.Select(s => s.ToString())]), null, null, cancel));
            }
            catch
            {
                Close(link, backend);
                throw;
            }

            return _there = new Opened(link, backend, texts);
        }
    }

    /// <summary>What is open in one worker.</summary>
    private sealed record Opened(WorkerLink Link, long Backend, WorkerTexts Texts);
}

/// <summary>Passes progress on, and knows whether there was any since it was last asked: more of a stage than ever before.</summary>
internal sealed class ProgressGauge(IProgress<WorkProgress>? inner) : IProgress<WorkProgress>
{
    private readonly Dictionary<string, long> _best = new(StringComparer.Ordinal);
    private bool _advanced;

    public void Report(WorkProgress value)
    {
        if (value.Done > _best.GetValueOrDefault(value.Stage))
            (_best[value.Stage], _advanced) = (value.Done, true);
        inner?.Report(value);
    }

    public bool Advanced()
    {
        var advanced = _advanced;
        _advanced = false;
        return advanced;
    }
}
