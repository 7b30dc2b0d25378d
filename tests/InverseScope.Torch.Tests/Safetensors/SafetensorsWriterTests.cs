using CsCheck;
using InverseScope.Testing;
using InverseScope.Torch.Safetensors;

namespace InverseScope.Torch.Tests.Safetensors;

public sealed class SafetensorsWriterTests : IDisposable
{
    private static readonly Gen<(string Name, DType DType, long[] Shape)> GenTensor =
        from name in Gen.String
        where name != "__metadata__" && !name.Any(char.IsSurrogate)
        from dtype in Gen.Enum<DType>()
        from shape in Gen.Long[0, 4].Array[0, 3]
        select (name, dtype, shape);

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_written_is_read_back()
    {
        GenTensor.Array[0, 6].Select(Gen.Byte.Array[64 * 8]).Sample((tensors, bytes) =>
        {
            var distinct = tensors.DistinctBy(t => t.Name).ToArray();
            var path = _folder[$"{Guid.NewGuid():n}.safetensors"];
            using (var writer = new SafetensorsWriter(
                path,
                distinct.Select(t => (t.Name, t.DType, (IReadOnlyList<long>)t.Shape)),
                new Dictionary<string, string> { ["made"] = "here" }))
            {
                foreach (var (name, dtype, shape) in distinct)
                    writer.Write<byte>(name, 0, bytes.AsSpan(0, Bytes(dtype, shape)));
                writer.Commit();
            }

            using var file = SafetensorsFile.Open(path);
            Assert.Equal("here", file.Metadata["made"]);
            Assert.Equal(distinct.Length, file.Tensors.Count);
            foreach (var (name, dtype, shape) in distinct)
            {
                var entry = file.Tensors[name];
                Assert.Equal((dtype, Bytes(dtype, shape)), (entry.DType, (int)entry.Bytes));
                Assert.Equal(shape, entry.Shape);
                Assert.Equal(bytes.AsSpan(0, (int)entry.Bytes), Raw(file, entry));
            }
        }, iter: 200);
    }

    [Fact]
    public void Stretches_may_come_in_any_order()
    {
        var path = _folder["a.safetensors"];
        using (var writer = new SafetensorsWriter(path, [("x", DType.F32, [2, 3])]))
        {
            writer.Write<float>("x", 3, [4, 5, 6]);
            writer.Write<float>("x", 0, [1, 2, 3]);
            writer.Commit();
        }

        using var file = SafetensorsFile.Open(path);
        Assert.Equal([1, 2, 3, 4, 5, 6], file.ReadSingles("x"));
    }

    [Fact]
    public void Without_a_commit_nothing_is_left_and_an_older_file_stays()
    {
        var path = _folder["a.safetensors"];
        File.WriteAllText(path, "older");
        using (var writer = new SafetensorsWriter(path, [("x", DType.F32, [2])]))
            writer.Write<float>("x", 0, [1, 2]);
        Assert.Equal("older", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Values_that_do_not_fit_are_refused()
    {
        using var writer = new SafetensorsWriter(_folder["a.safetensors"], [("x", DType.F32, [2]), ("y", DType.F32, [2])]);
        Assert.Throws<ArgumentException>(() => writer.Write<float>("x", 1, [1, 2]));
        Assert.Throws<ArgumentException>(() => writer.Write<float>("x", -1, [1]));
        Assert.Throws<ArgumentException>(() => writer.Write<byte>("x", 2, [1]));
    }

    [Fact]
    public void Metadata_may_be_replaced_by_equally_long_ones_at_the_end()
    {
        var path = _folder["a.safetensors"];
        using (var writer = new SafetensorsWriter(
            path, [("x", DType.U8, [1])], new Dictionary<string, string> { ["hash"] = "0000" }))
        {
            writer.Write<byte>("x", 0, [7]);
            Assert.Throws<ArgumentException>(
                () => writer.Commit(new Dictionary<string, string> { ["hash"] = new('1', 100) }));
            writer.Commit(new Dictionary<string, string> { ["hash"] = "1234" });
        }

        using var file = SafetensorsFile.Open(path);
        Assert.Equal("1234", file.Metadata["hash"]);
        Assert.Equal(7, file.Read<byte>("x")[0]);
    }

    private static int Bytes(DType dtype, long[] shape) => (int)shape.Aggregate((long)dtype.Size(), (a, b) => a * b);

    private static ReadOnlySpan<byte> Raw(SafetensorsFile file, TensorEntry entry) => entry.DType.Size() switch
    {
        1 => file.Read<byte>(entry.Name),
        2 => System.Runtime.InteropServices.MemoryMarshal.AsBytes(file.Read<ushort>(entry.Name)),
        4 => System.Runtime.InteropServices.MemoryMarshal.AsBytes(file.Read<uint>(entry.Name)),
        _ => System.Runtime.InteropServices.MemoryMarshal.AsBytes(file.Read<ulong>(entry.Name)),
    };
}
