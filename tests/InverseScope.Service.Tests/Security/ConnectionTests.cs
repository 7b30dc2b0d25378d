using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace InverseScope.Service.Tests.Security;

/// <summary>One remote address cannot keep all others out.</summary>
public sealed class ConnectionTests
{
    private const int Most = 3;
    private const string Initialize =
        """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}""";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Connections_beyond_the_limit_of_their_address_are_closed_at_once_until_others_are()
    {
        await using var service = await StartAsync(l => l with { LocalConnections = Most });
        var open = new List<TcpClient>();
        for (var i = 0; i < Most; i++)
            open.Add(await ConnectedAsync(service) ?? throw new InvalidOperationException($"Connection {i} was refused."));
        Assert.Null(await ConnectedAsync(service));
        // Another address has its own.
        using (var other = await ConnectedAsync(service, "127.0.0.2"))
            Assert.NotNull(other);

        open[0].Dispose();
        TcpClient? again = null;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        while ((again = await ConnectedAsync(service)) is null)
            await Task.Delay(10, patience.Token);
        Assert.Null(await ConnectedAsync(service));
        again.Dispose();
        open.ForEach(c => c.Dispose());
    }

    [Fact]
    public async Task A_proxy_has_the_connections_of_all_its_visitors()
    {
        await using var service = await StartAsync(l => l with { LocalConnections = 1 }, IPAddress.Loopback);
        using var first = await ConnectedAsync(service);
        using var second = await ConnectedAsync(service);
        using var other = await ConnectedAsync(service, "127.0.0.2");

        Assert.NotNull(first);
        Assert.NotNull(second);
        Assert.NotNull(other);
        Assert.Null(await ConnectedAsync(service, "127.0.0.2"));
    }

    [Fact]
    public async Task Streams_of_agents_that_keep_sessions_open_are_bounded_and_their_calls_are_not()
    {
        await using var service = await StartAsync(l => l with { Listeners = 1 });
        var (first, second) = (await SessionAsync(service), await SessionAsync(service));
        using var held = await service.Client.SendAsync(McpRequest(HttpMethod.Get, first), HttpCompletionOption.ResponseHeadersRead, Cancel);
        using var refused = await service.Client.SendAsync(McpRequest(HttpMethod.Get, second), HttpCompletionOption.ResponseHeadersRead, Cancel);
        using var asked = await service.Client.SendAsync(McpRequest(HttpMethod.Post, second, """{"jsonrpc":"2.0","id":2,"method":"tools/list"}"""), Cancel);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.TooManyRequests, HttpStatusCode.OK), (held.StatusCode, refused.StatusCode, asked.StatusCode));
    }

    private static Task<ServiceHost> StartAsync(Func<RequestLimits, RequestLimits> limits, params IPAddress[] proxies) =>
        ServiceHost.StartAsync(null, options => options with { Limits = limits(options.Limits), Proxies = proxies });

    private static async Task<string> SessionAsync(ServiceHost service)
    {
        using var answer = await service.Client.SendAsync(McpRequest(HttpMethod.Post, null, Initialize), Cancel);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return Assert.Single(answer.Headers.GetValues("Mcp-Session-Id"));
    }

    private static HttpRequestMessage McpRequest(HttpMethod method, string? session, string? body = null)
    {
        var request = new HttpRequestMessage(method, "/mcp") { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (body is not null)
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (session is not null)
            request.Headers.Add("Mcp-Session-Id", session);
        return request;
    }

    // One that was answered and stays open; null where it was closed without an answer.
    private static async Task<TcpClient?> ConnectedAsync(ServiceHost service, string from = "127.0.0.1")
    {
        var address = service.Client.BaseAddress!;
        var tcp = new TcpClient(new IPEndPoint(IPAddress.Parse(from), 0));
        try
        {
            await tcp.ConnectAsync(address.Host, address.Port, Cancel);
            await tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /health/live HTTP/1.1\r\nHost: {address.Authority}\r\n\r\n"), Cancel);
            if (await tcp.GetStream().ReadAsync(new byte[1024], Cancel) > 0)
                return tcp;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // Closed before the request was sent or the answer was read.
        }

        tcp.Dispose();
        return null;
    }
}
