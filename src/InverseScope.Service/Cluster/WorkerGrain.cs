using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace InverseScope.Service.Cluster;

/// <inheritdoc cref="IWorkerGrain"/>
[GrainType(ClusterGrains.WorkerType)]
[OnSilo]
[Reentrant]
internal sealed class WorkerGrain(WorkerDesk desk) : Grain, IWorkerGrain
{
    public Task<bool> Knows(Guid ticket) => Task.FromResult(desk.Knows(ticket));

    public Task<WorkerAnswer<OpenedTarget>> Open(Guid ticket, TargetKey key, CancellationToken cancel) => desk.Open(ticket, key, cancel);

    public Task<WorkerAnswer<TextList>> PriorTexts(Guid ticket, TargetKey key, string prior, int skip, int take) => desk.PriorTexts(ticket, key, prior, skip, take);

    public Task<WorkerAnswer<WorkerSamples>> Sample(
        Guid ticket, TargetKey key, string prior, string site, string groupKey, string[] group, TextList references, string stream, CancellationToken cancel) =>
        desk.Sample(ticket, key, prior, site, groupKey, group, references.Texts, stream, cancel);

    public Task<WorkerAnswer<PatchList>> Patch(Guid ticket, TargetKey key, string site, PatchAsk requests, CancellationToken cancel) =>
        desk.Patch(ticket, key, site, requests.Requests, cancel);

    public Task<WorkerAnswer<ContinueList>> Continue(Guid ticket, TargetKey key, string site, ContinueAsk requests, CancellationToken cancel) =>
        desk.Continue(ticket, key, site, requests.Requests, cancel);

    public Task<WorkerAnswer<CountList>> CharactersRead(Guid ticket, TargetKey key, string site, TextList texts) => desk.CharactersRead(ticket, key, site, texts.Texts);
}

/// <summary>A grain lives on the silo that its key begins with, before a blank, and nowhere else.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class OnSiloAttribute() : PlacementAttribute(new OnSiloPlacement());

/// <inheritdoc cref="OnSiloAttribute"/>
[GenerateSerializer, Immutable, SuppressReferenceTracking]
internal sealed class OnSiloPlacement : PlacementStrategy
{
    /// <summary>The key of a grain on a silo.</summary>
    public static string KeyOf(SiloAddress silo, string rest) => $"{silo.ToParsableString()} {rest}";

    /// <summary>The silo of a key.</summary>
    public static SiloAddress SiloOf(string key) => SiloAddress.FromParsableString(key[..key.IndexOf(' ', StringComparison.Ordinal)]);
}

/// <inheritdoc cref="OnSiloAttribute"/>
internal sealed class OnSiloDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silo = OnSiloPlacement.SiloOf(target.GrainIdentity.Key.ToString()!);
        return context.GetCompatibleSilos(target).Contains(silo)
            ? Task.FromResult(silo)
            : throw new SiloUnavailableException($"The worker at {silo} is gone.");
    }
}
