using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using InverseScope.Core.Sampling;

namespace InverseScope.Service.Compute;

/// <summary>A message with the numbers behind it.</summary>
internal readonly record struct WorkerFrame(WorkerMessage Message, byte[] Numbers);

/// <summary>
/// Messages over a pair of pipes: two lengths (little-endian, 4 bytes each), the message as JSON, and numbers as they lie in memory. Writing
/// is thread-safe; one thread reads.
/// </summary>
internal sealed class WorkerStream(Stream input, Stream output)
{
    private const int LongestMessage = 1 << 28;
    private const int MostNumbers = 1 << 30;
    private const int HeaderBytes = 8;

    /// <summary>How messages are written.</summary>
    public static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower), new ExactText() },
    };

    private readonly Lock _writing = new();

    /// <exception cref="IOException">Nobody reads any more.</exception>
    /// <exception cref="Core.OutsideServiceException">It is too large; nothing was written.</exception>
    public void Write(WorkerMessage message) => Write(message, []);

    /// <param name="numbers">Written one after the other, at most 1 GiB.</param>
    /// <exception cref="IOException">Nobody reads any more.</exception>
    /// <exception cref="Core.OutsideServiceException">It is too large; nothing was written.</exception>
    public void Write(WorkerMessage message, params ReadOnlySpan<ReadOnlyMemory<byte>> numbers)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(message, Json);
        var size = 0L;
        foreach (var part in numbers)
            size += part.Length;
        if (json.Length > LongestMessage || size > MostNumbers)
            throw new Core.OutsideServiceException($"A message of {json.Length + size:N0} bytes is too large to be passed between the service and its worker: ask for less at once.");
        Span<byte> header = stackalloc byte[HeaderBytes];
        BinaryPrimitives.WriteInt32LittleEndian(header, json.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], (int)size);
        try
        {
            lock (_writing)
            {
                output.Write(header);
                output.Write(json);
                foreach (var part in numbers)
                    output.Write(part.Span);
                output.Flush();
            }
        }
        catch (ObjectDisposedException e)
        {
            // This side was ended while something still had an answer to write.
            throw new IOException("The stream was closed.", e);
        }
    }

    /// <returns>Null at the end, also where it comes in the middle of a message.</returns>
    /// <exception cref="InvalidDataException">What came is no message.</exception>
    public WorkerFrame? Read()
    {
        var header = new byte[HeaderBytes];
        if (input.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes)
            return null;
        var (length, size) = (BinaryPrimitives.ReadInt32LittleEndian(header), BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(4)));
        if (length is < 2 or > LongestMessage || size is < 0 or > MostNumbers)
            throw new InvalidDataException($"A message begins with the lengths {length} and {size}.");
        var (json, numbers) = (new byte[length], new byte[size]);
        if (input.ReadAtLeast(json, length, throwOnEndOfStream: false) < length || input.ReadAtLeast(numbers, size, throwOnEndOfStream: false) < size)
            return null;
        try
        {
            return new WorkerFrame(JsonSerializer.Deserialize<WorkerMessage>(json, Json) ?? throw new InvalidDataException("A message is null."), numbers);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new InvalidDataException($"A message cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Writes the samples of a reference.</summary>
    public void Write(long id, SampleSet set) => Write(
        new SetTold(id, set.Reference, set.Texts.Length, set.Distances.Length, set.Ess, set.Neighbours, set.Bits, set.Tokens, set.PriorGap, set.Draws),
        Bytes(set.Texts), Bytes(set.Weights), Bytes(set.Distances));

    /// <param name="id">From a text id of the worker to one of this process.</param>
    /// <exception cref="InvalidDataException">There are fewer numbers than it says.</exception>
    public static SampleSet SetOf(SetTold told, byte[] numbers, Func<int, int> id)
    {
        if (told.Texts < 0 || told.Distances < 0 || numbers.Length != (2L * told.Texts + told.Distances) * sizeof(float))
            throw new InvalidDataException($"Samples of {told.Texts} texts came in {numbers.Length} bytes.");
        var texts = MemoryMarshal.Cast<byte, int>(numbers.AsSpan(0, told.Texts * sizeof(int))).ToArray();
        for (var i = 0; i < texts.Length; i++)
            texts[i] = id(texts[i]);
        var rest = MemoryMarshal.Cast<byte, float>(numbers.AsSpan(told.Texts * sizeof(int)));
        return new SampleSet(id(told.Reference), texts, rest[..told.Texts].ToArray(), rest[told.Texts..].ToArray(), told.Ess, told.Neighbours, told.Bits)
        {
            Tokens = told.Tokens,
            PriorGap = told.PriorGap,
            Draws = told.Draws,
        };
    }

    public static double[] NumbersOf(byte[] numbers) => MemoryMarshal.Cast<byte, double>(numbers).ToArray();

    public static byte[] Bytes<T>(T[] numbers)
        where T : unmanaged => MemoryMarshal.AsBytes<T>(numbers).ToArray();

    // JSON knows no half characters, which texts of strangers may hold.
    private sealed class ExactText : JsonConverter<string>
    {
        private const char Mark = '\u0001';

        public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetString() is { } text && text.StartsWith(Mark) ? Encoding.Unicode.GetString(Convert.FromBase64String(text[1..])) : reader.GetString();

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.StartsWith(Mark) || !IsWhole(value) ? Mark + Convert.ToBase64String(MemoryMarshal.AsBytes(value.AsSpan())) : value);

        private static bool IsWhole(string value)
        {
            for (var i = 0; i < value.Length; i++)
            {
                if (!char.IsSurrogate(value[i]))
                    continue;
                if (!char.IsHighSurrogate(value[i]) || i + 1 == value.Length || !char.IsLowSurrogate(value[i + 1]))
                    return false;
                i++;
            }

            return true;
        }
    }
}
