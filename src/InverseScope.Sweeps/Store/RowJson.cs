using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace InverseScope.Sweeps.Store;

/// <summary>Rows as JSON: enumerations by name, every text and number exactly as it was.</summary>
internal static class RowJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        // It is no part of a page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(), new WholeText() },
    };

    /// <exception cref="ArgumentException">A text has half of a surrogate pair, which no database keeps.</exception>
    public static string Write<T>(T row) => JsonSerializer.Serialize(row, Options);

    /// <exception cref="JsonException">It is no such row.</exception>
    public static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, Options) ?? throw new JsonException("It is null.");

    // By itself JSON would have another character in place of half a pair.
    private sealed class WholeText : JsonConverter<string>
    {
        private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

        public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetString();

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options)
        {
            _ = Strict.GetByteCount(value);
            writer.WriteStringValue(value);
        }
    }
}
