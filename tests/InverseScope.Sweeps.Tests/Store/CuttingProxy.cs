using System.Net;
using System.Net.Sockets;

namespace InverseScope.Sweeps.Tests.Store;

/// <summary>Stands before a server on this machine, and can break a connection at its commit.</summary>
internal sealed class CuttingProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _port;
    private int _before;
    private int _after;

    /// <param name="port">The server's.</param>
    public CuttingProxy(int port)
    {
        _port = port;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many connections were broken.</summary>
    public int Cuts { get; private set; }

    /// <summary>The next commit does not reach the server.</summary>
    public void CutBeforeCommit() => _before = 1;

    /// <summary>The next commit is done, and its sender does not hear of it.</summary>
    public void CutAfterCommit() => _after = 1;

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                _ = ServeAsync(client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It was closed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var near = client;
        using var far = new TcpClient { NoDelay = true };
        near.NoDelay = true;
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, _port);
            var back = CopyAsync(far.GetStream(), near.GetStream());
            var buffer = new byte[1 << 16];
            while (await near.GetStream().ReadAsync(buffer) is > 0 and var read)
            {
                var commits = buffer.AsSpan(0, read).IndexOf("COMMIT"u8) >= 0;
                if (commits && Interlocked.Exchange(ref _before, 0) == 1)
                {
                    Cuts++;
                    return;
                }

                if (commits && Interlocked.Exchange(ref _after, 0) == 1)
                {
                    near.Client.Shutdown(SocketShutdown.Send);
                    await far.GetStream().WriteAsync(buffer.AsMemory(0, read));
                    Cuts++;
                    await back;
                    return;
                }

                await far.GetStream().WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // One side went away; the other is closed with it.
        }
    }

    private static async Task CopyAsync(NetworkStream from, NetworkStream to)
    {
        try
        {
            await from.CopyToAsync(to);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // One side went away; the other is closed with it.
        }
    }
}
