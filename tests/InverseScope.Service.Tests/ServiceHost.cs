using InverseScope.Service.Compute;
using InverseScope.Sweeps;
using InverseScope.Torch.Runtime;
using Microsoft.AspNetCore.Builder;

namespace InverseScope.Service.Tests;

/// <summary>A service over a home of its own, listening on a real port of loopback.</summary>
internal sealed class ServiceHost : IAsyncDisposable
{
    private readonly TempFolder? _folder;
    private readonly WebApplication _app;

    private ServiceHost(TempFolder? folder, WebApplication app)
    {
        (_folder, _app) = (folder, app);
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    /// <param name="home">One that is there already and stays; null makes a new one that goes with the service.</param>
    /// <param name="with">Changes the options.</param>
    /// <param name="compute">Null: models run in this process.</param>
    public static async Task<ServiceHost> StartAsync(Home? home = null, Func<ServiceOptions, ServiceOptions>? with = null, ICompute? compute = null)
    {
        var folder = home is null ? new TempFolder() : null;
        var options = new ServiceOptions
        {
            Home = home ?? new Home(folder!.Path),
            Address = new Uri("http://127.0.0.1:0"),
            Version = "test",
            Variable = _ => null,
        };
        var app = ServiceApp.Build(with?.Invoke(options) ?? options, workspace => compute ?? new LocalCompute(workspace.Home, new TorchThread(threads: 1)));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new ServiceHost(folder, app);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _folder?.Dispose();
    }
}
