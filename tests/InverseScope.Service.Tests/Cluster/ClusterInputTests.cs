using System.Net;
using System.Net.Sockets;
using InverseScope.Core;
using InverseScope.Service.Cluster;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Store;
using Microsoft.Extensions.Time.Testing;

namespace InverseScope.Service.Tests.Cluster;

/// <summary>Whoever cannot be a member is told why, and changes nothing.</summary>
public sealed class ClusterInputTests(ClusterInputTests.Server server) : IClassFixture<ClusterInputTests.Server>
{
    private const string Version = "1.2.3";

    [Fact]
    public void A_wrong_password_is_told()
    {
        var database = server.NewDatabase();
        var fault = Assert.Throws<BadInputException>(() => Prepare(database.Replace("Password=", "Password=wrong", StringComparison.Ordinal)));
        Assert.Contains("refuses this user: password authentication failed", fault.Message, StringComparison.Ordinal);
        Assert.Contains("Check Username and Password", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_database_that_is_not_there_is_told()
    {
        server.NewDatabase();
        var fault = Assert.Throws<BadInputException>(() => Prepare(server.ConnectionString("nowhere")));
        Assert.Contains("There is no database 'nowhere'", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=127.0.0.1;Port=1;Database=d;Username=u;Password=p", "127.0.0.1:1")]
    [InlineData("Host=no-such-host.invalid;Database=d;Username=u;Password=p", "no-such-host.invalid")]
    public void A_server_that_is_not_there_is_told(string connection, string shown)
    {
        var fault = Assert.Throws<StoreAwayException>(() => Prepare(connection));
        Assert.Contains("does not answer", fault.Message, StringComparison.Ordinal);
        Assert.Contains("Start PostgreSQL there, or correct Host and Port.", fault.Message, StringComparison.Ordinal);
        Assert.Contains(shown, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("the rack in the cellar", "cannot be read")]
    [InlineData("Host=db;Colour=red", "cannot be read")]
    [InlineData("Host=db;Port=many;Database=d", "cannot be read")]
    [InlineData("Host=db", "names no database")]
    [InlineData("", "names no host")]
    public void What_is_no_connection_string_is_told(string text, string why)
    {
        var fault = Assert.Throws<BadInputException>(() => new ClusterSettings(text));
        Assert.Contains(why, fault.Message, StringComparison.Ordinal);
        Assert.Contains("Write it as 'Host=db.example;Port=5432;Database=lab;Username=me;Password=…'", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_of_a_newer_program_are_left_alone()
    {
        var database = server.NewDatabase();
        Prepare(database);
        server.Sql(database, "UPDATE inversescope.cluster_version SET version = 99; UPDATE inversescope.orleansquery SET querytext = 'newer'");

        var fault = Assert.Throws<BadInputException>(() => Prepare(database));
        Assert.Contains($"have version 99; this program knows versions up to {ClusterSchema.Version}", fault.Message, StringComparison.Ordinal);
        Assert.Equal("99", server.Sql(database, "SELECT version FROM inversescope.cluster_version"));
        Assert.Equal("newer", server.Sql(database, "SELECT DISTINCT querytext FROM inversescope.orleansquery"));
    }

    [Fact]
    public void An_older_schema_gets_what_it_lacks_and_keeps_what_else_is_there()
    {
        var database = server.NewDatabase();
        // The store's, and the cluster's before its first version.
        server.Sql(database, """
            CREATE SCHEMA inversescope;
            CREATE TABLE inversescope.cluster_version (single boolean PRIMARY KEY DEFAULT true CHECK (single), version integer NOT NULL);
            CREATE TABLE inversescope.kept (text text);
            INSERT INTO inversescope.kept VALUES ('a sweep')
            """);

        Prepare(database);
        Assert.Equal($"{ClusterSchema.Version}", server.Sql(database, "SELECT version FROM inversescope.cluster_version"));
        Assert.Equal("0", server.Sql(database, "SELECT count(*) FROM inversescope.orleansmembershiptable"));
        Assert.Equal("a sweep", server.Sql(database, "SELECT text FROM inversescope.kept"));
    }

    [Fact]
    public void Preparing_again_changes_nothing()
    {
        var database = server.NewDatabase();
        Prepare(database);
        const string Look = "SELECT querykey, querytext, xmin FROM inversescope.orleansquery ORDER BY 1";
        var before = server.Sql(database, Look);
        Prepare(database);
        Assert.NotEqual("", before);
        Assert.Equal(before, server.Sql(database, Look));
    }

    [Fact]
    public void Many_who_prepare_at_once_make_the_tables_once()
    {
        var database = server.NewDatabase();
        Parallel.For(0, 8, new ParallelOptions { CancellationToken = TestContext.Current.CancellationToken }, _ => Prepare(database));
        Assert.Equal("1", server.Sql(database, "SELECT count(*) FROM inversescope.cluster_version"));
    }

    [Fact]
    public void Another_version_of_the_program_is_told_while_it_runs()
    {
        var database = server.NewDatabase();
        Prepare(database);
        Join(database, "service/elsewhere/1/9.9.9", 11, "now()", 3);

        var fault = Assert.Throws<BadInputException>(() => Prepare(database));
        Assert.Contains("runs version 9.9.9 of the program; this is 1.2.3", fault.Message, StringComparison.Ordinal);
        Assert.Contains("Start the same version everywhere", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_service_in_another_home_is_told_and_one_in_the_same_joins()
    {
        using var folder = new TempFolder();
        var (home, other) = (new Home(folder["home"]), new Home(folder["other"]));
        home.Make();
        other.Make();
        var settings = new ClusterSettings(server.NewDatabase());
        void Prepare(Home of) => ClusterSchema.Prepare(settings, Version, TimeProvider.System, () => ClusterHome.MarkOf(of));
        Prepare(home);
        var mark = ClusterHome.Mark(home, settings);
        Assert.Equal(mark, ClusterHome.Mark(home, settings));
        Join(settings.Store, (MemberName.Own(MemberName.Service, Version) with { Home = mark }).ToString(), 11, "now()", 3);

        Prepare(home);
        var fault = Assert.Throws<BadInputException>(() => Prepare(other));
        Assert.Contains("works in another home", fault.Message, StringComparison.Ordinal);
        Assert.Null(ClusterHome.MarkOf(other));
        // A worker has none of it.
        ClusterSchema.Prepare(settings, Version, TimeProvider.System);
    }

    [Fact]
    public void Another_version_that_is_dead_or_long_silent_is_in_nobodys_way()
    {
        var database = server.NewDatabase();
        Prepare(database);
        Join(database, "service/elsewhere/1/9.9.9", 11, "now()", 6);
        Join(database, "worker/elsewhere/2/9.9.9", 12, "now() - interval '3 min'", 3);
        Join(database, "worker/elsewhere/3/1.2.3", 13, "now()", 3);
        Prepare(database);
    }

    [Theory]
    [InlineData(1, "ahead of")]
    [InlineData(-1, "behind")]
    public void A_clock_an_hour_off_is_told(int hours, string where)
    {
        var database = server.NewDatabase();
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(hours));
        var fault = Assert.Throws<BadInputException>(() => ClusterSchema.Prepare(new ClusterSettings(database), Version, clock));
        Assert.Matches($"The clock of this machine is 0\\.(01:00|00:59):\\d\\d {where} that of the database", fault.Message);
        Assert.Contains("Set the clocks (NTP)", fault.Message, StringComparison.Ordinal);
        Assert.Equal("", server.Sql(database, "SELECT nspname FROM pg_namespace WHERE nspname = 'inversescope'"));
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("worker")]
    public void The_program_ends_with_what_is_wrong(string command)
    {
        using var folder = new TempFolder();
        var connection = server.NewDatabase().Replace("Password=", "Password=wrong", StringComparison.Ordinal);
        var error = ErrorOf(command, "--cluster", connection, "--home", folder["home"]);
        Assert.StartsWith("inversescope: The server of the store", error, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_that_is_taken_and_an_address_of_another_machine_are_told_as_options()
    {
        using var folder = new TempFolder();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var database = server.NewDatabase();
        Assert.Contains($"--member-port {port} cannot be listened at (127.0.0.1)", ErrorOf("worker", "--cluster", database, "--home", folder["home"], "--member-port", $"{port}"), StringComparison.Ordinal);
        Assert.Contains("--member-address 192.0.2.1 is no address of this machine.", ErrorOf("worker", "--cluster", database, "--home", folder["home"], "--member-address", "192.0.2.1"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_worker_needs_a_cluster()
    {
        using var folder = new TempFolder();
        Assert.Contains("Name its database: --cluster", ErrorOf("worker", "--home", folder["home"], "--service", "http://127.0.0.1:1"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_home_with_sweeps_of_its_own_is_none_for_a_cluster()
    {
        using var folder = new TempFolder();
        var home = new Home(folder["home"]);
        home.Make();
        SweepStore.Open(home.Store).Dispose();
        var options = new ServiceOptions { Home = home, Address = new Uri("http://127.0.0.1:0"), Version = Version, Cluster = new ClusterSettings(server.NewDatabase()) };
        var fault = Assert.Throws<BadInputException>(() => ServiceApp.Build(options, _ => throw new InvalidOperationException("It must not get so far.")));
        Assert.Contains("has sweeps of its own, in store.db", fault.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(home.Cluster));
    }

    private static string ErrorOf(params string[] arguments)
    {
        var run = CliProcess.Run(arguments);
        Assert.Equal(2, run.Code);
        return run.Error;
    }

    private static void Prepare(string database) => ClusterSchema.Prepare(new ClusterSettings(database), Version, TimeProvider.System);

    private void Join(string database, string name, int port, string alive, int status) => server.Sql(database, $"""
        INSERT INTO inversescope.orleansmembershipversiontable (deploymentid) VALUES ('{ClusterSchema.Cluster}') ON CONFLICT DO NOTHING;
        INSERT INTO inversescope.orleansmembershiptable VALUES ('{ClusterSchema.Cluster}', '127.0.0.1', {port}, 1, '{name}', 'elsewhere', {status}, 0, NULL, now(), {alive});
        """);

    /// <summary>One server for all of these.</summary>
    public sealed class Server : IDisposable
    {
        private readonly PostgresServer _server = new();

        public string NewDatabase() => _server.NewDatabase();

        public string ConnectionString(string database) => _server.ConnectionString(database);

        /// <param name="connection">Of its database.</param>
        public string Sql(string connection, string sql) =>
            _server.Sql(connection.Split(';').Single(p => p.StartsWith("Database=", StringComparison.Ordinal))["Database=".Length..], sql);

        public void Dispose() => _server.Dispose();
    }
}
