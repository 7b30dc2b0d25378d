using System.Text.Json;
using InverseScope.Core;

namespace InverseScope.Torch.Models;

/// <summary>The fields of a config.json, read with errors that name file and field. Null counts as absent.</summary>
internal sealed class ConfigFields(JsonElement root, string path)
{
    public string Path => path;

    public string? Text(string name) =>
        Find(name) is { } field
            ? field.ValueKind == JsonValueKind.String ? field.GetString() : throw Fault(name, field, "a text")
            : null;

    public int? Integer(string name) =>
        Find(name) is { } field
            ? field.ValueKind == JsonValueKind.Number && field.TryGetInt32(out var value)
                ? value
                : throw Fault(name, field, "a whole number")
            : null;

    /// <summary>A whole number above 0 that must be there.</summary>
    public int Count(string name)
    {
        var value = Integer(name) ?? throw new BadInputException($"{path} lacks {name}.");
        return value > 0 ? value : throw new BadInputException($"{path}: {name} must be above 0, not {value}.");
    }

    /// <summary>A whole number, or the first of a list of them.</summary>
    public int? FirstInteger(string name) =>
        Find(name) is not { ValueKind: JsonValueKind.Array } list ? Integer(name)
        : list.GetArrayLength() > 0 && list[0].ValueKind == JsonValueKind.Number && list[0].TryGetInt32(out var first) ? first
        : throw Fault(name, list, "a whole number or a list of them");

    public double? Number(string name) =>
        Find(name) is { } field
            ? field.ValueKind == JsonValueKind.Number ? field.GetDouble() : throw Fault(name, field, "a number")
            : null;

    public bool? Flag(string name) =>
        Find(name) is { } field
            ? field.ValueKind is JsonValueKind.True or JsonValueKind.False
                ? field.GetBoolean()
                : throw Fault(name, field, "true or false")
            : null;

    /// <summary>Whether the field is there and not null.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>Whether the field is there and null.</summary>
    public bool IsNull(string name) => root.TryGetProperty(name, out var field) && field.ValueKind == JsonValueKind.Null;

    /// <summary>Names of all fields, in the file's order.</summary>
    public IReadOnlyList<string> Names => [.. root.EnumerateObject().Select(f => f.Name)];

    /// <summary>The fields of an object within.</summary>
    public ConfigFields? Object(string name) =>
        Find(name) is { } field
            ? field.ValueKind == JsonValueKind.Object ? new ConfigFields(field, $"{path}: {name}") : throw Fault(name, field, "an object")
            : null;

    public IReadOnlyList<string>? Texts(string name) =>
        Find(name) is { } field
            ? field.ValueKind == JsonValueKind.Array && field.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
                ? [.. field.EnumerateArray().Select(item => item.GetString()!)]
                : throw Fault(name, field, "a list of texts")
            : null;

    private JsonElement? Find(string name) =>
        root.TryGetProperty(name, out var field) && field.ValueKind != JsonValueKind.Null ? field : null;

    private BadInputException Fault(string name, JsonElement field, string wanted) =>
        new($"{path}: {name} is {field.GetRawText()}, not {wanted}.");
}
