using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace InverseScope.Testing;

/// <summary>How a server is ended.</summary>
public enum PostgresStop
{
    /// <summary>Connections are ended, and all is brought to the disk.</summary>
    Fast,

    /// <summary>As by a fall of the machine: the next start recovers.</summary>
    Immediate,
}

/// <summary>
/// A PostgreSQL of its own, made at the first call in a folder that goes away with it: on a free port of this machine only, with a
/// password. One for a test assembly, with a new database for each test; a test that ends it makes its own. Where PostgreSQL is not
/// installed, the test is reported as skipped.
/// </summary>
public sealed class PostgresServer : IDisposable
{
    private const string Superuser = "tester";

    private readonly Lock _lock = new();
    private readonly string _password = Guid.NewGuid().ToString("N");
    private TempFolder? _folder;
    private int _databases;

    /// <summary>Where the newest PostgreSQL of this machine has its programs; null: there is none.</summary>
    public static string? Programs { get; } = FindPrograms();

    /// <summary>On 127.0.0.1; 0 before the first start.</summary>
    public int Port { get; private set; }

    private string Data => _folder!["data"];

    /// <summary>Connection string of a new, empty database, for Npgsql; its user may do everything. Skips the test where there is no PostgreSQL.</summary>
    public string NewDatabase()
    {
        Start();
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        Sql("postgres", $"CREATE DATABASE {name}");
        return ConnectionString(name);
    }

    /// <summary>Connection string of a database, whether or not it is there.</summary>
    public string ConnectionString(string database) => ConnectionString(database, Superuser, _password);

    /// <summary>Connection string of a database for some user.</summary>
    public string ConnectionString(string database, string user, string password) =>
        string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={Port};Database={database};Username={user};Password={password}");

    /// <summary>Runs SQL as superuser; what it prints, without heads and padding.</summary>
    public string Sql(string database, string sql)
    {
        using var process = Process.Start(new ProcessStartInfo(
            Path.Combine(Programs!, "psql"),
            ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", Superuser, "-d", database, "-c", sql])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PGPASSWORD"] = _password },
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output.TrimEnd('\n') : throw new InvalidOperationException($"psql: {error.Result}");
    }

    /// <summary>Ends every connection to a database, as an administrator would.</summary>
    public void EndConnections(string database) =>
        Sql("postgres", $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}' AND pid <> pg_backend_pid()");

    /// <summary>Starts it, on the port it had before, unless it runs.</summary>
    public void Start()
    {
        if (Programs is null)
            Assert.Skip("needs PostgreSQL: see tests/SKIPS.md");
        lock (_lock)
        {
            if (_folder is null)
                Make();
            else if (Run("pg_ctl", "-D", Data, "status") != 0)
                Launch();
        }
    }

    /// <summary>Ends it; its data stay.</summary>
    public void Stop(PostgresStop how = PostgresStop.Fast)
    {
        lock (_lock)
        {
            // After an immediate end there may be nothing left to end.
            if (_folder is not null)
                Run("pg_ctl", "-D", Data, "-m", how == PostgresStop.Fast ? "fast" : "immediate", "-w", "stop");
        }
    }

    /// <summary>Ends and starts it.</summary>
    public void Restart(PostgresStop how = PostgresStop.Fast)
    {
        Stop(how);
        Start();
    }

    public void Dispose()
    {
        Stop(PostgresStop.Immediate);
        _folder?.Dispose();
        _folder = null;
    }

    private static string? FindPrograms()
    {
        var debian = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderByDescending(f => int.TryParse(Path.GetFileName(f), CultureInfo.InvariantCulture, out var v) ? v : 0).Select(f => Path.Combine(f, "bin"))
            : [];
        return debian.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
            .FirstOrDefault(f => File.Exists(Path.Combine(f, "initdb")) && File.Exists(Path.Combine(f, "pg_ctl")) && File.Exists(Path.Combine(f, "psql")));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Make()
    {
        _folder = new TempFolder();
        File.WriteAllText(_folder["password"], _password);
        if (Environment.IsPrivilegedProcess)
            Check(Call("chown", "-R", "postgres", _folder.Path), "chown");
        // Bringing an empty database to the disk would only take time; what is written later is.
        Check(
            Run("initdb", "-D", Data, "-U", Superuser, "--pwfile", _folder["password"], "--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"),
            "initdb");
        // Somebody else may take a port between its choice and its use.
        for (var tries = 0; tries < 5; tries++)
        {
            Port = FreePort();
            if (TryLaunch())
                return;
        }

        Launch();
    }

    private void Launch()
    {
        if (!TryLaunch())
            throw new InvalidOperationException($"PostgreSQL does not start: {File.ReadAllText(_folder!["log"])}");
    }

    private bool TryLaunch() => Run(
        "pg_ctl", "-D", Data, "-l", _folder!["log"], "-w", "-t", "60", "-o",
        $"-p {Port} -k {_folder.Path} -c listen_addresses=127.0.0.1 -c shared_buffers=16MB -c max_connections=200", "start") == 0;

    private static void Check(int exitCode, string program)
    {
        if (exitCode != 0)
            throw new InvalidOperationException($"{program} ended with {exitCode}.");
    }

    // PostgreSQL refuses to run as root.
    private int Run(string program, params string[] arguments)
    {
        var path = Path.Combine(Programs!, program);
        return Environment.IsPrivilegedProcess ? Call("runuser", ["-u", "postgres", "--", path, .. arguments]) : Call(path, arguments);
    }

    // The server lives on with what it inherits, so that nobody may wait for the end of its output: it goes to a file.
    private int Call(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(
            "/bin/sh", ["-c", "exec \"$@\" >>\"$0\" 2>&1 </dev/null", _folder!["calls"], program, .. arguments])
        {
            WorkingDirectory = _folder.Path,
        })!;
        process.WaitForExit();
        return process.ExitCode;
    }
}
