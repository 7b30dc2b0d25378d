using System.Net;
using System.Net.Sockets;
using System.Text;

namespace InverseScope.Testing;

/// <summary>
/// Stands before a server on this machine, and fails as networks do: it holds back what both sides send, in silence, or breaks a connection.
/// </summary>
public sealed class TcpProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _port;
    private volatile TaskCompletionSource? _stalled;
    private Cut? _cut;

    /// <param name="port">The server's.</param>
    public TcpProxy(int port)
    {
        _port = port;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many connections were broken.</summary>
    public int Cuts { get; private set; }

    /// <summary>From now on nothing passes.</summary>
    public void Stall() => _stalled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was held back passes, and all that comes after it.</summary>
    public void GoOn()
    {
        var stalled = _stalled;
        _stalled = null;
        stalled?.SetResult();
    }

    /// <summary>Breaks the connection over which a client next sends a word.</summary>
    /// <param name="word">ASCII.</param>
    /// <param name="isHeard">Whether the server still gets it, and only its answer is lost.</param>
    public void CutAt(string word, bool isHeard) => _cut = new Cut(Encoding.ASCII.GetBytes(word), isHeard);

    public void Dispose()
    {
        GoOn();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
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
            var back = CopyAsync(far, near, null);
            // Whichever side ends ends the other.
            await Task.WhenAny(CopyAsync(near, far, back), back);
        }
        catch (SocketException)
        {
            // The server is not there.
        }
    }

    /// <param name="back">The other direction, where this one is the client's.</param>
    private async Task CopyAsync(TcpClient from, TcpClient to, Task? back)
    {
        var buffer = new byte[1 << 16];
        try
        {
            while (await from.GetStream().ReadAsync(buffer) is > 0 and var read)
            {
                if (_stalled is { } stalled)
                    await stalled.Task;
                var cut = back is null ? null : TakeCut(buffer.AsSpan(0, read));
                if (cut is { IsHeard: false })
                    return;
                // The answer finds nobody.
                if (cut is not null)
                    from.Client.Shutdown(SocketShutdown.Send);
                await to.GetStream().WriteAsync(buffer.AsMemory(0, read));
                if (cut is null)
                    continue;
                await back!;
                return;
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // One side went away.
        }
    }

    private Cut? TakeCut(ReadOnlySpan<byte> sent)
    {
        if (_cut is not { } cut || sent.IndexOf(cut.Word) < 0 || Interlocked.CompareExchange(ref _cut, null, cut) != cut)
            return null;
        Cuts++;
        return cut;
    }

    private sealed record Cut(byte[] Word, bool IsHeard);
}
