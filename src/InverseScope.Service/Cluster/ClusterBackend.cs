using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Service.Compute;
using Microsoft.Extensions.Logging;

namespace InverseScope.Service.Cluster;

/// <summary>
/// A target that is computed by whichever worker is free, a call at a time; nothing of it is kept where a worker dies. What is sampled depends on
/// names of streams alone, so that it is the same wherever, and however often, it is computed.
/// </summary>
internal sealed partial class ClusterBackend : IInversionBackend
{
    private const int TextsAtOnce = 20_000;

    // Their activations are collected in one pass over the prior.
    private const int SitesTogether = 16;

    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromMilliseconds(500);

    // What goes on failing is told again so often, and who could not do something is asked again.
    private static readonly TimeSpan ToldInterval = TimeSpan.FromMinutes(1);

    // How often a worker is asked whether it still has a call, and how long an answer may be on its way.
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan OnItsWay = TimeSpan.FromSeconds(5);

    private readonly IGrainFactory _grains;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly string _owner;
    private readonly Func<double> _weight;
    private readonly TargetKey _key;
    private readonly OpenedTarget _opened;
    private readonly Lock _lock = new();
    private readonly Dictionary<Site, (string Key, string[] Sites)> _groups = [];
    private readonly CharacterCounts _read;
    private readonly CancellationTokenSource _disposed = new();
    private readonly Dictionary<string, DateTimeOffset> _told = new(StringComparer.Ordinal);

    // Workers that cannot have the target, and why.
    private readonly Dictionary<string, (FaultAnswer Fault, DateTimeOffset Until)> _unfit = new(StringComparer.Ordinal);

    /// <param name="opening">Ends the waiting for a worker that opens it.</param>
    public ClusterBackend(IGrainFactory grains, TimeProvider clock, ILogger logger, string owner, Func<double> weight, TargetKey key, CancellationToken opening)
    {
        (_grains, _clock, _logger, _owner, _weight, _key) = (grains, clock, logger, owner, weight, key);
        _read = new CharacterCounts(
            (site, texts) => Call("", "", (worker, ticket, _) => worker.CharactersRead(ticket, _key, site.ToString(), new TextList(texts)), _disposed.Token).Counts);
        _opened = Call("", "", (worker, ticket, token) => worker.Open(ticket, _key, token), opening);
        for (var known = 0; known < _opened.PriorTexts; known = Texts.Count)
        {
            var (skip, take) = (known, Math.Min(TextsAtOnce, _opened.PriorTexts - known));
            foreach (var text in Call("", "", (worker, ticket, _) => worker.PriorTexts(ticket, _key, _opened.PriorHash, skip, take), opening).Texts)
                Texts.Add(text);
            if (Texts.Count != skip + take)
                throw new InvalidOperationException("The prior of a worker holds a text twice.");
        }
    }

    public TargetDescription Target => _opened.Target;

    public MeasurementOptions Options => _key.Options;

    public GeneratorDescription? Generator => _opened.Generator;

    public TextPool Texts { get; } = new();

    public int PriorTexts => _opened.PriorTexts;

    public double[]? PriorWeights => _opened.PriorWeights;

    // Whichever worker samples at a site first collects what it lacks, for all sites of a layer together.
    public void Prepare(IReadOnlyList<Site> sites, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        lock (_lock)
        {
            foreach (var group in sites.Where(s => !_groups.ContainsKey(s)).GroupBy(s => s.Address.Layer).SelectMany(g => g.Chunk(SitesTogether)))
            {
                string[] names = [.. group.Select(s => s.ToString())];
                foreach (var site in group)
                    _groups[site] = (ContentHash.Of([_key.Text, .. names]), names);
            }
        }
    }

    public SiteSamples Sample(Site site, IReadOnlyList<string> references, string streamName, CancellationToken cancel)
    {
        (string Key, string[] Sites) group;
        lock (_lock)
        {
            if (!_groups.TryGetValue(site, out group))
                throw new InvalidOperationException($"{site} is not prepared.");
        }

        var merge = Options.UsesGenerator ? "" : ContentHash.Of(_key.Text, site.ToString(), streamName);
        var told = Call(
            group.Key, merge,
            (worker, ticket, token) => worker.Sample(ticket, _key, _opened.PriorHash, site.ToString(), group.Key, group.Sites, new TextList(references), streamName, token), cancel);
        var added = told.New.Texts.Select(Texts.Add).ToArray();
        int Inward(int id) => id < PriorTexts ? id : added[id - PriorTexts];
        return new SiteSamples(
            [.. told.Sets.Select(s => new SampleSet(Inward(s.Reference), Array.ConvertAll(s.Texts, Inward), s.Weights, s.Distances, s.Ess, s.Neighbours, s.Bits)
            {
                Tokens = s.Tokens.Tokens,
                PriorGap = s.Tokens.PriorGap,
                Draws = s.Tokens.Draws,
            })],
            [.. told.WithoutPosition.Select(Inward)], told.PriorShareWithPosition, told.Rows);
    }

    public IReadOnlyList<PatchOutcome?> Patch(Site site, IReadOnlyList<PatchRequest> requests, CancellationToken cancel) => Call(
        "", "", (worker, ticket, token) => worker.Patch(ticket, _key, site.ToString(), new PatchAsk(requests), token), cancel).Outcomes;

    public IReadOnlyList<string?> Continue(Site site, IReadOnlyList<ContinuationRequest> requests, CancellationToken cancel) => Call(
        "", "", (worker, ticket, token) => worker.Continue(ticket, _key, site.ToString(), new ContinueAsk(requests), token), cancel).Texts;

    public IReadOnlyList<int?> CharactersRead(Site site, IReadOnlyList<string> texts) => _read.Of(site, texts);

    public void Dispose() => _disposed.Cancel();

    private T Call<T>(string group, string merge, Func<IWorkerGrain, Guid, CancellationToken, Task<WorkerAnswer<T>>> call, CancellationToken cancel)
        where T : class
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, _disposed.Token);
        var pool = _grains.Pool();
        var (without, fault) = Unfit();
        for (var ticket = Guid.NewGuid(); ;)
        {
            string? worker = null;
            double? seconds = null;
            var isGivenUp = false;
            try
            {
                worker = Result(pool.Acquire(new CallTicket(ticket, _owner, _weight(), _key.Text, group, merge, [.. without])), either.Token);
                if (worker is null)
                {
                    isGivenUp = fault is not null && Result(pool.Look(), either.Token).Workers.All(w => without.Contains(w.Card.Id));
                    if (isGivenUp)
                        throw fault!.Thrown(cancel);
                    continue;
                }

                ClusterTelemetry.CallFor(_owner);
                var asked = _grains.Worker(worker);
                var answer = Answered(call(asked, ticket, either.Token), asked, ticket, either.Token);
                seconds = answer.Seconds;
                if (answer.Fault is null)
                    return answer.Value!;
                if (!answer.Unfit)
                    throw answer.Fault.Thrown(cancel);
                fault = answer.Fault;
                without.Add(worker);
                KeepUnfit(worker, fault);
            }
            catch (Exception e) when (ClusterGrains.IsPassing(e, either.Token))
            {
                // Whoever is lost may be found again; what it was asked for, another does meanwhile.
                LogLost(worker, e);
                if (worker is not null)
                    _ = pool.Suspect(worker).ContinueWith(t => t.Exception, TaskScheduler.Default);
                Result(Task.Delay(TryAgainAfter, _clock, either.Token).ContinueWith(_ => true, TaskScheduler.Default), either.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                throw new ObjectDisposedException(nameof(ClusterBackend));
            }
            finally
            {
                if (worker is not null || isGivenUp || either.IsCancellationRequested)
                    _ = pool.Release(ticket, seconds).ContinueWith(t => t.Exception, TaskScheduler.Default);
            }

            // One that is not granted yet keeps its place.
            if (worker is not null)
                ticket = Guid.NewGuid();
        }
    }

    // A message that is lost while both ends live is told by nobody.
    private T Answered<T>(Task<T> call, IWorkerGrain worker, Guid ticket, CancellationToken cancel)
    {
        while (!Ends(call, LookInterval, cancel))
        {
            if (!Result(worker.Knows(ticket), cancel) && !Ends(call, OnItsWay, cancel))
                throw new TimeoutException("What a worker was asked, or its answer, was lost.");
        }

        return Result(call, cancel);
    }

    private bool Ends(Task call, TimeSpan within, CancellationToken cancel) => Result(Task.WhenAny(call, Task.Delay(within, _clock, cancel)), cancel) == call;

    private (List<string> Workers, FaultAnswer? Fault) Unfit()
    {
        lock (_lock)
        {
            var now = _clock.GetUtcNow();
            foreach (var worker in _unfit.Where(u => u.Value.Until <= now).Select(u => u.Key).ToArray())
                _unfit.Remove(worker);
            return ([.. _unfit.Keys], _unfit.Values.Select(u => u.Fault).FirstOrDefault());
        }
    }

    private void KeepUnfit(string worker, FaultAnswer fault)
    {
        lock (_lock)
        {
            var isNew = !_unfit.ContainsKey(worker);
            _unfit[worker] = (fault, _clock.GetUtcNow() + ToldInterval);
            if (!isNew)
                return;
        }

        LogUnfit(_logger, worker, _owner, fault.What);
    }

    private void LogLost(string? worker, Exception why)
    {
        lock (_lock)
        {
            var now = _clock.GetUtcNow();
            if (_told.TryGetValue(worker ?? "", out var told) && now - told < ToldInterval)
                return;
            _told[worker ?? ""] = now;
        }

        if (worker is null)
            LogNoPool(_logger, _owner, why.Message);
        else
            LogNoAnswer(_logger, worker, _owner, why.Message);
    }

    private static T Result<T>(Task<T> task, CancellationToken cancel) => task.WaitAsync(cancel).GetAwaiter().GetResult();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {Worker} cannot do what {Owner} asks; others are asked. {Why}")]
    private static partial void LogUnfit(ILogger logger, string worker, string owner, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {Worker} did not answer {Owner}, which asks again. {Why}")]
    private static partial void LogNoAnswer(ILogger logger, string worker, string owner, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Nobody hands out workers to {Owner}, which asks again. {Why}")]
    private static partial void LogNoPool(ILogger logger, string owner, string why);
}
