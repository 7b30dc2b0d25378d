using InverseScope.Core.Machine;
using InverseScope.Testing;

namespace InverseScope.Core.Tests.Machine;

public sealed class WholeFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Whoever_reads_while_several_write_sees_what_one_of_them_wrote_whole()
    {
        var file = _folder["report.json"];
        string[] versions = [new('a', 100_000), new('b', 30_000), new('c', 1), ""];
        WholeFile.Write(file, versions[0]);
        using var begin = new Barrier(versions.Length + 1);
        var writers = versions.Select(text => Task.Factory.StartNew(
            () =>
            {
                begin.SignalAndWait();
                for (var i = 0; i < 200; i++)
                    WholeFile.Write(file, text);
            },
            TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        begin.SignalAndWait(TestContext.Current.CancellationToken);
        var seen = new HashSet<string>();
        var all = Task.WhenAll(writers);
        while (!all.IsCompleted)
            seen.Add(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        await all;
        Assert.Empty(seen.Except(versions));
        Assert.Contains(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), versions);
        Assert.Equal([file], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Writers_that_meet_in_the_middle_do_not_write_into_each_others_file()
    {
        var file = _folder["report.json"];
        WholeFile.Write(file, arriving =>
        {
            File.WriteAllText(arriving, "begun");
            WholeFile.Write(file, "another");
            Assert.Equal("another", File.ReadAllText(file));
            File.AppendAllText(arriving, " and ended");
        });
        Assert.Equal("begun and ended", File.ReadAllText(file));
        Assert.Equal([file], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void One_that_fails_leaves_the_file_as_it_was_and_nothing_beside_it()
    {
        var file = _folder["report.json"];
        WholeFile.Write(file, "old");
        Assert.Throws<IOException>(() => WholeFile.Write(file, arriving =>
        {
            File.WriteAllText(arriving, "half");
            throw new IOException("the disk is full");
        }));
        Assert.Throws<IOException>(() => WholeFile.Write(file, _ => throw new IOException("before the first byte")));
        Assert.Equal("old", File.ReadAllText(file));
        Assert.Equal([file], Directory.GetFiles(_folder.Path));

        // Where it cannot take its place.
        Directory.CreateDirectory(_folder["folder"]);
        Assert.ThrowsAny<SystemException>(() => WholeFile.Write(_folder["folder"], "text"));
        Assert.Equal([file], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_folder_appears_whole_and_one_that_fails_leaves_nothing()
    {
        var folder = _folder["model"];
        WholeFile.WriteFolder(folder, arriving =>
        {
            File.WriteAllText(Path.Combine(arriving, "config"), "1");
            Assert.False(Directory.Exists(folder));
        });
        WholeFile.WriteFolder(folder, arriving => File.WriteAllText(Path.Combine(arriving, "weights"), "2"));
        Assert.Throws<IOException>(() => WholeFile.WriteFolder(folder, arriving =>
        {
            File.WriteAllText(Path.Combine(arriving, "weights"), "3");
            throw new IOException("the disk is full");
        }));
        // One that cannot take its place leaves the old one there.
        Assert.ThrowsAny<IOException>(() => WholeFile.WriteFolder(folder, Directory.Delete));
        Assert.Equal([folder], Directory.GetFileSystemEntries(_folder.Path));
        Assert.Equal("2", File.ReadAllText(Assert.Single(Directory.GetFiles(folder))));
    }

    [Fact]
    public void What_killed_writers_left_goes_when_the_file_is_next_written_and_nothing_else()
    {
        var file = _folder["report.json"];
        WholeFile.Write(file, "old");
        var old = File.GetLastWriteTimeUtc(file).AddHours(-2);
        string[] left = ["report.json.0123abcd.new", "report.json.new"];
        string[] kept = ["report.json.living.new", "other.json.new", "report.jsonl.new", "report.json.newer"];
        foreach (var name in left.Concat(kept))
            File.WriteAllText(_folder[name], "half");
        foreach (var name in left.Concat(kept.Skip(1)))
            File.SetLastWriteTimeUtc(_folder[name], old);
        var folder = Directory.CreateDirectory(_folder["report.json.folder.new"]).FullName;
        File.WriteAllText(Path.Combine(folder, "weights"), "half");
        File.SetLastWriteTimeUtc(Path.Combine(folder, "weights"), old);
        Directory.SetLastWriteTimeUtc(folder, old);
        WholeFile.Write(file, "new");
        Assert.Equal(kept.Append("report.json").Order(StringComparer.Ordinal), Directory.GetFileSystemEntries(_folder.Path).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_folder_whose_last_file_is_still_written_is_not_abandoned()
    {
        var folder = _folder["model"];
        var living = Directory.CreateDirectory(_folder["model.other.new"]).FullName;
        File.WriteAllText(Path.Combine(living, "weights"), "half");
        Directory.SetLastWriteTimeUtc(living, File.GetLastWriteTimeUtc(Path.Combine(living, "weights")).AddHours(-2));
        WholeFile.WriteFolder(folder, arriving => File.WriteAllText(Path.Combine(arriving, "weights"), "2"));
        Assert.Equal([folder, living], Directory.GetFileSystemEntries(_folder.Path).Order(StringComparer.Ordinal));
    }
}
