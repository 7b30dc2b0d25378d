using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Tests.Reports;

/// <summary>
/// Makes the JSON Schema of report.json from the types and their doc comments, so that neither can change without it.
/// </summary>
internal static partial class ReportSchemaGenerator
{
    public static string Generate()
    {
        var definitions = new SortedDictionary<string, JsonNode>(StringComparer.Ordinal);
        var docs = new Dictionary<Assembly, XDocument>();
        var exporter = new JsonSchemaExporterOptions
        {
            TreatNullObliviousAsNonNullable = true,
            TransformSchemaNode = (context, node) => Transform(context, node, definitions, docs),
        };
        var root = (JsonObject)ReportJson.Options.GetJsonSchemaAsNode(typeof(ReportDocument), exporter);
        var schema = new JsonObject
        {
            ["$schema"] = "http://json-schema.org/draft-07/schema#",
            ["$id"] = ReportDocument.SchemaName,
            ["title"] = "InverseScope report",
        };
        foreach (var (key, value) in root)
            schema[key] = value?.DeepClone();
        schema["properties"]!["schema"]!["enum"] = new JsonArray(ReportDocument.SchemaName);
        schema["definitions"] = new JsonObject([.. definitions.Select(d => KeyValuePair.Create(d.Key, (JsonNode?)d.Value))]);
        return schema.ToJsonString(ReportJson.Options) + "\n";
    }

    private static JsonObject Transform(
        JsonSchemaExporterContext context, JsonNode node, SortedDictionary<string, JsonNode> definitions,
        Dictionary<Assembly, XDocument> docs)
    {
        var type = Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type;
        var nullable = node is JsonObject o && o["type"] is JsonArray types && types.Any(t => t!.GetValue<string>() == "null");
        if (context.PropertyInfo is { } declared)
            nullable = declared.IsGetNullable;
        JsonObject schema;
        if (type == typeof(ReportInterval))
        {
            schema = new JsonObject
            {
                ["type"] = nullable ? new JsonArray("array", "null") : "array",
                ["items"] = new JsonObject { ["type"] = "number" },
                ["minItems"] = 2,
                ["maxItems"] = 2,
            };
        }
        else if (type == typeof(double))
        {
            schema = new JsonObject { ["type"] = nullable ? new JsonArray("number", "null") : "number" };
        }
        else if (type == typeof(JsonObject))
        {
            schema = new JsonObject { ["type"] = nullable ? new JsonArray("object", "null") : "object" };
        }
        else
        {
            schema = node as JsonObject ?? new JsonObject();
        }

        if (context.TypeInfo.Kind == JsonTypeInfoKind.Object && type.IsClass && !context.Path.IsEmpty)
            schema = Hoisted(type, schema, nullable, definitions, docs);
        else if (context.TypeInfo.Kind == JsonTypeInfoKind.Object && type == typeof(ReportDocument))
            Complete(type, schema, docs);
        var description = context.PropertyInfo?.AttributeProvider is PropertyInfo property
            ? Summary(property.DeclaringType!, property.Name, docs)
            : null;
        if (description is null)
            return schema;
        // Beside a $ref, draft 7 ignores every other key.
        if (schema.ContainsKey("$ref"))
            schema = new JsonObject { ["allOf"] = new JsonArray(schema) };
        schema["description"] = description;
        return schema;
    }

    private static JsonObject Hoisted(
        Type type, JsonObject schema, bool nullable, SortedDictionary<string, JsonNode> definitions,
        Dictionary<Assembly, XDocument> docs)
    {
        var name = JsonNamingPolicy.SnakeCaseLower.ConvertName(type.Name.Replace("Record", "", StringComparison.Ordinal));
        if (!definitions.ContainsKey(name))
        {
            var definition = (JsonObject)schema.DeepClone();
            Complete(type, definition, docs);
            definition["type"] = "object";
            definitions[name] = definition;
        }

        var reference = new JsonObject { ["$ref"] = $"#/definitions/{name}" };
        return nullable
            ? new JsonObject { ["anyOf"] = new JsonArray(reference, new JsonObject { ["type"] = "null" }) }
            : reference;
    }

    // Every member is written, so every member may be relied on.
    private static void Complete(Type type, JsonObject schema, Dictionary<Assembly, XDocument> docs)
    {
        if (schema["properties"] is JsonObject properties)
            schema["required"] = new JsonArray([.. properties.Select(p => (JsonNode)p.Key)]);
        if (Summary(type, null, docs) is { } summary)
            schema["description"] = summary;
    }

    private static string? Summary(Type type, string? property, Dictionary<Assembly, XDocument> docs)
    {
        if (!docs.TryGetValue(type.Assembly, out var xml))
            docs[type.Assembly] = xml = XDocument.Load(Path.ChangeExtension(type.Assembly.Location, ".xml"));
        XElement? Member(string id) => xml.Descendants("member").FirstOrDefault(m => (string?)m.Attribute("name") == id);
        var own = property is null
            ? Member($"T:{type.FullName}")?.Element("summary")
            : Member($"P:{type.FullName}.{property}")?.Element("summary")
              ?? Member($"T:{type.FullName}")?.Elements("param").FirstOrDefault(p => (string?)p.Attribute("name") == property);
        return own is null ? null : Spaces().Replace(Plain(own), " ").Trim();
    }

    private static string Plain(XElement element) => string.Concat(element.Nodes().Select(n => n switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "see" or "paramref" } e =>
            ((string?)e.Attribute("cref") ?? (string?)e.Attribute("name") ?? "").Split('.')[^1],
        XElement e => Plain(e),
        _ => "",
    }));

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
