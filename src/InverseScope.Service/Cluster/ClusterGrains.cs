using InverseScope.Core.Sampling;
using InverseScope.Service.Compute;
using InverseScope.Service.Desk;
using Orleans.Concurrency;

namespace InverseScope.Service.Cluster;

/// <summary>Grains by their ids alone, so that they can be named before any member is known that has them.</summary>
internal static class ClusterGrains
{
    public const string PoolType = "pool";
    public const string WorkerType = "worker";

    /// <summary>
    /// Whether a call failed in a way that the next may not: its member is gone, or the connection to it. One that breaks is told as a cancelled
    /// call, too.
    /// </summary>
    /// <param name="cancel">Of whoever called; what was cancelled by it has not failed.</param>
    public static bool IsPassing(Exception e, CancellationToken cancel) =>
        e is OrleansException or TimeoutException or System.Net.Sockets.SocketException or IOException or System.Data.Common.DbException || (e is OperationCanceledException && !cancel.IsCancellationRequested);

    public static IPoolGrain Pool(this IGrainFactory grains) => grains.GetGrain<IPoolGrain>(GrainId.Create(PoolType, "0"));

    public static IWorkerGrain Worker(this IGrainFactory grains, string id) => grains.GetGrain<IWorkerGrain>(GrainId.Create(WorkerType, id));
}

/// <summary>What a target is opened with: all that decides what comes out of it.</summary>
/// <param name="ModelHash">As in <see cref="TargetDescription.ContentHash"/>.</param>
/// <param name="Task">Name or file, as the service that asks knows it.</param>
/// <param name="Generator">Null where none is used.</param>
[GenerateSerializer, Immutable]
internal sealed record TargetKey(
    [property: Id(0)] string Model,
    [property: Id(1)] string ModelHash,
    [property: Id(2)] TargetWeights Weights,
    [property: Id(3)] string Task,
    [property: Id(4)] string TaskFingerprint,
    [property: Id(5)] MeasurementOptions Options,
    [property: Id(6)] long Seed,
    [property: Id(7)] GeneratorDescription? Generator)
{
    /// <summary>The same for equal keys, in every process.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Text => _text ??= Core.ContentHash.Of(System.Text.Json.JsonSerializer.Serialize(this, WorkerStream.Json));

    [NonSerialized]
    private string? _text;
}

/// <summary>A target that is open.</summary>
/// <param name="PriorHash">Of all texts of the prior, in order: workers that differ there must not be mixed.</param>
[GenerateSerializer, Immutable]
internal sealed record OpenedTarget(
    [property: Id(0)] TargetDescription Target,
    [property: Id(1)] GeneratorDescription? Generator,
    [property: Id(2)] int PriorTexts,
    [property: Id(3)] double[]? PriorWeights,
    [property: Id(4)] string PriorHash);

/// <summary>Samples of one reference, by ids of texts: below the number of prior texts those, above them those that came along.</summary>
[GenerateSerializer, Immutable]
internal sealed record WorkerSet(
    [property: Id(0)] int Reference,
    [property: Id(1)] int[] Texts,
    [property: Id(2)] float[] Weights,
    [property: Id(3)] float[] Distances,
    [property: Id(4)] double Ess,
    [property: Id(5)] int Neighbours,
    [property: Id(6)] double? Bits,
    [property: Id(7)] WorkerSetTokens Tokens);

/// <summary>What a generator tells of one reference.</summary>
internal sealed record WorkerSetTokens(IReadOnlyList<Core.Information.TokenBits>? Tokens, double? PriorGap, DrawCounts? Draws);

/// <summary>Samples of references at one site.</summary>
/// <param name="New">Texts that are none of the prior's.</param>
[GenerateSerializer, Immutable]
internal sealed record WorkerSamples(
    [property: Id(0)] WorkerSet[] Sets,
    [property: Id(1)] int[] WithoutPosition,
    [property: Id(2)] double PriorShareWithPosition,
    [property: Id(3)] long Rows,
    [property: Id(4)] TextList New);

/// <summary>Texts, whatever characters they hold.</summary>
internal sealed record TextList(IReadOnlyList<string> Texts);

/// <summary>Numbers of characters, null for a text without the position.</summary>
internal sealed record CountList(IReadOnlyList<int?> Counts);

/// <summary>What patching gave.</summary>
internal sealed record PatchList(IReadOnlyList<PatchOutcome?> Outcomes);

/// <summary>Texts with what is to be patched into them.</summary>
internal sealed record PatchAsk(IReadOnlyList<PatchRequest> Requests);

/// <summary>Texts to go on with.</summary>
internal sealed record ContinueAsk(IReadOnlyList<ContinuationRequest> Requests);

/// <summary>What was written after texts.</summary>
internal sealed record ContinueList(IReadOnlyList<string?> Texts);

/// <summary>A call's result or its fault.</summary>
/// <param name="Seconds">How long the worker computed for it.</param>
/// <param name="Unfit">Whether another worker may do what this one cannot: a model that it does not get, or one with other contents.</param>
[GenerateSerializer, Immutable]
internal sealed record WorkerAnswer<T>(
    [property: Id(0)] T? Value,
    [property: Id(1)] FaultAnswer? Fault,
    [property: Id(2)] double Seconds,
    [property: Id(3)] bool Unfit)
    where T : class;

/// <summary>
/// What computes on one device; its key is <see cref="WorkerCard.Id"/>. Calls take seconds, and say all that they need, so that any worker can do
/// them: nothing of a caller is kept here.
/// </summary>
internal interface IWorkerGrain : IGrainWithStringKey
{
    /// <summary>Whether a call of this ticket is here that has not ended: who waits for its answer asks, since messages may be lost and nobody tells.</summary>
    Task<bool> Knows(Guid ticket);

    /// <summary>Opens a target, or finds it open.</summary>
    [ResponseTimeout("06:00:00")]
    Task<WorkerAnswer<OpenedTarget>> Open(Guid ticket, TargetKey key, CancellationToken cancel);

    /// <summary>Texts of a target's prior, from an id on.</summary>
    /// <param name="prior">As in <see cref="OpenedTarget.PriorHash"/>: a worker that has another prior is not fit.</param>
    [ResponseTimeout("06:00:00")]
    Task<WorkerAnswer<TextList>> PriorTexts(Guid ticket, TargetKey key, string prior, int skip, int take);

    /// <summary>Samples, as <see cref="IInversionBackend.Sample"/>; the group's activations are collected first where they are not there.</summary>
    /// <param name="prior">As in <see cref="OpenedTarget.PriorHash"/>: a worker that has another prior is not fit.</param>
    [ResponseTimeout("06:00:00")]
    Task<WorkerAnswer<WorkerSamples>> Sample(Guid ticket, TargetKey key, string prior, string site, string groupKey, string[] group, TextList references, string stream, CancellationToken cancel);

    [ResponseTimeout("06:00:00")]
    Task<WorkerAnswer<PatchList>> Patch(Guid ticket, TargetKey key, string site, PatchAsk requests, CancellationToken cancel);

    [ResponseTimeout("06:00:00")]
    Task<WorkerAnswer<ContinueList>> Continue(Guid ticket, TargetKey key, string site, ContinueAsk requests, CancellationToken cancel);

    /// <summary>As <see cref="IInversionBackend.CharactersRead"/>, for many texts; nothing is computed.</summary>
    [ResponseTimeout("06:00:00")]
    Task<WorkerAnswer<CountList>> CharactersRead(Guid ticket, TargetKey key, string site, TextList texts);
}

/// <summary>The one place of a cluster that knows its workers, what waits for them, and what sweeps there are.</summary>
internal interface IPoolGrain : IGrainWithIntegerKey
{
    Task Announce(WorkerCard card);

    Task Leave(string worker);

    /// <summary>A worker for a call; null if none was free within a while: the same ticket then asks again and keeps its place.</summary>
    Task<string?> Acquire(CallTicket ticket);

    /// <summary>A call ended, or is not wanted any more.</summary>
    /// <param name="seconds">How long its worker computed for it; null if it did not.</param>
    [OneWay]
    Task Release(Guid ticket, double? seconds);

    /// <summary>A worker does not answer: it is taken for gone until it tells of itself again.</summary>
    Task Suspect(string worker);

    /// <summary>Where a sweep stands.</summary>
    Task Report(SweepNow now);

    Task<ClusterView> Look();
}

/// <summary>Where a sweep stands in the cluster.</summary>
/// <param name="Silo">The service that works on it.</param>
/// <param name="Changes">Grows with everything that changes of it.</param>
/// <param name="Ended">Whether nobody works on it any more.</param>
[GenerateSerializer, Immutable]
public sealed record SweepNow(
    [property: Id(0)] string Id,
    [property: Id(1)] string Silo,
    [property: Id(2)] SweepPace Pace,
    [property: Id(3)] double Seconds,
    [property: Id(4)] long Changes,
    [property: Id(5)] bool Ended,
    [property: Id(6)] string? Fault);

/// <summary>The cluster as it is now.</summary>
/// <param name="Version">Of the program.</param>
[GenerateSerializer, Immutable]
public sealed record ClusterView(
    [property: Id(0)] string Version,
    [property: Id(1)] WorkerView[] Workers,
    [property: Id(2)] OwnerView[] Owners,
    [property: Id(3)] SweepNow[] Sweeps);

/// <summary>One sweep; its key is the sweep's id. It runs in one service at a time, and goes on in another where that ends.</summary>
internal interface ISweepGrain : IGrainWithStringKey
{
    /// <summary>Begins or goes on, unless it runs already.</summary>
    Task Start();

    /// <summary>
    /// Goes on with what is to run and does not; what runs, or is being ended, is left alone. Where a person wanted something else while the store was
    /// away, that is done.
    /// </summary>
    Task GoOn();

    /// <summary>Ends it at its next batch.</summary>
    /// <param name="reason">Stored as why it ended.</param>
    /// <returns>Whether it waited or ran.</returns>
    Task<bool> Interrupt(string reason);
}

/// <summary>What became of a run of a site.</summary>
[GenerateSerializer]
internal enum SiteRunState
{
    /// <summary>This activation is in another service than the sweep: it makes room for one that is not.</summary>
    Elsewhere,

    /// <summary>It goes on: ask again.</summary>
    Running,

    Ended,
}

/// <summary>
/// The run of one site of one sweep; its key is both. What its stages come to is in the store, so that it goes on where it was whatever ended
/// it, and its writes are refused once another activation has taken the site over.
/// </summary>
internal interface ISiteRunGrain : IGrainWithStringKey
{
    /// <summary>Begins unless it runs, and waits a while for its end.</summary>
    /// <param name="run">Of the sweep's run that asks, so that a later one does not get the end of an earlier.</param>
    Task<SiteRunState> Run(Guid run);
}

/// <summary>What is kept of the run of a site beside its results.</summary>
[GenerateSerializer]
internal sealed class SiteRunRecord
{
    /// <summary>Attempts in a row that neither ended nor were given up: their process died.</summary>
    [Id(1)]
    public int Lost { get; set; }

    /// <summary>Whether an attempt is under way.</summary>
    [Id(2)]
    public bool IsUnderWay { get; set; }
}
