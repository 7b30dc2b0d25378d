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

    private JsonElement? Find(string name) =>
        root.TryGetProperty(name, out var field) && field.ValueKind != JsonValueKind.Null ? field : null;

    private BadInputException Fault(string name, JsonElement field, string wanted) =>
        new($"{path}: {name} is {field.GetRawText()}, not {wanted}.");
}
