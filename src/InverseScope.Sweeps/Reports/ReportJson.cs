using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using InverseScope.Core;

namespace InverseScope.Sweeps.Reports;

/// <summary>
/// Reports as JSON: snake_case members, enumerations by name, every member written. NaN is written as null; a number
/// beyond the range of a double as the largest one.
/// </summary>
public static class ReportJson
{
    /// <summary>How every report and comparison is written and read.</summary>
    public static JsonSerializerOptions Options { get; } = MakeOptions(indented: true);

    /// <summary>The same on one line, for JSON lines.</summary>
    public static JsonSerializerOptions LineOptions { get; } = MakeOptions(indented: false);

    /// <summary>The document as indented JSON with a final line feed.</summary>
    public static string Write(ReportDocument document) => JsonSerializer.Serialize(document, Options) + "\n";

    /// <summary>The comparison as indented JSON with a final line feed.</summary>
    public static string Write(ReportComparison comparison) => JsonSerializer.Serialize(comparison, Options) + "\n";

    /// <summary>One hypothesis on one line, as a command streams it.</summary>
    public static string WriteLine(HypothesisRecord hypothesis) => JsonSerializer.Serialize(hypothesis, LineOptions);

    /// <summary>Reads report.json.</summary>
    /// <param name="file">Name for messages.</param>
    /// <param name="json">Its text.</param>
    /// <exception cref="BadInputException">Not JSON, not a report, or a report of another version.</exception>
    public static ReportDocument Read(string file, string json)
    {
        try
        {
            using (var parsed = JsonDocument.Parse(json))
                CheckSchema(file, parsed.RootElement);
            return JsonSerializer.Deserialize<ReportDocument>(json, Options)!;
        }
        catch (JsonException e)
        {
            throw new BadInputException(
                $"'{file}' is not a readable report: {e.Message}", "'sweep resume ID' writes it anew from what is stored, whatever is done already.", e);
        }
    }

    private static void CheckSchema(string file, JsonElement root)
    {
        var schema = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("schema", out var value)
            && value.ValueKind == JsonValueKind.String
                ? value.GetString()
                : null;
        if (schema == ReportDocument.SchemaName)
            return;
        throw new BadInputException(
            $"'{file}' is not a report that this version reads: expected schema '{ReportDocument.SchemaName}',"
            + $" found {(schema is null ? "none" : $"'{schema}'")}.",
            "Give a report.json, or the version of InverseScope that wrote it.");
    }

    private static JsonSerializerOptions MakeOptions(bool indented)
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            WriteIndented = indented,
            NewLine = "\n",
            // The text goes to files and terminals, not into HTML: '615+861=' must stay readable.
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            Converters =
            {
                new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false),
                new FiniteNumberConverter(),
            },
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    // One bad number among thousands must not cost the report of a night.
    private sealed class FiniteNumberConverter : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsNaN(value))
                writer.WriteNullValue();
            else
                writer.WriteNumberValue(Math.Clamp(value, double.MinValue, double.MaxValue));
        }
    }
}
