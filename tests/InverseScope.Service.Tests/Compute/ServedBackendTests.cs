using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Service.Compute;

namespace InverseScope.Service.Tests.Compute;

public sealed class ServedBackendTests
{
    [Fact]
    public async Task What_is_closed_while_it_is_used_ends_with_its_last_use()
    {
        var backend = new Watched();
        var served = new Served(backend);
        Assert.True(served.TryUse());
        Assert.True(served.TryUse());
        served.Close();
        Assert.False(served.TryUse());
        var end = Task.Run(served.WaitForEnd, TestContext.Current.CancellationToken);
        served.Dispose();
        Assert.Equal((0, false), (backend.Ends, end.IsCompleted));
        served.Dispose();
        await end;
        served.Close();
        Assert.Equal(1, backend.Ends);
    }

    [Fact]
    public void A_fault_at_its_end_is_of_whoever_waits_for_that_and_of_nobody_who_used_it()
    {
        var served = new Served(new Watched { Fault = new InvalidOperationException("no end") });
        Assert.True(served.TryUse());
        served.Close();
        served.Dispose();
        Assert.Equal("no end", Assert.Throws<InvalidOperationException>(served.WaitForEnd).Message);
    }

    private sealed class Served(IInversionBackend backend) : ServedBackend(backend, new TaskCatalog().Find("addition"));

    private sealed class Watched : IInversionBackend
    {
        public int Ends { get; private set; }

        public Exception? Fault { get; init; }

        public TextPool Texts { get; } = new();

        public TargetDescription Target => throw new NotSupportedException();

        public MeasurementOptions Options => throw new NotSupportedException();

        public int PriorTexts => 0;

        public double[]? PriorWeights => null;

        public void Prepare(IReadOnlyList<Site> sites, IProgress<WorkProgress>? progress, CancellationToken cancel) => throw new NotSupportedException();

        public SiteSamples Sample(Site site, IReadOnlyList<string> references, string streamName, CancellationToken cancel) => throw new NotSupportedException();

        public IReadOnlyList<int?> CharactersRead(Site site, IReadOnlyList<string> texts) => throw new NotSupportedException();

        public void Dispose()
        {
            Ends++;
            if (Fault is not null)
                throw Fault;
        }
    }
}
