using System.Net;

namespace InverseScope.Service.Tests;

public sealed class ServiceAppTests
{
    [Fact]
    public async Task A_new_home_has_a_page_and_an_empty_list_of_sweeps()
    {
        await using var service = await ServiceHost.StartAsync();

        var page = await service.Client.GetAsync("/", TestContext.Current.CancellationToken);
        var list = await service.Client.GetStringAsync("/api/v1/sweeps", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal("[]", list);
    }
}
