using System.Runtime.InteropServices;
using InverseScope.Core;
using InverseScope.Testing;
using InverseScope.Torch.Safetensors;

namespace InverseScope.Torch.Tests.Safetensors;

public sealed class CheckpointTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Shards_are_read_as_one()
    {
        Shard("a", "x", "y");
        Shard("b", "z");
        Index(("x", "a"), ("y", "a"), ("z", "b"));
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Equal(["x", "y", "z"], checkpoint.Names.Order());
        var value = new float[1];
        checkpoint.ReadBytes("z", 0, MemoryMarshal.AsBytes(value.AsSpan()));
        Assert.Equal([1], value);
    }

    [Fact]
    public void A_missing_shard_is_named()
    {
        Shard("a", "x");
        Index(("x", "a"), ("z", "b"));
        var e = Assert.Throws<BadInputException>(() => Checkpoint.Open(_folder.Path));
        Assert.Contains("b.safetensors is missing", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_disagreements_of_index_and_shards_are_listed_at_once()
    {
        Shard("a", "x", "extra");
        Shard("b", "y");
        Index(("x", "b"), ("y", "b"), ("gone", "a"));
        var e = Assert.Throws<BadInputException>(() => Checkpoint.Open(_folder.Path));
        Assert.Contains("'x' should be in b.safetensors, but a.safetensors has it", e.Message, StringComparison.Ordinal);
        Assert.Contains("'gone' should be in a.safetensors, but no shard has it", e.Message, StringComparison.Ordinal);
        Assert.Contains("'extra' of a.safetensors is not in the index", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "not an index")]
    [InlineData("{}", "not an index")]
    [InlineData("""{"weight_map":[]}""", "not an index")]
    [InlineData("""{"weight_map":{"x":3}}""", "not an index")]
    [InlineData("""{"weight_map":{}}""", "lists no tensors")]
    [InlineData("""{"weight_map":{"x":"../a.safetensors"}}""", "not a file beside it")]
    [InlineData("""{"weight_map":{"x":"a\u0000.safetensors"}}""", "not a file beside it")]
    [InlineData("""{"weight_map":{"x":"\ud800"}}""", "not an index")]
    public void A_malformed_index_is_refused(string json, string fault)
    {
        File.WriteAllText(_folder["model.safetensors.index.json"], json);
        var e = Assert.Throws<BadInputException>(() => Checkpoint.Open(_folder.Path));
        Assert.Contains(fault, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_weights_says_so()
    {
        File.WriteAllText(_folder["pytorch_model.bin"], "");
        var e = Assert.Throws<BadInputException>(() => Checkpoint.Open(_folder.Path));
        Assert.Contains("holds no weights", e.Message, StringComparison.Ordinal);
        Assert.Contains("Convert", e.Message, StringComparison.Ordinal);
    }

    private void Shard(string file, params string[] names)
    {
        using var writer = new SafetensorsWriter(
            _folder[$"{file}.safetensors"], names.Select(n => (n, DType.F32, (IReadOnlyList<long>)[1])));
        foreach (var name in names)
            writer.Write<float>(name, 0, [1]);
        writer.Commit();
    }

    private void Index(params (string Name, string File)[] entries) =>
        File.WriteAllText(
            _folder["model.safetensors.index.json"],
            "{\"metadata\":{},\"weight_map\":{"
            + string.Join(",", entries.Select(e => $"\"{e.Name}\":\"{e.File}.safetensors\"")) + "}}");
}
