using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Service.Compute;
using InverseScope.Torch.Models;

namespace InverseScope.Service.Cluster;

/// <summary>What a worker opens for a key: its own files, whose contents are those that the key says.</summary>
/// <param name="Model">Name or folder.</param>
internal sealed record LocalTarget(string Model, ITask Task, MeasurementOptions Options);

/// <summary>Finds or fetches what a key names.</summary>
/// <exception cref="UnfitWorkerException">This worker cannot have it.</exception>
internal delegate LocalTarget TargetSource(TargetKey key, CancellationToken cancel);

/// <summary>This worker cannot do what another may be able to.</summary>
internal sealed class UnfitWorkerException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What a worker is and has.</summary>
/// <param name="Host">Name of its machine.</param>
/// <param name="Process">Number of its process there.</param>
internal sealed record WorkerIdentity(string Id, string Host, int Process, string Device, string Version);

/// <summary>The targets that are open on one device, and what is computed on them.</summary>
internal sealed class WorkerDesk(ICompute compute, TargetSource source, WorkerIdentity identity, Func<(string[] Models, string[] Generators)> files, TimeProvider clock) : IDisposable
{
    // Several sweeps at the same time, each with a target with random weights beside its own. To open one again takes longer than most calls.
    private const int MostOpen = 24;
    private const double LeastFreeBytes = 4L << 30;
    private const int KeysTold = 500;

    private readonly ComputeLane _lane = new();
    private readonly ConcurrentDictionary<Guid, bool> _asked = [];
    private readonly ConcurrentDictionary<string, Served> _open = new(StringComparer.Ordinal);

    public WorkerIdentity Identity => identity;

    private bool OnGpu => compute.Health.Device.StartsWith("cuda", StringComparison.Ordinal);

    public WorkerCard Card()
    {
        var (models, generators) = files();
        var served = _open.Values.ToArray();
        return new WorkerCard(
            identity.Id, identity.Host, identity.Process, compute.Health.Device, identity.Version, FreeBytes(),
            [.. served.Select(s => s.Key.Text)], [.. served.SelectMany(s => s.Groups.Keys).Take(KeysTold)], models, generators, _lane.Tickets, _lane.Calls, _lane.Busy.TotalSeconds)
        {
            LoadedNames = [.. served.Select(s => s.Key).Select(k => $"{k.Model} on {Path.GetFileNameWithoutExtension(k.Task)}{(k.Weights == TargetWeights.Trained ? "" : ", random weights")}").Order(StringComparer.Ordinal)],
        };
    }

    /// <summary>Whether a call is here that has not ended.</summary>
    public bool Knows(Guid ticket) => _asked.ContainsKey(ticket) || _lane.Knows(ticket);

    public Task<WorkerAnswer<OpenedTarget>> Open(Guid ticket, TargetKey key, CancellationToken cancel) =>
        Computed("open", key, null, () => _lane.Run<TargetKey, OpenedTarget>(ticket, key.Text, key, (keys, token) => [.. keys.Select(k => OpenedOf(k, token))], cancel));

    public Task<WorkerAnswer<TextList>> PriorTexts(Guid ticket, TargetKey key, string prior, int skip, int take) => Looked(ticket, () =>
    {
        using var served = Find(key, CancellationToken.None);
        served.CheckPrior(prior);
        var pool = served.Backend.Texts;
        return new TextList([.. Enumerable.Range(skip, take).Select(id => pool[id])]);
    });

    public Task<WorkerAnswer<WorkerSamples>> Sample(
        Guid ticket, TargetKey key, string prior, string site, string groupKey, IReadOnlyList<string> group, IReadOnlyList<string> references, string stream, CancellationToken cancel)
    {
        // What a generator writes for a batch hangs on the batch in the last digits.
        var merge = key.Options.UsesGenerator ? "" : ContentHash.Of(key.Text, site, stream);
        return Computed("sample", key, site, () => _lane.Run(
            ticket, merge, references,
            (asks, token) =>
            {
                using var served = Find(key, token);
                served.CheckPrior(prior);
                var at = served.Site(site);
                if (!served.Groups.ContainsKey(groupKey))
                {
                    served.Backend.Prepare([.. group.Select(served.Site)], null, token);
                    served.Groups[groupKey] = true;
                }

                return served.Sample(at, asks, stream, token);
            },
            cancel));
    }

    public Task<WorkerAnswer<PatchList>> Patch(Guid ticket, TargetKey key, string site, IReadOnlyList<PatchRequest> requests, CancellationToken cancel) => Computed("patch", key, site, () => _lane.Run(
        ticket, ContentHash.Of(key.Text, site), requests,
        (asks, token) =>
        {
            using var served = Find(key, token);
            var outcomes = served.Backend.Patch(served.Site(site), [.. asks.SelectMany(a => a)], token);
            return Split(asks, outcomes, part => new PatchList(part));
        },
        cancel));

    public Task<WorkerAnswer<ContinueList>> Continue(Guid ticket, TargetKey key, string site, IReadOnlyList<ContinuationRequest> requests, CancellationToken cancel) => Computed("continue", key, site, () => _lane.Run(
        ticket, ContentHash.Of(key.Text, site), requests,
        (asks, token) =>
        {
            using var served = Find(key, token);
            var texts = served.Backend.Continue(served.Site(site), [.. asks.SelectMany(a => a)], token);
            return Split(asks, texts, part => new ContinueList(part));
        },
        cancel));

    public Task<WorkerAnswer<CountList>> CharactersRead(Guid ticket, TargetKey key, string site, IReadOnlyList<string> texts) => Looked(ticket, () =>
    {
        using var served = Find(key, CancellationToken.None);
        return new CountList(served.Backend.CharactersRead(served.Site(site), texts));
    });

    public void Dispose()
    {
        _lane.Dispose();
        foreach (var served in _open.Values)
            served.Close();
    }

    private static List<TResult> Split<TAsk, TPart, TResult>(IReadOnlyList<IReadOnlyList<TAsk>> asks, IReadOnlyList<TPart> all, Func<IReadOnlyList<TPart>, TResult> make)
    {
        var results = new List<TResult>(asks.Count);
        var done = 0;
        foreach (var ask in asks)
        {
            results.Add(make([.. all.Skip(done).Take(ask.Count)]));
            done += ask.Count;
        }

        return results;
    }

    // Beside what is computed. Where the target is not open any more, it is opened first.
    private async Task<WorkerAnswer<T>> Looked<T>(Guid ticket, Func<T> look)
        where T : class
    {
        _asked[ticket] = true;
        try
        {
            return await Answer(Task.Run(() => (look(), 0.0)));
        }
        finally
        {
            _asked.TryRemove(ticket, out _);
        }
    }

    private OpenedTarget OpenedOf(TargetKey key, CancellationToken cancel)
    {
        using var served = Find(key, cancel);
        return served.Opened;
    }

    private async Task<WorkerAnswer<T>> Computed<T>(string call, TargetKey key, string? site, Func<Task<(T Result, double Seconds)>> work)
        where T : class
    {
        using var activity = ClusterTelemetry.Begin(call, key, site, identity.Device);
        var answer = await Answer(work());
        // Its weights are loaded when something is first computed with them, long after there was room for it.
        if (answer.Fault is { Fault: WorkerFaultKind.Memory } && CloseOthers(key))
            answer = await Answer(work());
        activity?.SetTag("inversescope.seconds", answer.Seconds);
        if (answer.Fault is { } fault)
            activity?.SetStatus(ActivityStatusCode.Error, fault.What);
        return answer;
    }

    private static async Task<WorkerAnswer<T>> Answer<T>(Task<(T Result, double Seconds)> work)
        where T : class
    {
        try
        {
            var (result, seconds) = await work;
            return new WorkerAnswer<T>(result, null, seconds, false);
        }
#pragma warning disable CA1031 // Whatever a call throws is its caller's, in another process.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // Another worker may be able to.
            var isUnfit = e is UnfitWorkerException or OutsideServiceException or ShortOfMemoryException;
            return new WorkerAnswer<T>(null, e is UnfitWorkerException ? new FaultAnswer(0, WorkerFaultKind.Outside, e.Message) : FaultAnswer.Of(0, e), 0, isUnfit);
        }
    }

    // Returns whether there were any.
    private bool CloseOthers(TargetKey key)
    {
        lock (_open)
        {
            var others = _open.Values.Where(s => s.Key.Text != key.Text).ToArray();
            foreach (var other in others)
            {
                _open.TryRemove(other.Key.Text, out _);
                other.Close();
            }

            return others.Length > 0;
        }
    }

    // In use by whoever gets it, and not closed before it is disposed by them.
    private Served Find(TargetKey key, CancellationToken cancel)
    {
        if (_open.TryGetValue(key.Text, out var known) && known.TryUse())
        {
            known.Used = clock.GetUtcNow();
            return known;
        }

        lock (_open)
        {
            if (_open.TryGetValue(key.Text, out known) && known.TryUse())
                return known;
            MakeRoom();
            var local = source(key, cancel);
            var backend = compute.Open(local.Model, key.Weights, local.Task, local.Options, new RunSeed(key.Seed));
            try
            {
                // Random weights have a hash of their own; the files that they are made from are checked with the trained ones.
                if (key.Weights == TargetWeights.Trained && backend.Target.ContentHash != key.ModelHash)
                {
                    throw new UnfitWorkerException(
                        $"Worker {identity.Host} has another model '{key.Model}' than the service: its contents have the hash {backend.Target.ContentHash[..12]}…, not {key.ModelHash[..12]}….");
                }

                if (backend.Generator?.ContentHash != key.Generator?.ContentHash)
                    throw new UnfitWorkerException($"Worker {identity.Host} has another generator '{key.Options.Generator}' than the service.");
                return _open[key.Text] = new Served(key, backend, local.Task) { Used = clock.GetUtcNow() };
            }
            catch
            {
                backend.Dispose();
                throw;
            }
        }
    }

    private void MakeRoom()
    {
        var closed = 0;
        while (_open.Count >= MostOpen || (!_open.IsEmpty && FreeBytes() < LeastFreeBytes))
        {
            // What a GPU gets back libtorch keeps for the next: its driver does not count it as free.
            if (++closed > 1 && OnGpu && _open.Count < MostOpen)
                return;
            var old = _open.Values.MinBy(s => s.Used)!;
            _open.TryRemove(old.Key.Text, out _);
            old.Close();
        }
    }

    private long? FreeBytes() => DeviceMemory.Free(compute.Health.Device) is { } free ? (long)Math.Min(long.MaxValue / 2, free) : null;

    /// <summary>A target that is open here, used by whoever made it.</summary>
    private sealed class Served : ServedBackend
    {
        public Served(TargetKey key, IInversionBackend backend, ITask task)
            : base(backend, task)
        {
            Key = key;
            _ = TryUse();
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (var id = 0; id < backend.PriorTexts; id++)
            {
                hash.AppendData(Encoding.UTF8.GetBytes(backend.Texts[id]));
                hash.AppendData([0xFF]);
            }

            // Under the caller's names: where files lie here is nobody else's matter.
            Opened = new OpenedTarget(
                backend.Target with { Name = key.Model }, key.Generator, backend.PriorTexts, backend.PriorWeights, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }

        public TargetKey Key { get; }

        public OpenedTarget Opened { get; }

        /// <summary>Keys of groups of sites that are prepared.</summary>
        public ConcurrentDictionary<string, bool> Groups { get; } = new(StringComparer.Ordinal);

        public DateTimeOffset Used { get; set; }

        /// <summary>Each text once, however many ask for it.</summary>
        public IReadOnlyList<WorkerSamples> Sample(Site site, IReadOnlyList<IReadOnlyList<string>> asks, string stream, CancellationToken cancel)
        {
            var all = Backend.Sample(site, [.. asks.SelectMany(a => a).Distinct(StringComparer.Ordinal)], stream, cancel);
            var sets = all.Sets.ToDictionary(s => Backend.Texts[s.Reference], StringComparer.Ordinal);
            var without = all.WithoutPosition.ToDictionary(id => Backend.Texts[id], StringComparer.Ordinal);
            return [.. asks.Select(ask => Told(all, [.. ask.Where(sets.ContainsKey).Select(t => sets[t])], [.. ask.Where(without.ContainsKey).Select(t => without[t])]))];
        }

        /// <exception cref="UnfitWorkerException">It is not the prior whose texts the caller numbers.</exception>
        public void CheckPrior(string hash)
        {
            if (Opened.PriorHash != hash)
                throw new UnfitWorkerException($"A worker draws other texts for the prior of '{Key.Model}' on '{Key.Task}' than another.");
        }

        private WorkerSamples Told(SiteSamples all, IReadOnlyList<SampleSet> sets, IReadOnlyList<int> without)
        {
            var added = new Dictionary<int, int>();
            var texts = new List<string>();
            int Outward(int id)
            {
                if (id < Backend.PriorTexts)
                    return id;
                if (!added.TryGetValue(id, out var place))
                {
                    added[id] = place = Backend.PriorTexts + texts.Count;
                    texts.Add(Backend.Texts[id]);
                }

                return place;
            }

            WorkerSet[] told = [.. sets.Select(s => new WorkerSet(
                Outward(s.Reference), Array.ConvertAll(s.Texts, Outward), s.Weights, s.Distances, s.Ess, s.Neighbours, s.Bits, new WorkerSetTokens(s.Tokens, s.PriorGap, s.Draws)))];
            int[] left = [.. without.Select(Outward)];
            return new WorkerSamples(told, left, all.PriorShareWithPosition, all.Rows, new TextList(texts));
        }
    }
}
