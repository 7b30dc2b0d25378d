using System.Net;
using Microsoft.AspNetCore.Connections;

namespace InverseScope.Service.Security;

/// <summary>Closes connections of a remote address that has as many as it may already, before anything of them is read: one client must not take them all.</summary>
/// <param name="proxies">Those whose connections are of all their visitors, and have no limit of their own.</param>
internal sealed class OpenConnections(RequestLimits limits, IReadOnlyList<IPAddress> proxies)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _open = new(StringComparer.Ordinal);

    public async Task Invoke(ConnectionContext connection, ConnectionDelegate next)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        if (address is { IsIPv4MappedToIPv6: true })
            address = address.MapToIPv4();
        if (address is null || proxies.Contains(address))
        {
            await next(connection);
            return;
        }

        var from = RequestRates.PartOf(address);
        if (!TryOpen(from, IPAddress.IsLoopback(address) ? limits.LocalConnections : limits.Connections))
        {
            connection.Abort(new ConnectionAbortedException("The remote address has too many connections."));
            return;
        }

        try
        {
            await next(connection);
        }
        finally
        {
            Close(from);
        }
    }

    private bool TryOpen(string from, int most)
    {
        lock (_lock)
        {
            var open = _open.GetValueOrDefault(from);
            if (open >= most)
                return false;
            _open[from] = open + 1;
            return true;
        }
    }

    private void Close(string from)
    {
        lock (_lock)
        {
            if (--_open[from] == 0)
                _open.Remove(from);
        }
    }
}
