using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using InverseScope.Core;
using InverseScope.Testing;
using InverseScope.Torch.Safetensors;

namespace InverseScope.Torch.Tests.Safetensors;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Reads_every_dtype_of_the_reference_file()
    {
        using var file = SafetensorsFile.Open(Path.Combine(Golden.Folder("safetensors-quirks"), "ok.safetensors"));
        using var expected = JsonDocument.Parse(
            File.ReadAllBytes(Path.Combine(Golden.Folder("safetensors-quirks"), "ok.json")));
        Assert.Equal("not first", file.Metadata["note"]);
        Assert.Equal(expected.RootElement.EnumerateObject().Count(), file.Tensors.Count);
        foreach (var tensor in expected.RootElement.EnumerateObject())
        {
            var entry = file.Tensors[tensor.Name];
            Assert.Equal(tensor.Value.GetProperty("dtype").GetString(), entry.DType.ToString());
            Assert.Equal(tensor.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()), entry.Shape);
            var values = tensor.Value.GetProperty("values").EnumerateArray()
                .Select(v => v.ValueKind is JsonValueKind.True or JsonValueKind.False ? v.GetBoolean() ? 1 : 0 : v.GetDouble());
            Assert.Equal(values, Values(file, entry));
        }
    }

    [Theory]
    [InlineData("bad-header-length", "header claims")]
    [InlineData("bad-json", "not JSON")]
    [InlineData("bad-offset-past-end", "truncated")]
    [InlineData("bad-shape-mismatch", "needs 12 bytes")]
    [InlineData("bad-too-short", "3 bytes")]
    [InlineData("bad-truncated", "truncated")]
    public void Malformed_reference_files_are_refused_by_name(string name, string fault)
    {
        var path = Path.Combine(Golden.Folder("safetensors-quirks"), $"{name}.safetensors");
        var e = Assert.Throws<BadInputException>(() => SafetensorsFile.Open(path));
        Assert.Contains(path, e.Message, StringComparison.Ordinal);
        Assert.Contains(fault, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""", 6, "overlaps")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}""", 3, "no tensor covers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 3, "no tensor covers its last 2")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "twice")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", 0, "twice")]
    [InlineData("""{"a":{"dtype":"F12","shape":[1],"data_offsets":[0,1]}}""", 1, "unknown dtype \"F12\"")]
    [InlineData("""{"a":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}}""", 4, "unknown dtype")]
    [InlineData("""{"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}""", 4, "unknown dtype")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}""", 1, "not a whole number")]
    [InlineData("""{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}""", 1, "not a whole number")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}}""", 1, "not a whole number")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}""", 1, "before it begins")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}""", 1, "lacks")]
    [InlineData("""{"a":{"dtype":"U8","data_offsets":[0,1]}}""", 1, "lacks")]
    [InlineData("""{"a":{"dtype":"F64","shape":[9000000000,9000000000],"data_offsets":[0,1]}}""", 1, "too large")]
    [InlineData("""{"a":{"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,1]}}""", 1, "not a whole number")]
    [InlineData("""{"a":[1]}""", 0, "not an object")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"colour":1}}""", 1, "unknown field 'colour'")]
    [InlineData("""{"__metadata__":{"n":1}}""", 0, "not a string")]
    [InlineData("[]", 0, "not a JSON object")]
    [InlineData("", 0, "not JSON")]
    public void A_header_that_contradicts_itself_or_the_file_is_refused(string header, int dataBytes, string fault)
    {
        var path = WriteRaw(Encoding.UTF8.GetBytes(header), dataBytes);
        var e = Assert.Throws<BadInputException>(() => SafetensorsFile.Open(path));
        Assert.Contains(fault, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""")]
    [InlineData("""{"a":{"dtype":"\ud800","shape":[1],"data_offsets":[0,1]}}""")]
    [InlineData("""{"__metadata__":{"a":"\ud800"},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""")]
    public void A_header_with_half_a_character_is_refused(string header)
    {
        var path = WriteRaw(System.Text.Encoding.UTF8.GetBytes(header), 1);
        Assert.Contains("not Unicode", Assert.Throws<BadInputException>(() => SafetensorsFile.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_that_is_not_UTF8_is_refused()
    {
        var path = WriteRaw([.. "{\"a"u8, 0xff, .. "\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}"u8], 1);
        Assert.Throws<BadInputException>(() => SafetensorsFile.Open(path));
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var e = Assert.Throws<BadInputException>(() => SafetensorsFile.Open(_folder["none/x.safetensors"]));
        Assert.Contains("none/x.safetensors", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_truncation_is_refused()
    {
        var whole = File.ReadAllBytes(Path.Combine(Golden.Folder("safetensors-quirks"), "ok.safetensors"));
        var path = _folder["cut.safetensors"];
        for (var length = 0; length < whole.Length; length += 7)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<BadInputException>(() => SafetensorsFile.Open(path));
        }
    }

    [Fact]
    public void Integers_are_not_read_as_weights()
    {
        using var file = SafetensorsFile.Open(Path.Combine(Golden.Folder("safetensors-quirks"), "ok.safetensors"));
        var e = Assert.Throws<BadInputException>(() => file.ReadSingles("i64"));
        Assert.Contains("I64", e.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => file.Read<int>("i64").ToArray());
    }

    private static IEnumerable<double> Values(SafetensorsFile file, TensorEntry entry) => entry.DType switch
    {
        DType.F64 => file.Read<double>(entry.Name).ToArray(),
        DType.I64 => file.Read<long>(entry.Name).ToArray().Select(v => (double)v),
        DType.I32 => file.Read<int>(entry.Name).ToArray().Select(v => (double)v),
        DType.U8 or DType.BOOL => file.Read<byte>(entry.Name).ToArray().Select(v => (double)v),
        _ => file.ReadSingles(entry.Name).Select(v => (double)v),
    };

    private string WriteRaw(byte[] header, int dataBytes)
    {
        var path = _folder["raw.safetensors"];
        var prefix = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, header.Length);
        File.WriteAllBytes(path, [.. prefix, .. header, .. new byte[dataBytes]]);
        return path;
    }
}
