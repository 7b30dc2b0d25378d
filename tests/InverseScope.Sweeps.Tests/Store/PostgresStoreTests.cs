using InverseScope.Agent.Labels;
using InverseScope.Core;
using InverseScope.Core.Specs;
using InverseScope.Sweeps.Store;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Store;

/// <summary>What only a server can do to a store: to be used by many, to be away, to refuse.</summary>
public sealed class PostgresStoreTests(PostgresServer server)
{
    private static readonly LabelScope Scope = new("spec", "sha256:1", "prompt", 0);

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [Fact]
    public void What_others_write_is_seen_soon()
    {
        var place = server.NewDatabase();
        using var store = SweepStore.OpenPostgres(place);
        using var other = SweepStore.OpenPostgres(place);
        Assert.Empty(store.Labels.ScopesOf("spec"));
        Assert.Null(store.Labels.Find(Scope, "a"));
        Assert.Equal(0, store.Transcripts.Totals("a-001").All.Calls);

        var id = other.Begin(new StoredSweep { Name = "a" }).Id;
        Eventually(() => store.Begun == 1);
        Assert.Equal(id, Assert.Single(store.Sweeps()).Id);
        other.Change(id, s => s.StopReason = "x");
        other.Change(id, s => s.StopReason = "y");
        Eventually(() => store.ChangesOf(id) == 2);
        Assert.Equal("y", store.Sweep(id).StopReason);
        other.Reviews.TryAdd(new StoredReview { Sweep = id, Hypothesis = "h", QueuedBecause = [] }, 0);
        other.Reviews.Add(new StoredCorrection { Sweep = id, SpecHash = "s" });
        Eventually(() => store.Reviews.Version == 2);
        other.Labels.Add(Scope, [Labelled("a")]);
        Assert.Equal("a", store.Labels.Find(Scope, "a")!.Value.Label);
        Assert.Equal([Scope], store.Labels.ScopesOf("spec"));
        store.Labels.Add(Scope, [Labelled("a"), Labelled("b")]);
        Assert.Equal(["a", "b"], other.Labels.All(Scope).Select(l => l.Key));

        // Each counts what it did itself once.
        Assert.Equal((1, 2, 2), (other.Begun, other.ChangesOf(id), other.Reviews.Version));
        Assert.Equal((1, 2, 2), (store.Begun, store.ChangesOf(id), store.Reviews.Version));
    }

    [Fact]
    public async Task Stores_that_write_at_once_agree()
    {
        var place = server.NewDatabase();
        var stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => SweepStore.OpenPostgres(place))));
        try
        {
            var ids = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => stores[i % 4].Begin(new StoredSweep { Name = "a" }).Id)));
            Assert.Equal(Enumerable.Range(1, 16).Select(i => $"a-{i:000}"), ids.Order(StringComparer.Ordinal));
            await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => stores[i % 4].Labels.Add(Scope, [Labelled("shared"), Labelled($"{i}")]))));
            await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => stores[i % 4].Change("a-001", s => s.WorkSeconds++))));
            var reviewed = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() =>
                stores[i % 4].Reviews.TryAdd(new StoredReview { Sweep = "a-001", Hypothesis = "h", QueuedBecause = [] }, 0))));
            Assert.Single(reviewed, r => r);
            Assert.All(stores, s => Assert.Equal(16, s.Sweep("a-001").WorkSeconds));
            Assert.Equal(17, stores[0].Labels.All(Scope).Count);
            Assert.All(stores, s => Assert.Equal(stores[0].Labels.All(Scope), s.Labels.All(Scope)));
        }
        finally
        {
            Array.ForEach(stores, s => s.Dispose());
        }
    }

    [Fact]
    public async Task A_write_under_way_is_waited_for_by_whoever_takes_over()
    {
        var place = server.NewDatabase();
        using var store = SweepStore.OpenPostgres(place);
        using var other = SweepStore.OpenPostgres(place);
        var id = store.Begin(new StoredSweep { Name = "a" }).Id;
        var fence = store.TakeOver("a");
        Task<StoreFence>? taking = null;
        store.Change(
            id,
            s =>
            {
                taking = Task.Run(() => other.TakeOver("a"));
                Eventually(() => server.Sql("postgres", $"SELECT count(*) FROM pg_stat_activity WHERE datname = '{NameOf(place)}' AND wait_event_type = 'Lock'") == "1");
                Assert.False(taking.IsCompleted);
                s.StopReason = "in time";
            },
            fence);
        Assert.Equal(2, (await taking!).Token);
        Assert.Equal("in time", other.Sweep(id).StopReason);
        Assert.Throws<FencedException>(() => store.Change(id, s => s.StopReason = "late", fence));
        Assert.Equal("in time", other.Sweep(id).StopReason);
    }

    [Fact]
    public void Whoever_stops_in_the_middle_of_a_write_holds_nobody_up_and_writes_nothing_when_it_goes_on()
    {
        var place = server.NewDatabase();
        using var other = SweepStore.OpenPostgres(place);
        using var store = SweepStore.OpenPostgres(place + ";Options=\"-c idle_in_transaction_session_timeout=200\"");
        var id = store.Begin(new StoredSweep { Name = "a", StopReason = "before" }).Id;
        var fence = store.TakeOver("a");
        var stops = 0;
        Assert.Throws<FencedException>(() => store.Change(
            id,
            s =>
            {
                stops++;
                // Waits until the server has thrown out who stands here.
                Assert.Equal(2, other.TakeOver("a").Token);
                s.StopReason = "late";
            },
            fence));
        Assert.Equal(1, stops);
        Assert.Equal("before", other.Sweep(id).StopReason);
        Assert.Equal("x", other.Change(id, s => s.StopReason = "x", fence with { Token = 2 }).StopReason);
    }

    [Fact]
    public void Connections_that_are_ended_are_made_again_and_what_was_missed_counts_as_changed()
    {
        var place = server.NewDatabase();
        using var store = SweepStore.OpenPostgres(place);
        var id = store.Begin(new StoredSweep { Name = "a" }).Id;
        var (begun, changes, reviews) = (store.Begun, store.ChangesOf(id), store.Reviews.Version);
        server.EndConnections(NameOf(place));
        Assert.Equal(id, store.Sweep(id).Id);
        Eventually(() => store.Begun > begun && store.ChangesOf(id) > changes && store.Reviews.Version > reviews);
        using var other = SweepStore.OpenPostgres(place);
        changes = store.ChangesOf(id);
        other.Change(id, s => s.StopReason = "x");
        Eventually(() => store.ChangesOf(id) == changes + 1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_commit_that_nobody_answered_is_done_once(bool landed)
    {
        var place = server.NewDatabase();
        using var proxy = new TcpProxy(server.Port);
        using var store = SweepStore.OpenPostgres(place.Replace($"Port={server.Port}", $"Port={proxy.Port}", StringComparison.Ordinal));
        var id = store.Begin(new StoredSweep { Name = "a" }).Id;
        for (var i = 0; i < 3; i++)
        {
            Cut();
            store.Log(new StoredLogLine { Sweep = id, Step = $"{i}" });
        }

        Cut();
        Assert.True(store.Commit(new StoredStep { Sweep = id, Stage = "s", Key = "k" }, [new StoredLogLine { Sweep = id, Step = "3" }]));
        Cut();
        Assert.Equal("a-002", store.Begin(new StoredSweep { Name = "a" }).Id);
        Cut();
        Assert.True(store.Reviews.TryAdd(new StoredReview { Sweep = id, Hypothesis = "h", QueuedBecause = [] }, 0));
        Assert.Equal(6, proxy.Cuts);
        Assert.Equal(["0", "1", "2", "3"], store.LogOf(id).Select(l => l.Step));
        Assert.Equal(2, store.Sweeps().Count);
        Assert.Single(store.Reviews.Of(id));

        void Cut() => proxy.CutAt("COMMIT", isHeard: landed);
    }

    [Theory]
    [InlineData(PostgresStop.Fast)]
    [InlineData(PostgresStop.Immediate)]
    public async Task A_server_that_is_restarted_loses_nothing_and_fails_nobody(PostgresStop how)
    {
        using var own = new PostgresServer();
        var place = own.NewDatabase();
        using var store = SweepStore.OpenPostgres(place);
        using var other = SweepStore.OpenPostgres(place);
        const int writers = 4, each = 40;
        var written = 0;
        var writing = Task.WhenAll(Enumerable.Range(0, writers).Select(w => Task.Run(() =>
        {
            for (var i = 0; i < each; i++)
            {
                var mine = w % 2 == 0 ? store : other;
                Assert.True(mine.Commit(
                    new StoredStep { Sweep = "a-001", Site = $"{w}", Stage = $"{i}", Key = "k" },
                    [new StoredLogLine { Sweep = "a-001", Site = $"{w}", Step = $"{i}" }]));
                Interlocked.Increment(ref written);
                Assert.NotNull(mine.Find("a-001", $"{w}", $"{i}", "k"));
            }
        })));
        Eventually(() => Volatile.Read(ref written) >= 20);
        own.Restart(how);
        await writing;
        Assert.Equal(writers * each, store.Steps("a-001").Count);
        var log = store.LogOf("a-001");
        Assert.Equal(writers * each, log.Count);
        for (var w = 0; w < writers; w++)
            Assert.Equal(Enumerable.Range(0, each).Select(i => $"{i}"), log.Where(l => l.Site == $"{w}").Select(l => l.Step));
        var begun = store.Begun;
        other.Begin(new StoredSweep { Name = "a" });
        Eventually(() => store.Begun > begun);
    }

    [Fact]
    public void What_the_server_refuses_is_told_with_a_cure_and_without_the_password()
    {
        var place = server.NewDatabase();
        var database = NameOf(place);
        server.Sql(database, $"CREATE ROLE guest_{database} LOGIN PASSWORD 'geheim7'");
        var wrong = Refused(server.ConnectionString(database, $"guest_{database}", "geheim8"));
        Assert.Contains("password authentication failed", wrong, StringComparison.Ordinal);
        Assert.Contains("Check Username and Password", wrong, StringComparison.Ordinal);
        Assert.Contains("no database 'nowhere'", Refused(server.ConnectionString("nowhere")), StringComparison.Ordinal);
        var rights = Refused(server.ConnectionString(database, $"guest_{database}", "geheim7"));
        Assert.Contains("GRANT CREATE ON DATABASE", rights, StringComparison.Ordinal);
        Assert.Contains("wants a password", Refused($"Host=127.0.0.1;Port={server.Port};Database={database};Username=tester"), StringComparison.Ordinal);

        using var free = new TcpProxy(1);
        var port = free.Port;
        free.Dispose();
        var away = Assert.Throws<StoreAwayException>(() => SweepStore.OpenPostgres($"Host=127.0.0.1;Port={port};Database=lab;Password=geheim9"));
        Assert.Contains($"does not answer at 127.0.0.1:{port}", away.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", wrong + rights + away.Message, StringComparison.Ordinal);

        // Whoever may use what another made needs no right to make it.
        using (SweepStore.OpenPostgres(place))
            server.Sql(database, $"GRANT USAGE ON SCHEMA inversescope TO guest_{database}; GRANT ALL ON ALL TABLES IN SCHEMA inversescope TO guest_{database}");
        using var guest = SweepStore.OpenPostgres(server.ConnectionString(database, $"guest_{database}", "geheim7"));
        Assert.Equal("a-001", guest.Begin(new StoredSweep { Name = "a" }).Id);
        Assert.DoesNotContain("geheim", guest.Name, StringComparison.Ordinal);
        Assert.Contains("Host=127.0.0.1", guest.Name, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Database=lab;Password=geheim", "names no host")]
    [InlineData("Host=db;Password=geheim", "names no database")]
    [InlineData("Host=db;Database=lab;Password=ge;heim=x", "cannot be read")]
    [InlineData("Host=db;Database=lab;Port=geheim", "cannot be read")]
    [InlineData("postgres://me:geheim@db/lab", "cannot be read")]
    public void A_connection_string_that_cannot_be_used_is_told_without_its_password(string text, string says)
    {
        var error = Assert.Throws<BadInputException>(() => SweepStore.OpenPostgres(text));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Contains("Host=db.example", error.Fix, StringComparison.Ordinal);
        Assert.DoesNotContain("heim", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=db;Database=lab", true)]
    [InlineData(" server = db", true)]
    [InlineData("postgresql://db/lab", true)]
    [InlineData(".inversescope", false)]
    [InlineData("/data/a=b", false)]
    public void A_connection_string_is_told_from_a_folder(string text, bool meant) => Assert.Equal(meant, PostgresAddress.IsMeant(text));

    [Fact]
    public async Task Many_that_open_a_new_database_at_once_make_it_once()
    {
        var place = server.NewDatabase();
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => SweepStore.OpenPostgres(place).Dispose())));
        Assert.Equal("1", server.Sql(NameOf(place), "SELECT version FROM inversescope.schema_version"));
    }

    [Fact]
    public void A_store_of_a_newer_version_is_left_alone()
    {
        var place = server.NewDatabase();
        using (var store = SweepStore.OpenPostgres(place))
            store.Begin(new StoredSweep { Name = "a" });
        server.Sql(NameOf(place), "UPDATE inversescope.schema_version SET version = 99");
        Assert.Contains("newer program", Assert.Throws<BadInputException>(() => SweepStore.OpenPostgres(place)).Message, StringComparison.Ordinal);
        server.Sql(NameOf(place), "UPDATE inversescope.schema_version SET version = 1");
        using var again = SweepStore.OpenPostgres(place);
        Assert.Equal("a-001", Assert.Single(again.Sweeps()).Id);
    }

    [Fact]
    public void Another_schema_is_another_store()
    {
        var place = server.NewDatabase();
        using var store = SweepStore.OpenPostgres(place);
        using var other = SweepStore.OpenPostgres(place, "lab_2");
        store.Begin(new StoredSweep { Name = "a" });
        Assert.Empty(other.Sweeps());
        Assert.Throws<BadInputException>(() => SweepStore.OpenPostgres(place, "Lab; DROP"));
    }

    [Fact]
    public void A_row_that_is_none_is_told()
    {
        var place = server.NewDatabase();
        using var store = SweepStore.OpenPostgres(place);
        store.Begin(new StoredSweep { Name = "a" });
        server.Sql(NameOf(place), """UPDATE inversescope.sweeps SET body = '{"state": "Melted"}'""");
        Assert.Contains("'sweeps'", Assert.Throws<BadInputException>(() => store.Sweeps()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hundred_thousand_labels_come_back_in_order()
    {
        var labels = Enumerable.Range(0, 100_000).Select(i => Labelled($"{(i * 7919L) % 100_003} plus {i}")).ToList();
        var place = server.NewDatabase();
        using (var store = SweepStore.OpenPostgres(place))
        {
            foreach (var batch in labels.Chunk(5000))
                store.Labels.Add(Scope, batch);
            store.Labels.Add(Scope, labels);
        }

        using var again = SweepStore.OpenPostgres(place);
        Assert.Equal(labels, again.Labels.All(Scope));
        Assert.All(labels.Where((_, i) => i % 1000 == 0), l => Assert.Equal(l.Value, again.Labels.Find(Scope, l.Key)));
    }

    private static string NameOf(string place) => place.Split(';').Single(p => p.StartsWith("Database=", StringComparison.Ordinal))["Database=".Length..];

    private static string Refused(string place) => Assert.Throws<BadInputException>(() => SweepStore.OpenPostgres(place)).Message;

    private static KeyValuePair<string, LabelAnswer> Labelled(string text) => new(text, LabelAnswer.Of(text));

    private static void Eventually(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, Bound), "It did not come to be.");
}
