using System.Text.Json.Nodes;

namespace InverseScope.Core.Specs.Syntax;

/// <summary>A mapping from any label to any other.</summary>
internal sealed class MapForm : Form<ValueList<MapEntry>>
{
    public override string Expected => "a mapping from label to label";

    public override bool Fits(SpecNode node) => node is SpecNode.Map;

    public override bool TryRead(SpecNode node, SpecReading reading, out ValueList<MapEntry> value)
    {
        value = [];
        if (node is not SpecNode.Map { Entries.Count: > 0 } map)
        {
            reading.Unexpected(node, Expected);
            return false;
        }

        var ok = true;
        var entries = new List<MapEntry>(map.Entries.Count);
        foreach (var (key, to) in map.Entries)
        {
            using (reading.Within(key.Value))
            {
                if (Form.Label.TryRead(to, reading, out var label))
                    entries.Add(new MapEntry(key.Value, label));
                else
                    ok = false;
            }
        }

        // The order of keys means nothing.
        value = [.. entries.OrderBy(e => e.From, StringComparer.Ordinal)];
        return ok;
    }

    public override SpecNode Write(ValueList<MapEntry> value) => new SpecNode.Map(
        [.. value.Select(e => (new SpecNode.Text(e.From), Form.Label.Write(e.To)))]);

    public override JsonObject Schema(SpecSchemaBuilder schema) => new()
    {
        ["type"] = "object",
        ["minProperties"] = 1,
        ["additionalProperties"] = Form.Label.Schema(schema),
    };
}
