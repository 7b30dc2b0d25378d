using System.Buffers.Binary;
using System.Text.Json;
using InverseScope.Core;

namespace InverseScope.Torch.Safetensors;

/// <summary>
/// The JSON header of a safetensors file: 8 bytes little-endian length, then an object of name → dtype, shape and byte
/// range, with an optional <c>__metadata__</c> of strings. The byte ranges must cover the data exactly, without holes
/// or overlaps, as the format demands (github.com/huggingface/safetensors).
/// </summary>
internal sealed record SafetensorsHeader(
    IReadOnlyDictionary<string, TensorEntry> Tensors, IReadOnlyDictionary<string, string> Metadata, long DataStart)
{
    /// <summary>The reference implementation's limit; a larger number is a sign of a file that is something else.</summary>
    private const long MaximumLength = 100_000_000;

    private const string MetadataKey = "__metadata__";

    /// <param name="path">For messages.</param>
    /// <exception cref="BadInputException">Names the file and its fault.</exception>
    public static SafetensorsHeader Read(Stream file, string path)
    {
        var length = file.Length;
        if (length < 8)
            throw Fault(path, $"it has {length} bytes, less than the 8 of the header length");
        Span<byte> prefix = stackalloc byte[8];
        file.ReadExactly(prefix);
        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > MaximumLength)
            throw Fault(path, $"its header claims {headerLength} bytes, more than {MaximumLength}");
        if ((long)headerLength > length - 8)
            throw Fault(path, $"its header claims {headerLength} bytes, but only {length - 8} follow; it may be truncated");
        var json = new byte[headerLength];
        file.ReadExactly(json);
        var dataStart = 8 + (long)headerLength;
        return Parse(json, dataStart, length - dataStart, path);
    }

    /// <summary>The header's bytes, length prefix included, padded so that the data start at a multiple of 64.</summary>
    public static byte[] Write(IEnumerable<TensorEntry> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[8]);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata.Count > 0)
            {
                json.WriteStartObject(MetadataKey);
                foreach (var (key, value) in metadata)
                    json.WriteString(key, value);
                json.WriteEndObject();
            }

            foreach (var tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.DType.ToString());
                json.WriteStartArray("shape");
                foreach (var dimension in tensor.Shape)
                    json.WriteNumberValue(dimension);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(tensor.Begin);
                json.WriteNumberValue(tensor.End);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        while (buffer.Length % 64 != 0)
            buffer.WriteByte((byte)' ');
        var bytes = buffer.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(bytes, bytes.Length - 8);
        return bytes;
    }

    private static SafetensorsHeader Parse(byte[] json, long dataStart, long dataLength, string path)
    {
        var tensors = new Dictionary<string, TensorEntry>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        JsonDocument document;
        try
        {
            document = JsonFile.Parse(json);
        }
        catch (JsonException e)
        {
            throw new BadInputException($"{path} is not a valid safetensors file: its header is not JSON ({e.Message}).",
                inner: e);
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw Fault(path, "its header is not a JSON object");
            var metadataSeen = false;
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name == MetadataKey)
                {
                    if (metadataSeen)
                        throw Fault(path, "its header has __metadata__ twice");
                    metadataSeen = true;
                    ReadMetadata(property.Value, metadata, path);
                }
                else if (!tensors.TryAdd(property.Name, ReadEntry(property, path)))
                {
                    throw Fault(path, $"tensor '{property.Name}' is there twice");
                }
            }
        }

        CheckCover(tensors.Values, dataLength, path);
        return new SafetensorsHeader(tensors, metadata, dataStart);
    }

    private static void ReadMetadata(JsonElement json, Dictionary<string, string> metadata, string path)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw Fault(path, "its __metadata__ is not an object of strings");
        foreach (var property in json.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String)
                throw Fault(path, $"its __metadata__ entry '{property.Name}' is not a string");
            metadata[property.Name] = property.Value.GetString()!;
        }
    }

    private static TensorEntry ReadEntry(JsonProperty property, string path)
    {
        var name = property.Name;
        if (property.Value.ValueKind != JsonValueKind.Object)
            throw Fault(path, $"the entry of tensor '{name}' is not an object");
        DType? dtype = null;
        long[]? shape = null;
        long[]? range = null;
        foreach (var field in property.Value.EnumerateObject())
        {
            switch (field.Name)
            {
                case "dtype":
                    var text = field.Value.ValueKind == JsonValueKind.String ? field.Value.GetString() : null;
                    if (text is null || !Enum.GetNames<DType>().Contains(text))
                        throw Fault(path, $"tensor '{name}' has the unknown dtype {field.Value.GetRawText()}");
                    dtype = Enum.Parse<DType>(text);
                    break;
                case "shape":
                    shape = ReadNumbers(field.Value, name, "shape", path);
                    break;
                case "data_offsets":
                    range = ReadNumbers(field.Value, name, "data_offsets", path);
                    break;
                default:
                    throw Fault(path, $"tensor '{name}' has the unknown field '{field.Name}'");
            }
        }

        if (dtype is not { } type || shape is null || range is not { Length: 2 })
            throw Fault(path, $"tensor '{name}' lacks its dtype, shape or pair of data_offsets");
        if (range[0] > range[1])
            throw Fault(path, $"tensor '{name}' ends at byte {range[1]}, before it begins at {range[0]}");
        long bytes = type.Size();
        try
        {
            foreach (var dimension in shape)
                bytes = checked(bytes * dimension);
        }
        catch (OverflowException)
        {
            throw Fault(path, $"the shape {TensorEntry.ShapeText(shape)} of tensor '{name}' is too large");
        }

        var held = range[1] - range[0];
        if (bytes != held)
        {
            throw Fault(path, $"tensor '{name}' of {type} {TensorEntry.ShapeText(shape)} needs {bytes} bytes, "
                + $"but its data_offsets hold {held}");
        }

        return new TensorEntry(name, type, shape, range[0], range[1]);
    }

    private static long[] ReadNumbers(JsonElement json, string name, string field, string path)
    {
        if (json.ValueKind != JsonValueKind.Array)
            throw Fault(path, $"{field} of tensor '{name}' is not a list of numbers");
        var numbers = new List<long>();
        foreach (var item in json.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out var number) || number < 0)
                throw Fault(path, $"{field} of tensor '{name}' holds {item.GetRawText()}, not a whole number from 0");
            numbers.Add(number);
        }

        return [.. numbers];
    }

    private static void CheckCover(IEnumerable<TensorEntry> tensors, long dataLength, string path)
    {
        var reached = 0L;
        foreach (var tensor in tensors.OrderBy(t => t.Begin).ThenBy(t => t.End))
        {
            if (tensor.End > dataLength)
            {
                throw Fault(path, $"tensor '{tensor.Name}' ends at byte {tensor.End}, but the file holds "
                    + $"{dataLength} bytes of data; it may be truncated");
            }

            if (tensor.Begin < reached)
                throw Fault(path, $"tensor '{tensor.Name}' overlaps another at byte {tensor.Begin}");
            if (tensor.Begin > reached)
                throw Fault(path, $"no tensor covers the bytes {reached} to {tensor.Begin}");
            reached = tensor.End;
        }

        if (reached != dataLength)
            throw Fault(path, $"no tensor covers its last {dataLength - reached} bytes");
    }

    private static BadInputException Fault(string path, string fault) =>
        new($"{path} is not a valid safetensors file: {fault}.");
}
