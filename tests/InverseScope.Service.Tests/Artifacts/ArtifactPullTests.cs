using InverseScope.Core;
using InverseScope.Core.Tasks;
using InverseScope.Service.Artifacts;
using InverseScope.Sweeps;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;

namespace InverseScope.Service.Tests.Artifacts;

/// <summary>Where a worker takes what it is told by its hash.</summary>
[Collection(ArtifactCollection.Name)]
public sealed class ArtifactPullTests(ArtifactService service) : IAsyncLifetime
{
    private ArtifactHome _home = null!;

    public async ValueTask InitializeAsync() => _home = await ArtifactHome.StartAsync(service);

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task A_model_comes_from_the_service_once_and_is_named_as_it_is_there()
    {
        var model = await _home.ModelAsync();
        var asked = _home.Relay.Requests.Count;
        var again = await _home.ModelAsync();

        _home.AssertWhole(model);
        Assert.Equal(new ModelEntry(_home.Name, model.Folder, Shipped: false), new ModelCatalog(_home.Ours.Models).Find(model.Folder));
        Assert.Equal(model, again);
        Assert.Equal(ArtifactOrigin.Pulled, model.Origin);
        Assert.Equal(asked, _home.Relay.Requests.Count);
    }

    [Theory]
    [InlineData(NumberType.BFloat16)]
    [InlineData(NumberType.Float16)]
    public async Task A_model_is_the_same_files_whatever_number_type_it_computes_in(NumberType type)
    {
        var hash = TargetContent.In(type, _home.Hash);

        var model = await _home.ModelAsync(hash: hash);
        var asked = _home.Relay.Requests.Count;
        var again = await _home.ModelAsync();

        _home.AssertWhole(model);
        Assert.Equal(model.Folder, again.Folder);
        Assert.Equal(asked, _home.Relay.Requests.Count);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("called-otherwise")]
    public async Task What_the_home_has_under_any_name_is_not_fetched(string? name)
    {
        var here = Path.Combine(_home.Ours.Models, name ?? _home.Name);
        ArtifactService.Copy(_home.ServedModel, here);

        var model = await _home.ModelAsync();

        Assert.Equal(new LocalArtifact(_home.Name, here, ArtifactOrigin.Home), model);
        Assert.Empty(_home.Relay.Requests);
    }

    [Fact]
    public async Task What_came_with_the_program_is_used_as_it_is()
    {
        var shipped = new ModelCatalog(_home.Ours.Models).Find("ioi");

        var model = await _home.ModelAsync("ioi", TargetContent.Hash(shipped.Folder));

        Assert.Equal(shipped.Folder, model.Folder);
        Assert.Empty(_home.Relay.Requests);
    }

    [Fact]
    public async Task What_a_shared_folder_has_is_used_in_place_and_nothing_is_written_there()
    {
        var shared = Shared.Path("models");
        var hash = TargetContent.Hash(Path.Combine(shared, "addition"));
        var before = Listing(shared);

        var model = await _home.ModelAsync("addition", hash, _home.Options with { Shared = Path.GetDirectoryName(shared) });

        Assert.Equal(new LocalArtifact("addition", Path.Combine(shared, "addition"), ArtifactOrigin.Shared), model);
        Assert.Equal(before, Listing(shared));
        Assert.Empty(_home.Relay.Requests);
        Assert.False(Directory.Exists(_home.Ours.Path));
    }

    [Fact]
    public async Task Another_model_of_the_same_name_is_passed_over_and_told_only_where_the_right_one_is_nowhere()
    {
        ArtifactService.Copy(_home.ServedModel, Path.Combine(_home.Ours.Models, _home.Name));
        await File.AppendAllTextAsync(Path.Combine(_home.Ours.Models, _home.Name, "config.json"), "\n", TestContext.Current.CancellationToken);
        var other = TargetContent.Hash(Path.Combine(_home.Ours.Models, _home.Name));

        _home.AssertWhole(await _home.ModelAsync());
        var nowhere = await Assert.ThrowsAsync<BadInputException>(() => _home.ModelAsync(hash: new string('a', 64)));
        var alone = await Assert.ThrowsAsync<BadInputException>(() => _home.ModelAsync(hash: new string('a', 64), options: new ArtifactOptions()));

        Assert.Contains($"its '{_home.Name}' has another hash: {other[..12]}", nowhere.What, StringComparison.Ordinal);
        Assert.Contains($"not at the service {_home.Relay.Address}", nowhere.What, StringComparison.Ordinal);
        Assert.Contains("no address of a service", alone.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_damaged_since_it_was_fetched_is_fetched_anew()
    {
        var model = await _home.ModelAsync();
        var shard = Path.Combine(model.Folder, ArtifactHome.Shard);
        var bytes = await File.ReadAllBytesAsync(shard, TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(shard, bytes[..^1], TestContext.Current.CancellationToken);

        _home.AssertWhole(await _home.ModelAsync());
    }

    [Fact]
    public async Task Several_that_want_the_same_fetch_it_once()
    {
        using var pull = _home.Pull(clock: TimeProvider.System);
        using var other = _home.Pull(clock: TimeProvider.System);

        var models = await Task.WhenAll(Enumerable.Range(0, 6).Select(i =>
            (i % 2 == 0 ? pull : other).ModelAsync(_home.Name, _home.Hash, TestContext.Current.CancellationToken)));

        Assert.All(models, _home.AssertWhole);
        Assert.Equal(TargetContent.Files(_home.ServedModel).Count, _home.Relay.FilesAsked.Count);
    }

    [Fact]
    public async Task Another_process_that_fetches_the_same_is_waited_for()
    {
        Directory.CreateDirectory(_home.Place);
        var clock = new FastClock();
        Task<LocalArtifact> pulling;
        await using (new FileStream(Path.Combine(_home.Place, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
        {
            pulling = _home.ModelAsync(clock: clock);
            Assert.True(SpinWait.SpinUntil(() => clock.Waits.Contains(TimeSpan.FromMilliseconds(200)), TimeSpan.FromSeconds(30)));
            Assert.Empty(_home.Relay.FilesAsked);
            ArtifactService.Copy(_home.ServedModel, Path.Combine(_home.Place, _home.Name));
        }

        Assert.Equal(Path.Combine(_home.Place, _home.Name), (await pulling).Folder);
        Assert.Empty(_home.Relay.FilesAsked);
    }

    [Fact]
    public async Task A_generator_comes_with_its_backbone_and_tells_the_same_of_itself()
    {
        var served = Path.Combine(_home.Theirs.Generators, "own");
        ArtifactService.Copy(GeneratorCatalog.ShippedWith("ioi")!, served);
        await File.AppendAllTextAsync(Path.Combine(served, GeneratorRecord.FileName), "\n", TestContext.Current.CancellationToken);
        using var pull = _home.Pull();

        var generator = await pull.GeneratorAsync("own", Generator.RecordedHash(served), TestContext.Current.CancellationToken);

        using var thread = new TorchThread(threads: 1);
        using var theirs = Generator.Open(served, thread);
        using var ours = Generator.Open(new GeneratorCatalog(_home.Ours.Generators).Find(generator.Folder).Folder, thread);
        Assert.Equal(theirs.Describe(), ours.Describe());
        Assert.NotEqual(served, generator.Folder);
    }

    [Fact]
    public async Task A_generator_with_other_weights_than_it_was_made_with_is_not_given()
    {
        var served = Path.Combine(_home.Theirs.Generators, "changed");
        ArtifactService.Copy(GeneratorCatalog.ShippedWith("ioi")!, served);
        await File.AppendAllTextAsync(Path.Combine(served, GeneratorRecord.FileName), "\n\n", TestContext.Current.CancellationToken);
        await File.AppendAllTextAsync(Path.Combine(served, "conditioning.safetensors"), "x", TestContext.Current.CancellationToken);
        using var pull = _home.Pull();

        var fault = await Assert.ThrowsAsync<BadInputException>(
            () => pull.GeneratorAsync("changed", Generator.RecordedHash(served), TestContext.Current.CancellationToken));

        Assert.Contains("Generator 'changed'", fault.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("texts.txt", "one\ntwo\r\nthree\n")]
    [InlineData("lines.jsonl", "{\"text\": \"zwölf\", \"weight\": 2}\n{\"text\": \"x\", \"mood\": \"good\"}\n")]
    [InlineData("names.yaml", "schema: inversescope/template-task/v1\nname: people\nlexicons: { names: [Ann, Bob] }\nslots: { A: names }\ntemplates: [ 'Hello [A]' ]\n")]
    public async Task A_task_of_a_file_comes_with_its_name_and_its_fingerprint(string file, string text)
    {
        Directory.CreateDirectory(_home.Theirs.Tasks);
        await File.WriteAllTextAsync(Path.Combine(_home.Theirs.Tasks, file), text, TestContext.Current.CancellationToken);
        var theirs = new TaskCatalog(_home.Theirs.Tasks).Find(Path.GetFileNameWithoutExtension(file));

        var ours = await _home.TaskAsync(TaskCatalog.SourceOf(theirs), theirs.Fingerprint);
        var asked = _home.Relay.FilesAsked.Count;
        var again = await _home.TaskAsync("called-otherwise", theirs.Fingerprint);

        Assert.Equal((theirs.Name, theirs.Fingerprint, theirs.Count), (ours.Name, ours.Fingerprint, ours.Count));
        Assert.Equal(theirs.Fingerprint, again.Fingerprint);
        Assert.Equal(1, asked);
        Assert.Single(_home.Relay.FilesAsked);
        Assert.Equal(theirs.Fingerprint, new TaskCatalog().Find(TaskCatalog.SourceOf(ours)).Fingerprint);
    }

    [Fact]
    public async Task A_task_whose_file_names_others_comes_whole_wherever_they_lie()
    {
        using var elsewhere = new TempFolder();
        var pairs = elsewhere["pairs.json"];
        await File.WriteAllTextAsync(pairs, """{"en": "fr", "dog": "chien", "cat": "chat", "no": "non", "1": "un"}""", TestContext.Current.CancellationToken);
        Directory.CreateDirectory(_home.Theirs.Tasks);
        await File.WriteAllTextAsync(
            Path.Combine(_home.Theirs.Tasks, "words.yaml"),
            $"schema: inversescope/translation-task/v1\nname: words\nshots: 2\nboth_ways: true\ndirections: {{ en-fr: '{pairs}', en-de: {{ dog: Hund, cat: Katze, cow: Kuh }} }}\n", TestContext.Current.CancellationToken);
        var theirs = new TaskCatalog(_home.Theirs.Tasks).Find("words");

        var ours = await _home.TaskAsync("words", theirs.Fingerprint);

        Assert.Equal((theirs.Name, theirs.Fingerprint, theirs.Description, theirs.Count), (ours.Name, ours.Fingerprint, ours.Description, ours.Count));
    }

    [Fact]
    public async Task A_task_that_is_built_in_or_lies_at_its_path_is_not_asked_for()
    {
        using var folder = new TempFolder();
        var file = folder["own.txt"];
        await File.WriteAllTextAsync(file, "a\nb\n", TestContext.Current.CancellationToken);

        foreach (var theirs in new[] { "addition", "ioi", "icl-translation", file }.Select(new TaskCatalog().Find))
            Assert.Equal(theirs.Name, (await _home.TaskAsync(TaskCatalog.SourceOf(theirs), theirs.Fingerprint)).Name);

        Assert.Empty(_home.Relay.Requests);
    }

    [Fact]
    public async Task A_task_that_changed_is_refused()
    {
        var fault = await Assert.ThrowsAsync<BadInputException>(() => _home.TaskAsync("addition", new string('b', 64)));

        Assert.Contains("its 'addition' has another hash", fault.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../etc")]
    [InlineData("0123")]
    public async Task What_is_no_hash_is_no_path_either(string hash)
    {
        var fault = await Assert.ThrowsAsync<BadInputException>(() => _home.ModelAsync(hash: hash));

        Assert.Contains("is no content hash", fault.What, StringComparison.Ordinal);
        Assert.Empty(_home.Relay.Requests);
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData(".hidden")]
    [InlineData("")]
    [InlineData("a/b")]
    public async Task A_name_that_is_no_name_of_a_folder_leads_nowhere_else(string name)
    {
        var model = await _home.ModelAsync(name);

        Assert.Equal(Path.Combine(_home.Place, _home.Hash[..12]), model.Folder);
        Assert.Equal(name, model.Name);
    }

    private static string[] Listing(string folder) =>
        [.. new DirectoryInfo(folder).EnumerateFileSystemInfos("*", SearchOption.AllDirectories).Select(f => $"{f.FullName} {f.LastWriteTimeUtc:O}").Order(StringComparer.Ordinal)];
}
