using System.Collections.Concurrent;
using System.Net;
using InverseScope.Service.Cluster;
using InverseScope.Service.Compute;
using InverseScope.Torch.Models;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>What a worker answers to whoever calls it.</summary>
[Collection(GrainCollection.Name)]
public sealed class WorkerGrainTests(GrainSilo silo) : IDisposable
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => silo.Compute.BeforeSampling = _ => { };

    [Fact]
    public async Task A_target_that_a_worker_does_not_have_is_a_fault_that_another_may_not_have()
    {
        var answer = await silo.Worker.Open(Guid.NewGuid(), silo.Target with { Model = "elsewhere" }, Cancel);
        Assert.Null(answer.Value);
        Assert.True(answer.Unfit);
        Assert.Equal((WorkerFaultKind.Outside, "There is no 'elsewhere' here."), (answer.Fault!.Fault, answer.Fault.What));

        var other = await silo.Worker.PriorTexts(Guid.NewGuid(), silo.Target, "hash of another prior", 0, 1);
        Assert.True(other.Unfit);
        Assert.Contains("other texts for the prior", other.Fault!.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_no_worker_can_do_is_the_callers_fault()
    {
        var answer = await silo.Worker.CharactersRead(Guid.NewGuid(), silo.Target, "L9H9@last", new TextList(["1+1="]));
        Assert.Equal((WorkerFaultKind.BadInput, false), (answer.Fault!.Fault, answer.Unfit));
        Assert.Contains("L9H9", answer.Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_whose_process_is_gone_is_told_as_what_may_pass()
    {
        var gone = silo.Grains.Worker(OnSiloPlacement.KeyOf(SiloAddress.New(IPAddress.Loopback, 1, 1), "cpu"));
        var fault = await Assert.ThrowsAnyAsync<Exception>(() => gone.Knows(Guid.NewGuid()));
        Assert.True(ClusterGrains.IsPassing(fault, Cancel), fault.ToString());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task What_does_not_fit_beside_others_is_tried_alone_and_then_is_a_fault_that_another_may_not_have(int refusals)
    {
        var refused = 0;
        silo.Compute.BeforeSampling = _ =>
        {
            if (refused++ < refusals)
                throw new ShortOfMemoryException("It needs 9 GB.", null);
        };
        var other = silo.Target with { Seed = 100 + refusals };
        Assert.NotNull((await silo.Worker.Open(Guid.NewGuid(), other, Cancel)).Value);
        var opened = (await silo.Worker.Open(Guid.NewGuid(), silo.Target, Cancel)).Value!;

        var answer = await silo.Worker.Sample(
            Guid.NewGuid(), silo.Target, opened.PriorHash, "L0H0@last", "group", ["L0H0@last"], new TextList(["12+34="]), $"fits {refusals}", Cancel);
        Assert.Equal([silo.Target.Text], silo.Services.GetRequiredService<WorkerDesk>().Card().Loaded);
        Assert.Equal(refusals == 2, answer.Unfit);
        Assert.Equal(refusals == 2 ? WorkerFaultKind.Memory : null, answer.Fault?.Fault);
        Assert.Equal(2, refused);
    }

    [Fact]
    public async Task Calls_that_are_cancelled_end_and_one_that_waits_is_never_computed()
    {
        var sampled = new ConcurrentQueue<string>();
        silo.Compute.BeforeSampling = site => sampled.Enqueue(site.ToString());
        var opened = (await silo.Worker.Open(Guid.NewGuid(), silo.Target, Cancel)).Value!;
        using var cancelComputed = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        using var cancelWaiting = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var (computed, waiting) = (Guid.NewGuid(), Guid.NewGuid());
        var opening = silo.Worker.Open(computed, silo.Target with { Model = GrainSilo.LostModel }, cancelComputed.Token);
        await GrainSilo.UntilAsync(() => silo.Worker.Knows(computed));
        var sampling = Sample(waiting, cancelWaiting.Token);
        await GrainSilo.UntilAsync(() => silo.Worker.Knows(waiting));
        await cancelWaiting.CancelAsync();
        await cancelComputed.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sampling);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
        await GrainSilo.UntilAsync(async () => !await silo.Worker.Knows(computed) && !await silo.Worker.Knows(waiting));
        Assert.Empty(sampled);
        Assert.Single((await Sample(Guid.NewGuid(), Cancel)).Value!.Sets);

        Task<WorkerAnswer<WorkerSamples>> Sample(Guid ticket, CancellationToken cancel) =>
            silo.Worker.Sample(ticket, silo.Target, opened.PriorHash, "L0H0@last", "group", ["L0H0@last"], new TextList(["12+34="]), "test", cancel);
    }
}
