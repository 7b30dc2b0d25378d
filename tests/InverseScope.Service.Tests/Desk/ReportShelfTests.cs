using InverseScope.Core;
using InverseScope.Service.Desk;

namespace InverseScope.Service.Tests.Desk;

public sealed class ReportShelfTests : IDisposable
{
    private readonly ReviewedHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void A_report_is_the_one_on_the_disk_with_a_tag_that_changes_with_it()
    {
        var first = _home.Reports.Find(_home.Sweep)!;
        Assert.Same(first.Document, _home.Reports.Find(_home.Sweep)!.Document);
        _home.Rewrite(json => json["sweep"]!["name"] = "another name");
        var second = _home.Reports.Find(_home.Sweep)!;
        Assert.NotEqual(first.Tag, second.Tag);
        Assert.Equal("another name", second.Document.Sweep.Name);
        Assert.Equal(_home.Hypothesis().Id, second.Find(_home.Hypothesis().Id)!.Value.Hypothesis.Id);
        Assert.Null(second.Find("none"));
        Assert.Equal(second.Document.Sites.SelectMany(s => s.Hypotheses).Select(h => h.Id), _home.Reports.Lines(_home.Sweep).Select(l => l.Id));
        File.Delete(_home.ReportFile);
        Assert.Null(_home.Reports.Find(_home.Sweep));
        Assert.Empty(_home.Reports.Lines(_home.Sweep));
        Assert.Throws<BadInputException>(() => _home.Reports.Find("../" + _home.Sweep));
    }

    [Fact]
    public void Readers_see_the_old_report_or_the_new_one_whole_while_it_is_replaced()
    {
        Parallel.For(0, 64, i =>
        {
            if (i % 8 == 0)
            {
                lock (_home)
                    _home.Rewrite(json => json["sweep"]!["name"] = $"name {i}");
            }

            Assert.Equal(2, _home.Reports.Find(_home.Sweep)!.Document.Sites.Count);
        });
    }

    [Fact]
    public async Task However_many_ask_at_once_a_file_is_parsed_once_and_what_nobody_asks_for_is_forgotten()
    {
        using var folder = new TempFolder();
        var parsed = 0;
        using var gate = new ManualResetEventSlim();
        var files = new ParsedFiles<string>(2, path =>
        {
            Interlocked.Increment(ref parsed);
            gate.Wait(TestContext.Current.CancellationToken);
            return File.ReadAllText(path);
        });
        foreach (var name in new[] { "a", "b", "c" })
            File.WriteAllText(folder[name], name);
        var readers = Enumerable.Range(0, 20).Select(_ => Task.Factory.StartNew(() => files.Find(folder["a"]), default, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        gate.Set();
        Assert.All(await Task.WhenAll(readers), r => Assert.Equal("a", r!.Value.Content));
        Assert.Equal(1, parsed);
        files.Find(folder["b"]);
        files.Find(folder["a"]);
        files.Find(folder["c"]);
        Assert.Equal(3, parsed);
        files.Find(folder["a"]);
        Assert.Equal(3, parsed);
        files.Find(folder["b"]);
        Assert.Equal(4, parsed);
        Assert.Null(files.Find(folder["d"]));
    }

    [Fact]
    public void What_could_not_be_parsed_is_tried_again()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["a"], "a");
        var fails = true;
        var files = new ParsedFiles<string>(2, path => fails ? throw new BadInputException("no") : File.ReadAllText(path));
        Assert.Throws<BadInputException>(() => files.Find(folder["a"]));
        fails = false;
        Assert.Equal("a", files.Find(folder["a"])!.Value.Content);
    }
}
