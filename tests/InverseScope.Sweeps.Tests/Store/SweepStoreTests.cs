using InverseScope.Core;
using InverseScope.Sweeps.Store;
using InverseScope.Testing;
using LiteDB;

namespace InverseScope.Sweeps.Tests.Store;

public sealed class SweepStoreTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string StorePath => _folder["store.db"];

    [Fact]
    public void A_second_owner_is_refused_with_a_cure()
    {
        using var store = SweepStore.Open(StorePath);
        var error = Assert.Throws<BadInputException>(() => SweepStore.Open(StorePath));
        Assert.Contains("in use by another process", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_home_of_a_cluster_has_no_store_of_its_own()
    {
        var home = new Home(_folder.Path);
        File.WriteAllText(home.Cluster, "Host=db;Port=5432;Database=lab\n");
        var error = Assert.Throws<BadInputException>(() => SweepStore.Open(home.Store));
        Assert.Contains("belongs to the services of a cluster (Host=db;Port=5432;Database=lab).", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(home.Store));
        File.Delete(home.Cluster);
        SweepStore.Open(home.Store).Dispose();
    }

    [Fact]
    public void A_store_of_a_newer_version_is_left_alone()
    {
        using (var database = new LiteDatabase(StorePath))
            database.UserVersion = SweepStore.SchemaVersion + 1;
        var before = File.ReadAllBytes(StorePath);
        var error = Assert.Throws<BadInputException>(() => SweepStore.Open(StorePath));
        Assert.Contains("newer program", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(StorePath));
        Assert.Contains("newer program", Assert.Throws<BadInputException>(() => SweepStore.Open(StorePath)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_store_of_version_1_opens_with_all_that_is_in_it()
    {
        var mapper = new BsonMapper { EmptyStringToNull = false, EnumAsInteger = false };
        using (var database = new LiteDatabase(StorePath, mapper))
        {
            var sweeps = database.GetCollection<StoredSweep>("sweeps");
            sweeps.EnsureIndex(s => s.Name);
            sweeps.Insert(new StoredSweep { Id = "a-001", Name = "a", State = SweepState.Stopped });
            var steps = database.GetCollection<StoredStep>("steps");
            steps.EnsureIndex(s => s.Sweep);
            steps.Insert(new StoredStep { Id = "a-001|L0H0@last|propose", Sweep = "a-001", Site = "L0H0@last", Stage = "propose", Key = "k", Result = "{}" });
            var log = database.GetCollection<StoredLogLine>("log");
            log.EnsureIndex(l => l.Sweep);
            log.Insert(new StoredLogLine { Sweep = "a-001", Step = "x" });
            database.UserVersion = 1;
        }

        for (var opened = 0; opened < 2; opened++)
        {
            using var store = SweepStore.Open(StorePath);
            Assert.Equal(SweepState.Stopped, store.Sweep("a-001").State);
            Assert.Equal("{}", store.Find("a-001", "L0H0@last", "propose", "k")!.Result);
            Assert.Equal("x", Assert.Single(store.LogOf("a-001")).Step);
            Assert.Empty(store.Transcripts.Calls("a-001"));
            Assert.Empty(store.Labels.All(default));
        }

        using var migrated = new LiteDatabase(StorePath);
        Assert.Equal(SweepStore.SchemaVersion, migrated.UserVersion);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(8192)]
    [InlineData(40_000)]
    public void A_file_that_is_no_store_is_refused_and_left_alone(int length)
    {
        var content = Enumerable.Range(0, length).Select(i => (byte)(i * 7919)).ToArray();
        File.WriteAllBytes(StorePath, content);

        var failure = Assert.Throws<BadInputException>(() => SweepStore.Open(StorePath));

        Assert.Contains("is not a store", failure.Message, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllBytes(StorePath));
    }

    // Stored by name. Only append; to change one, raise the schema version and migrate.
    [Fact]
    public void Stored_states_keep_their_names() =>
        Assert.Equal(["Running", "Finished", "Stopped", "Failed"], Enum.GetNames<SweepState>());

    public void Dispose() => _folder.Dispose();
}
