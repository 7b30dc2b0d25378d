using InverseScope.Service.Cluster;
using Microsoft.Extensions.Time.Testing;

namespace InverseScope.Service.Tests.Cluster;

public sealed class SiteAllowanceTests
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UnixEpoch);
    private readonly SiteAllowance _allowance;
    private ClusterLoad _load;

    public SiteAllowanceTests() => _allowance = new SiteAllowance(() => _load, _clock);

    [Theory]
    [InlineData(1, 1, 4)]
    [InlineData(8, 1, 18)]
    [InlineData(8, 6, 3)]
    [InlineData(8, 40, 1)]
    [InlineData(100, 1, 48)]
    public void Where_all_that_were_begun_ask_for_workers_no_more_are(int workers, int sweeps, int sites)
    {
        _load = new ClusterLoad(workers, (workers * 2) + 2, sweeps);
        Assert.Equal(sites, _allowance.Now());
        _clock.Advance(SiteAllowance.Settles);
        Assert.Equal(sites, _allowance.Now());
    }

    [Fact]
    public void As_long_as_few_ask_more_are_begun_when_those_before_had_time_to_ask()
    {
        _load = new ClusterLoad(4, 10, 1);
        Assert.Equal(10, _allowance.Now());
        _load = new ClusterLoad(4, 7, 1);
        _clock.Advance(SiteAllowance.Settles);
        Assert.Equal([13, 13], [_allowance.Now(), _allowance.Now()]);
        _clock.Advance(SiteAllowance.Settles);
        Assert.Equal(16, _allowance.Now());
        // Those that were begun go on, however many ask then.
        _load = new ClusterLoad(4, 16, 1);
        _clock.Advance(SiteAllowance.Settles);
        Assert.Equal(16, _allowance.Now());
    }

    [Theory]
    [InlineData(1, 8)]
    [InlineData(4, 26)]
    [InlineData(20, 48)]
    public void Where_nobody_asks_for_long_there_is_an_end_to_it(int workers, int sites)
    {
        _load = new ClusterLoad(workers, 0, 1);
        for (var k = 0; k < 20; k++)
        {
            _clock.Advance(SiteAllowance.Settles);
            Assert.InRange(_allowance.Now(), 1, sites);
        }

        Assert.Equal(sites, _allowance.Now());
    }
}
