using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace InverseScope.Service.Tests.Mcp;

/// <summary>An agent that is connected to the service or to a process, and keeps all that it was told.</summary>
internal sealed class Agent(McpClient client) : IAsyncDisposable
{
    public const string Name = "test agent";

    public McpClient Client => client;

    /// <summary>The text of each reply, in order.</summary>
    public List<string> Told { get; } = [];

    public static Task<Agent> OverHttpAsync(ServiceHost service, string? key = null) => ConnectAsync(new HttpClientTransport(new HttpClientTransportOptions
    {
        Endpoint = new Uri(service.Client.BaseAddress!, "/mcp"),
        TransportMode = HttpTransportMode.StreamableHttp,
        AdditionalHeaders = key is null ? null : new Dictionary<string, string> { ["Authorization"] = $"Bearer {key}" },
    }));

    public static Task<Agent> OverStdioAsync(string home, params string[] more) => ConnectAsync(new StdioClientTransport(new StdioClientTransportOptions
    {
        Command = "dotnet",
        Arguments = [CliProcess.ProgramPath, "mcp", "--home", home, "--threads", "1", .. more],
    }));

    /// <summary>What came of a call that went well.</summary>
    public async Task<JsonElement> AskAsync(string tool, object? arguments = null)
    {
        var (isError, value) = await TryAsync(tool, arguments);
        Assert.False(isError, value.ToString());
        return value;
    }

    /// <summary>What a call is told that cannot be run.</summary>
    public async Task<string> RefusedAsync(string tool, object? arguments = null)
    {
        var (isError, value) = await TryAsync(tool, arguments);
        Assert.True(isError, value.ToString());
        return value.GetProperty("error").GetString()!;
    }

    public async Task<(bool IsError, JsonElement Value)> TryAsync(string tool, object? arguments = null, IProgress<ProgressNotificationValue>? progress = null)
    {
        var given = JsonSerializer.SerializeToElement(arguments ?? new { }).EnumerateObject().ToDictionary(p => p.Name, object? (p) => p.Value);
        var result = await client.CallToolAsync(tool, given, progress, cancellationToken: TestContext.Current.CancellationToken);
        var text = Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text;
        Told.Add(text);
        return (result.IsError == true, JsonElement.Parse(text));
    }

    /// <summary>The verdicts of what was submitted, once they are there.</summary>
    public async Task<JsonElement> VerdictsAsync()
    {
        for (var asked = 0; asked < 10; asked++)
        {
            var submitted = (await AskAsync("results", new { wait_seconds = 60 })).GetProperty("submitted");
            if (submitted.GetProperty("status").GetString() is not ("queued" or "running"))
                return submitted;
        }

        throw new TimeoutException("The sweep does not end.");
    }

    public ValueTask DisposeAsync() => client.DisposeAsync();

    private static async Task<Agent> ConnectAsync(IClientTransport transport) => new(await McpClient.CreateAsync(
        transport, new McpClientOptions { ClientInfo = new Implementation { Name = Name, Version = "1" } }, cancellationToken: TestContext.Current.CancellationToken));
}
