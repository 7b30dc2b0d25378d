using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace InverseScope.Sweeps.Store;

/// <summary>Hears what other processes write, over a connection of its own that is made again when it breaks.</summary>
internal sealed class PostgresListener : IDisposable
{
    private const int MaximumBytes = 7900;

    private readonly NpgsqlDataSource _source;
    private readonly string _channel;
    private readonly string _self;
    private readonly Action<StoreNews?> _heard;
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _listening;

    /// <summary>Listens from when it returns.</summary>
    /// <param name="self">Marks what this process tells: it is not heard.</param>
    /// <param name="heard">What another told; null: some may have been missed. Called on a thread of its own.</param>
    public PostgresListener(PostgresAddress address, string self, Action<StoreNews?> heard)
    {
        // A connection that only hears must ask now and then whether the other end is there.
        var parts = new NpgsqlConnectionStringBuilder(address.ConnectionString) { Pooling = false, KeepAlive = 20 };
        _source = NpgsqlDataSource.Create(parts.ConnectionString);
        (_channel, _self, _heard) = (address.Schema, self, heard);
        try
        {
            var first = _source.OpenConnection();
            Listen(first);
            _listening = Task.Run(() => ListenAsync(first, _ended.Token));
        }
        catch
        {
            _source.Dispose();
            throw;
        }
    }

    /// <summary>Tells all others, once the transaction is committed.</summary>
    public static void Tell(NpgsqlConnection connection, PostgresAddress address, string self, StoreNews news)
    {
        var text = $"{self} {news.Kind} {PostgresText.Write(news.Sweep)}";
        using var command = new NpgsqlCommand("SELECT pg_notify($1, $2)", connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = address.Schema },
                // Longer ones are refused; without a kind it may be anything.
                new NpgsqlParameter<string> { TypedValue = Encoding.UTF8.GetByteCount(text) > MaximumBytes ? $"{self} - " : text },
            },
        };
        command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        _ended.Cancel();
        _listening.GetAwaiter().GetResult();
        _source.Dispose();
        _ended.Dispose();
    }

    private void Listen(NpgsqlConnection connection)
    {
        try
        {
            connection.Notification += (_, e) => Hear(e.Payload);
            using var command = new NpgsqlCommand($"LISTEN {_channel}", connection);
            command.ExecuteNonQuery();
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private async Task ListenAsync(NpgsqlConnection connection, CancellationToken ended)
    {
        var wait = TimeSpan.Zero;
        while (!ended.IsCancellationRequested)
        {
            try
            {
                while (true)
                {
                    await connection.WaitAsync(ended).ConfigureAwait(false);
                    wait = TimeSpan.Zero;
                }
            }
            catch (Exception e) when (IsBroken(e))
            {
                await connection.DisposeAsync().ConfigureAwait(false);
                connection = await ConnectAsync(connection, wait, ended).ConfigureAwait(false);
                wait = Longer(wait);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        await connection.DisposeAsync().ConfigureAwait(false);
    }

    // Until it is there, or the store is closed.
    private async Task<NpgsqlConnection> ConnectAsync(NpgsqlConnection broken, TimeSpan wait, CancellationToken ended)
    {
        try
        {
            while (true)
            {
                await Task.Delay(wait, ended).ConfigureAwait(false);
                try
                {
                    var connection = await _source.OpenConnectionAsync(ended).ConfigureAwait(false);
                    Listen(connection);
                    _heard(null);
                    return connection;
                }
                catch (Exception e) when (IsBroken(e))
                {
                    wait = Longer(wait);
                }
            }
        }
        catch (OperationCanceledException)
        {
            return broken;
        }
    }

    private static bool IsBroken(Exception e) => e is NpgsqlException or IOException or SocketException or TimeoutException or InvalidOperationException;

    private static TimeSpan Longer(TimeSpan wait) => TimeSpan.FromMilliseconds(Math.Clamp(wait.TotalMilliseconds * 2, 100, 5000));

    private void Hear(string payload)
    {
        if (payload.Split(' ', 3) is not [var from, var kind, var sweep] || from == _self)
            return;
        // A newer program may tell what this one does not know.
        _heard(Enum.TryParse<StoreNewsKind>(kind, out var known) ? new StoreNews(known, PostgresText.Read(sweep)) : null);
    }
}
