using System.Text.Json;
using InverseScope.Core;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;
using NJsonSchema;
using NJsonSchema.Validation;
using JsonException = System.Text.Json.JsonException;

namespace InverseScope.Agent.Chat;

/// <summary>What a reply must be, as JSON Schema. Immutable and thread-safe.</summary>
public sealed class ReplySchema
{
    private const int MostErrors = 8;

    private static readonly string[] Types = ["object", "array", "string", "number", "integer", "boolean", "null"];

    private readonly JsonSchema _schema;

    private ReplySchema(string json, JsonElement element, JsonSchema schema) => (Json, Element, _schema) = (json, element, schema);

    /// <summary>The schema on one line.</summary>
    public string Json { get; }

    internal JsonElement Element { get; }

    /// <exception cref="FormatException">It is no JSON Schema.</exception>
    public static ReplySchema Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new FormatException("a schema is an object.");
            var element = document.RootElement.Clone();
            if (Texts(element, "$ref").FirstOrDefault(r => !r.StartsWith('#')) is { } outside)
                throw new FormatException($"'$ref: {outside}' leads out of the schema.");
            // The library takes any word, and checks nothing then.
            if (Texts(element, "type").FirstOrDefault(t => !Types.Contains(t)) is { } type)
                throw new FormatException($"there is no type '{type}'.{NearestName.Hint(type, Types)} Types: {string.Join(", ", Types)}.");
            // Nothing is awaited in it, because nothing is fetched.
            var schema = JsonSchema.FromJsonAsync(json).GetAwaiter().GetResult();
            return new ReplySchema(System.Text.Json.JsonSerializer.Serialize(element), element, schema);
        }
        catch (Exception e) when (e is JsonException or JsonReaderException or JsonSerializationException or InvalidOperationException)
        {
            throw new FormatException(e.Message, e);
        }
    }

    /// <summary>What is wrong with a value, as advice to whoever wrote it; empty if nothing.</summary>
    internal IReadOnlyList<string> Check(JsonElement value)
    {
        List<string> errors;
        try
        {
            errors = [.. _schema.Validate(value.GetRawText()).SelectMany(Leaves).Where(e => !IsWholeNumber(e)).Select(Told).Distinct()];
        }
        catch (Exception e) when (e is InvalidCastException or OverflowException)
        {
            // The library compares no number beyond 64 bits.
            return ["a number is too large"];
        }

        return errors.Count <= MostErrors ? errors : [.. errors.Take(MostErrors), $"and {errors.Count - MostErrors} more"];
    }

    private static IEnumerable<ValidationError> Leaves(ValidationError error) => error is ChildSchemaValidationError child
        ? child.Errors.SelectMany(e => e.Value).SelectMany(Leaves)
        : [error];

    // The library takes 1.0 for none, which models write.
    private static bool IsWholeNumber(ValidationError error) =>
        error is { Kind: ValidationErrorKind.IntegerExpected, Token: JValue { Value: double number } } && Math.Truncate(number) == number;

    private static string Told(ValidationError error)
    {
        var path = error.Path is { Length: > 0 } given ? given.TrimStart('#', '/') : "";
        var schema = error.Schema;
        var what = error.Kind switch
        {
            ValidationErrorKind.PropertyRequired => $"the key '{error.Property}' is missing",
            ValidationErrorKind.NoAdditionalPropertiesAllowed => $"the key '{error.Property}' does not belong here",
            ValidationErrorKind.NotInEnumeration => $"must be one of {string.Join(", ", schema.Enumeration.Select(v => $"'{v}'"))}",
            ValidationErrorKind.StringExpected => "must be a text",
            ValidationErrorKind.ObjectExpected => "must be an object",
            ValidationErrorKind.ArrayExpected => "must be a list",
            ValidationErrorKind.IntegerExpected => "must be a whole number",
            ValidationErrorKind.NumberExpected => "must be a number",
            ValidationErrorKind.BooleanExpected => "must be true or false",
            ValidationErrorKind.StringTooShort => $"must have at least {schema.MinLength} characters",
            ValidationErrorKind.StringTooLong => $"must have at most {schema.MaxLength} characters",
            ValidationErrorKind.TooFewItems => $"must have at least {schema.MinItems} items",
            ValidationErrorKind.TooManyItems => $"must have at most {schema.MaxItems} items",
            ValidationErrorKind.NumberTooSmall => FormattableString.Invariant($"must be at least {schema.Minimum}"),
            ValidationErrorKind.NumberTooBig => FormattableString.Invariant($"must be at most {schema.Maximum}"),
            var other => $"breaks the rule {other}",
        };
        return path.Length == 0 || error.Kind is ValidationErrorKind.PropertyRequired && path == error.Property
            ? what
            : $"{path}: {what}";
    }

    private static IEnumerable<string> Texts(JsonElement element, string key) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(p => p.NameEquals(key) && p.Value.ValueKind == JsonValueKind.String
            ? [p.Value.GetString()!]
            : Texts(p.Value, key)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(item => Texts(item, key)),
        _ => [],
    };
}
