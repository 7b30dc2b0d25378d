using System.Text.Json.Nodes;

namespace InverseScope.Core.Specs.Syntax;

/// <summary>Collects the shared definitions of a schema, so that recursive forms refer to themselves.</summary>
internal sealed class SpecSchemaBuilder
{
    public JsonObject Definitions { get; } = [];

    /// <summary>A reference to a definition, which is made at its first use.</summary>
    public JsonObject Refer(string name, Func<SpecSchemaBuilder, JsonObject> make)
    {
        if (!Definitions.ContainsKey(name))
        {
            Definitions[name] = null;
            Definitions[name] = make(this);
        }

        return new JsonObject { ["$ref"] = $"#/definitions/{name}" };
    }
}
