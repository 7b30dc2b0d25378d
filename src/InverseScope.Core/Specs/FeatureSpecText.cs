using System.Text;
using System.Text.Json.Nodes;
using InverseScope.Core.Specs.Syntax;

namespace InverseScope.Core.Specs;

/// <summary>How a spec is written.</summary>
public enum SpecFormat
{
    Yaml,
    Json,
}

/// <summary>A spec with the places of its parts in the text that it was read from.</summary>
public sealed record ParsedSpec(FeatureSpec Spec, SourceMap Source, SpecFormat Format);

/// <summary>Specs as text. Printing what was parsed and parsing it again gives an equal spec.</summary>
public static class FeatureSpecText
{
    /// <summary>Bytes of a spec in UTF-8.</summary>
    public const int MaxBytes = 64 << 10;

    /// <summary>Reads a spec, without compiling it.</summary>
    /// <param name="format">Null: JSON if it begins with a brace, else YAML.</param>
    /// <param name="folder">Folder of the spec, where its lexicon files are; null: it has none.</param>
    public static SpecResult<ParsedSpec> Parse(string text, SpecFormat? format = null, string? folder = null)
    {
        var (spec, reading) = Read(text, format, folder);
        return reading.Errors.Count > 0 || spec is null
            ? new SpecResult<ParsedSpec>(null, InOrder(reading.Errors))
            : new SpecResult<ParsedSpec>(new ParsedSpec(spec, reading.Source, Decide(text, format)), []);
    }

    /// <summary>The whole spec as a person or a language model would write it.</summary>
    public static string Print(FeatureSpec spec, SpecFormat format)
    {
        var node = FeatureSpecForm.Whole.Write(spec);
        return format == SpecFormat.Json ? JsonSpecWriter.WritePretty(node) : YamlSpecWriter.Write(node);
    }

    /// <summary>JSON Schema (draft 7) of specs: for editors, and to constrain a language model's output.</summary>
    public static JsonObject Schema()
    {
        var builder = new SpecSchemaBuilder();
        var root = FeatureSpecForm.Whole.Schema(builder);
        var schema = new JsonObject
        {
            ["$schema"] = "http://json-schema.org/draft-07/schema#",
            ["$id"] = FeatureSpec.SchemaId,
            ["title"] = "InverseScope feature spec",
        };
        foreach (var (key, value) in root.ToArray())
        {
            root.Remove(key);
            schema[key] = value;
        }

        schema["definitions"] = builder.Definitions;
        return schema;
    }

    /// <summary>What could be read, as far as it could be read, with the errors; null: nothing.</summary>
    internal static (FeatureSpec? Spec, SpecReading Reading) Read(string text, SpecFormat? format, string? folder)
    {
        var reading = new SpecReading(folder);
        var isJson = Decide(text, format) == SpecFormat.Json;
        text = text.TrimStart('\uFEFF');
        if (Encoding.UTF8.GetByteCount(text) > MaxBytes)
        {
            reading.Error(
                new Mark(1, 1), $"the spec has more than {MaxBytes >> 10} KiB.",
                "Keep long word lists in a lexicon file beside it.");
            return (null, reading);
        }

        if (FindControl(text) is { } control)
        {
            reading.Error(
                control, "the file has a control character here.", "Save it as plain text; in quotes, write \\u and its code.");
            return (null, reading);
        }

        var node = isJson ? JsonSpecReader.Read(text, reading) : YamlSpecReader.Read(text, reading);
        if (node is null)
            return (null, reading);
        FeatureSpecForm.Whole.TryRead(node, reading, out var spec);
        reading.Locate(spec, node.Mark);
        return (spec, reading);
    }

    internal static IReadOnlyList<SpecError> InOrder(IEnumerable<SpecError> errors) =>
        [.. errors.Distinct().OrderBy(e => e.Line).ThenBy(e => e.Column)];

    // The YAML parser would take a file to end at one, and tools would show something else than what is read.
    private static Mark? FindControl(string text)
    {
        var at = text.AsSpan().IndexOfAnyExceptInRange(' ', '~');
        for (; at >= 0 && at < text.Length; at++)
        {
            if (!char.IsControl(text[at]) || text[at] is '\t' or '\n' or '\r')
                continue;
            var before = text.AsSpan(0, at);
            return new Mark(before.Count('\n') + 1, at - before.LastIndexOf('\n'));
        }

        return null;
    }

    private static SpecFormat Decide(string text, SpecFormat? given) =>
        given ?? (text.AsSpan().TrimStart('\uFEFF').TrimStart() is ['{', ..] ? SpecFormat.Json : SpecFormat.Yaml);
}
