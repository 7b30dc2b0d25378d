using InverseScope.Service.Tests.Pages;

[assembly: AssemblyFixture(typeof(PageSite))]

namespace InverseScope.Service.Tests.Pages;

/// <summary>One service over <see cref="PageHome"/> for all tests that only look.</summary>
public sealed class PageSite : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly SemaphoreSlim _starting = new(1);
    private ServiceHost? _service;

    /// <summary>Where it listens.</summary>
    public async Task<Uri> AddressAsync() => (await ServiceAsync()).Client.BaseAddress!;

    internal async Task<ServiceHost> ServiceAsync()
    {
        await _starting.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            return _service ??= await ServiceHost.StartAsync(PageHome.Make(_folder.Path));
        }
        finally
        {
            _starting.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_service is not null)
            await _service.DisposeAsync();
        _starting.Dispose();
        _folder.Dispose();
    }
}
