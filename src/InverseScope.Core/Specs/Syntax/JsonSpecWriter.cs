using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using InverseScope.Core.Specs.Running;

namespace InverseScope.Core.Specs.Syntax;

/// <summary>Writes nodes as JSON.</summary>
internal static class JsonSpecWriter
{
    // Specs go into files and prompts, never unescaped into a page: names and formulas stay readable.
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonWriterOptions Pretty = Compact with { Indented = true, NewLine = "\n" };

    public static string WriteCompact(SpecNode node) => Write(node, Compact);

    public static string WritePretty(SpecNode node) => Write(node, Pretty) + "\n";

    private static string Write(SpecNode node, JsonWriterOptions options)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, options))
            Write(node, json);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(SpecNode node, Utf8JsonWriter json)
    {
        switch (node)
        {
            case SpecNode.Text text:
                json.WriteStringValue(text.Value);
                break;
            case SpecNode.Number number:
                json.WriteRawValue(LabelText.Of(number.Value));
                break;
            case SpecNode.Bool truth:
                json.WriteBooleanValue(truth.Value);
                break;
            case SpecNode.Null:
                json.WriteNullValue();
                break;
            case SpecNode.List list:
                json.WriteStartArray();
                foreach (var item in list.Items)
                    Write(item, json);
                json.WriteEndArray();
                break;
            case SpecNode.Map map:
                json.WriteStartObject();
                foreach (var (key, value) in map.Entries)
                {
                    json.WritePropertyName(key.Value);
                    Write(value, json);
                }

                json.WriteEndObject();
                break;
        }
    }
}
