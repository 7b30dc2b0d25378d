using System.Globalization;
using System.Text;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Testing;
using InverseScope.Torch.Banks;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Models;
using InverseScope.Torch.Safetensors;

namespace InverseScope.Torch.Tests.Banks;

[Collection(TorchCollection.Name)]
public sealed class ActivationBankTests : IDisposable
{
    private static readonly MeasurementOptions Enumerate = new() { Sampler = SamplerKind.Enumerate };

    private readonly TempFolder _root = new();
    private readonly TempFolder _model;
    private readonly TargetModel _target;
    private readonly Reports _reports = new();

    public ActivationBankTests(TorchFixture torch)
    {
        _model = TinyTarget.Make(torch.Thread);
        _target = TargetModel.Open(_model.Path, torch.Thread);
    }

    public void Dispose()
    {
        _target.Dispose();
        _model.Dispose();
        _root.Dispose();
    }

    [Fact]
    public void What_was_collected_is_kept_and_only_the_rest_is_made()
    {
        var bank = Bank();
        bank.Collect(Sites("L0H0", "L1H1"), _reports, default);
        var before = Files(bank);
        Assert.NotEmpty(_reports.Stages);
        _reports.Stages.Clear();
        Bank().Collect(Sites("L0H0", "L1H1"), _reports, default);
        Assert.Empty(_reports.Stages);
        bank.Collect(Sites("L0H0", "L1.resid@0"), _reports, default);
        Assert.All(_reports.Stages, stage => Assert.Equal("activations at L1.resid@0", stage));
        Assert.Equal(before, Files(bank).Where(f => before.ContainsKey(f.Key)).ToDictionary());
        Assert.Equal(before.Count + 1, Files(bank).Count);
    }

    [Fact]
    public void What_the_disk_cannot_hold_is_refused_before_it_is_computed()
    {
        var (task, sites) = (Own(), Sites("L0H0", "L1H1"));
        var bank = new ActivationBank(_root["banks"], _target, task, Population.Of(task, Enumerate, new RunSeed(1)), Basis.Raw, freeSpace: _ => 100);
        var e = Assert.Throws<OutsideServiceException>(() => bank.Collect(sites, _reports, default));
        Assert.Contains("texts at 2 sites take", e.Message, StringComparison.Ordinal);
        Assert.Contains("--home", e.Message, StringComparison.Ordinal);
        Assert.Empty(_reports.Stages);
        Bank(task).Collect(sites, null, default);
        bank.Collect(sites, null, default);
    }

    [Theory]
    [InlineData("flip a bit")]
    [InlineData("truncate")]
    [InlineData("empty")]
    [InlineData("another site")]
    [InlineData("another bank")]
    public void A_damaged_file_is_noticed_told_and_made_again(string damage)
    {
        var bank = Bank();
        var site = Sites("L0H1")[0];
        bank.Collect(Sites("L0H1", "L0H0"), null, default);
        var path = Directory.GetFiles(bank.Folder, "L0H1*").Single();
        var whole = File.ReadAllBytes(path);
        switch (damage)
        {
            case "flip a bit":
                var flipped = whole.ToArray();
                flipped[^40] ^= 1;
                File.WriteAllBytes(path, flipped);
                break;
            case "truncate":
                File.WriteAllBytes(path, whole[..^1]);
                break;
            case "empty":
                File.WriteAllBytes(path, []);
                break;
            case "another site":
                File.Copy(Directory.GetFiles(bank.Folder, "L0H0*").Single(), path, overwrite: true);
                break;
            default:
                var other = Bank(basis: Basis.Centred);
                other.Collect([site], null, default);
                File.Copy(Directory.GetFiles(other.Folder, "L0H1*").Single(), path, overwrite: true);
                break;
        }

        bank.Collect([site], _reports, default);
        Assert.Contains(_reports.Stages, stage => stage.Contains("collecting it again", StringComparison.Ordinal));
        Assert.Equal(whole, File.ReadAllBytes(path));
    }

    [Fact]
    public void Numbers_do_not_depend_on_what_is_collected_together()
    {
        var site = Sites("L1H0@1")[0];
        var together = Bank();
        together.Collect(Sites("L*H*", "L1H0@1", "L1.resid"), null, default);
        var (values, width, present) = Rows(together, site);
        Directory.Delete(together.Folder, recursive: true);
        var alone = Bank();
        alone.Collect([site], null, default);
        Assert.Equal(values, Rows(alone, site).Values);
        Assert.Equal((width, present.Length), (Rows(alone, site).Width, Rows(alone, site).Present.Length));
    }

    // A row of the widest site takes 48 bytes: buffers that hold one row, some, and all of them.
    [Theory]
    [InlineData(96)]
    [InlineData(1000)]
    [InlineData(1 << 26)]
    public void Memory_changes_no_byte(long bytes)
    {
        var sites = Sites("L*H*", "L0H0@1", "L1.resid@3", "L0.mlp", "embed@0");
        var usual = Bank();
        usual.Collect(sites, null, default);
        var expected = Directory.GetFiles(usual.Folder).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);
        Directory.Delete(usual.Folder, recursive: true);
        Bank(collection: new CollectionOptions { BufferBytes = bytes }).Collect(sites, null, default);
        Assert.Equal(expected.Keys.Order(), Directory.GetFiles(usual.Folder).Select(Path.GetFileName).Order());
        Assert.All(expected, file => Assert.Equal(file.Value, File.ReadAllBytes(Path.Combine(usual.Folder, file.Key))));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    public void The_size_of_a_batch_changes_numbers_by_rounding_only(int batchTokens)
    {
        var sites = Sites("L1H1", "L1.resid@3", "L0.mlp@1");
        var usual = Bank();
        usual.Collect(sites, null, default);
        var expected = sites.Select(site => Rows(usual, site)).ToArray();
        Directory.Delete(usual.Folder, recursive: true);
        var bank = Bank(collection: new CollectionOptions { BatchTokens = batchTokens, BufferBytes = 500 });
        bank.Collect(sites, null, default);
        Assert.Equal(usual.Folder, bank.Folder);
        foreach (var path in Files(bank).Keys)
        {
            using var file = SafetensorsFile.Open(path);
            Assert.Equal(batchTokens.ToString(CultureInfo.InvariantCulture), file.Metadata["batch_tokens"]);
        }

        foreach (var (site, (values, width, present)) in sites.Zip(expected))
        {
            var found = Rows(bank, site);
            Assert.Equal(width, found.Width);
            Assert.Equal(present, found.Present);
            Assert.All(values.Zip(found.Values), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
        }

        Assert.Null(Record.Exception(() => Bank().Collect(sites, new Reports { OnReport = () => Assert.Fail("a file is not whole") }, default)));
    }

    [Fact]
    public void Texts_of_all_lengths_keep_their_rows()
    {
        // Batches go by length, rows by text.
        var texts = Enumerable.Range(0, 60).Select(i => new string((char)('a' + i % 8), 1 + i * 7 % 8)).Distinct().ToArray();
        var task = new TextFileTask("own", "test", texts.Select(text => new WeightedText(text, 1)));
        var bank = Bank(task, collection: new CollectionOptions { BufferBytes = 300 });
        var site = Sites("L1.mlp")[0];
        bank.Collect([site], null, default);
        var (values, width, _) = Rows(bank, site);
        using var capture = new ActivationCapture(_target, [site], Basis.Raw, task);
        for (var row = 0; row < texts.Length; row++)
        {
            foreach (var (expected, found) in capture.Read([task.TextAt(row)], default)[0][0].ToArray().Zip(values[(row * width)..]))
                Assert.Equal(expected, found, 1e-5f);
        }
    }

    [Fact]
    public void A_write_that_fails_is_told_and_leaves_nothing()
    {
        // The file holds fewer rows than come, and refuses to be written beyond its end.
        var path = Path.Combine(_root.Path, "short.safetensors");
        using (var file = new BankFile.Writer(path, "key", Sites("L0H0")[0], rows: 2, width: 3, batchTokens: 8))
        using (var spool = new BankSpool([file], [0], rows: 4, bytes: 1 << 20))
        {
            spool.Add(0, [0, 3], [1f, 2, 3, 4, 5, 6]);
            spool.EndRows([[1, 0, 0, 1]]);
            Assert.Throws<ArgumentException>(spool.Complete);
        }

        Assert.Empty(Directory.GetFiles(_root.Path, "short*"));
    }

    [Fact]
    public void A_write_that_fails_meets_who_gives_rows_next_and_nobody_waits()
    {
        var path = Path.Combine(_root.Path, "short.safetensors");
        using (var file = new BankFile.Writer(path, "key", Sites("L0H0")[0], rows: 2, width: 3, batchTokens: 8))
        using (var spool = new BankSpool([file], [0], rows: 4, bytes: 24)) // buffers of one row each
        {
            // The third row lies beyond the file's end. Whoever gives more waits for a buffer, so that the writer has met the failure.
            Assert.Throws<ArgumentException>(() => _target.Compute(_ =>
            {
                for (var call = 0; call < 5; call++)
                    spool.Add(0, [3], [1f, 2, 3]);
                return true;
            }));
            Assert.Throws<ArgumentException>(() => spool.Add(0, [0], [1f, 2, 3]));
            Assert.Throws<ArgumentException>(spool.Complete);
        }

        Assert.Empty(Directory.GetFiles(_root.Path, "short*"));
    }

    [Fact]
    public void Options_out_of_range_are_told()
    {
        Assert.Empty(new CollectionOptions().Check());
        Assert.Single(new CollectionOptions { BufferBytes = 1000 }.Check());
        Assert.Single(new CollectionOptions { BatchTokens = 0 }.Check());
    }

    [Fact]
    public void Texts_without_the_position_have_no_numbers()
    {
        var bank = Bank(new TextFileTask("own", "test", [new("ab", 1), new("abcd", 1)]));
        var site = Sites("L0H0@3")[0];
        bank.Collect([site], null, default);
        var (values, width, present) = Rows(bank, site);
        Assert.Equal([0, 1], present);
        Assert.All(values[width..], v => Assert.True(float.IsFinite(v)));
    }

    [Fact]
    public void A_position_that_no_text_has_is_an_error_and_leaves_no_file()
    {
        var bank = Bank();
        var e = Assert.Throws<BadInputException>(() => bank.Collect(Sites("L0H0", "L0H0@7"), null, default));
        Assert.Contains("no text of task 'own' has the position @7", e.Message, StringComparison.Ordinal);
        Assert.Empty(Files(bank));
    }

    [Fact]
    public void Cancelling_leaves_no_unfinished_file()
    {
        var bank = Bank();
        using var cancel = new CancellationTokenSource();
        var reports = new Reports { OnReport = cancel.Cancel };
        Assert.Throws<OperationCanceledException>(() => bank.Collect(Sites("L0H0"), reports, cancel.Token));
        Assert.Empty(Files(bank));
        Assert.Empty(Directory.GetFiles(bank.Folder, "*.tmp"));
    }

    [Fact]
    public void Files_of_a_killed_process_are_removed_and_those_of_a_living_one_are_not()
    {
        var bank = Bank();
        Directory.CreateDirectory(bank.Folder);
        var dead = Path.Combine(bank.Folder, "L0H0.safetensors.1.tmp");
        var living = Path.Combine(bank.Folder, "L0H0.safetensors.2.tmp");
        File.WriteAllText(dead, "half");
        using (new FileStream(living, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            bank.Collect(Sites("L0H0"), null, default);
        Assert.False(File.Exists(dead));
        Assert.True(File.Exists(living));
    }

    [Fact]
    public void Everything_that_decides_the_numbers_gives_another_folder()
    {
        var other = new TextFileTask("own", "test", [new("ab", 1), new("abc", 2)]);
        var drawn = new MeasurementOptions { BankSize = 50 };
        string[] folders =
        [
            Bank().Folder,
            Bank(basis: Basis.Centred).Folder,
            Bank(other).Folder,
            Bank(options: drawn).Folder,
            Bank(options: drawn, seed: 2).Folder,
            Bank(options: drawn with { BankSize = 60 }).Folder,
        ];
        Assert.Equal(folders.Length, folders.Distinct().Count());
        Assert.Equal(Bank().Folder, Bank(seed: 2).Folder);
    }

    [Fact]
    public void The_texts_lie_beside_the_activations()
    {
        var bank = Bank();
        bank.Collect(Sites("L0H0"), null, default);
        using var file = SafetensorsFile.Open(Path.Combine(bank.Folder, "texts.safetensors"));
        var ends = file.Read<long>("ends").ToArray();
        var utf8 = file.Read<byte>("utf8").ToArray();
        var task = Own();
        for (var i = 0; i < ends.Length; i++)
            Assert.Equal(task.TextAt(i), Encoding.UTF8.GetString(utf8, i == 0 ? 0 : (int)ends[i - 1], (int)(ends[i] - (i == 0 ? 0 : ends[i - 1]))));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_named()
    {
        File.WriteAllText(_root["file"], "");
        var bank = new ActivationBank(_root["file"], _target, Own(), Population.Of(Own(), Enumerate, new RunSeed(1)), Basis.Raw);
        var e = Assert.Throws<OutsideServiceException>(() => bank.Collect(Sites("L0H0"), null, default));
        Assert.Contains(_root["file"], e.Message, StringComparison.Ordinal);
        Assert.Contains("--home", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sites_whose_spelling_a_file_name_cannot_hold_have_files_of_their_own()
    {
        var bank = Bank();
        bank.Collect(Sites("L0H0@tok:\"a\"", "L0H0@tok:\"b\"", "L0H0@tok:\"a\"+1"), null, default);
        Assert.Equal(3, Files(bank).Count);
    }

    [Fact]
    public void Rows_stay_as_they_are_in_the_file_and_are_gone_when_disposed()
    {
        var bank = Bank(new TextFileTask("own", "test", [new("ab", 1), new("abcd", 1)]));
        var site = Sites("L0H0@3")[0];
        bank.Collect([site], null, default);
        var path = Files(bank).Keys.Single();
        var bytes = File.ReadAllBytes(path);
        var rows = bank.Read(site);
        Assert.All(rows.GetSpan()[..rows.Width].ToArray(), value => Assert.Equal(0, value));
        Assert.Equal(bytes, File.ReadAllBytes(path));
        ((IDisposable)rows).Dispose();
        ((IDisposable)rows).Dispose();
        Assert.Throws<ObjectDisposedException>(() => rows.GetSpan().Length);
    }

    private static (float[] Values, int Width, byte[] Present) Rows(ActivationBank bank, Site site)
    {
        using var rows = bank.Read(site);
        return (rows.GetSpan().ToArray(), rows.Width, rows.Present);
    }

    private static TextFileTask Own() =>
        new("own", "test", Enumerable.Range(0, 300).Select(i => new WeightedText($"{(char)('a' + i % 8)}{(char)('a' + i / 8 % 8)}{new string('c', i / 64)}", 1)));

    private static Site[] Sites(params string[] patterns) =>
        [.. SitePattern.ExpandAll(patterns, TinyTarget.Layers, TinyTarget.Heads)];

    private static Dictionary<string, DateTime> Files(ActivationBank bank) =>
        Directory.GetFiles(bank.Folder, "L*.safetensors").ToDictionary(f => f, File.GetLastWriteTimeUtc);

    private ActivationBank Bank(
        TextFileTask? task = null, MeasurementOptions? options = null, Basis basis = Basis.Raw, long seed = 1,
        CollectionOptions? collection = null)
    {
        task ??= Own();
        return new ActivationBank(_root["banks"], _target, task, Population.Of(task, options ?? Enumerate, new RunSeed(seed)), basis, collection);
    }

    private sealed class Reports : IProgress<WorkProgress>
    {
        public List<string> Stages { get; } = [];

        public Action? OnReport { get; init; }

        public void Report(WorkProgress value)
        {
            Stages.Add(value.Stage);
            OnReport?.Invoke();
        }
    }
}
