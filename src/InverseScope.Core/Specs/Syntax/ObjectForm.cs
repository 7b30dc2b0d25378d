using System.Text.Json.Nodes;

namespace InverseScope.Core.Specs.Syntax;

/// <summary>One key of an <see cref="ObjectForm{T}"/>.</summary>
internal abstract class Field<T>(string name, bool required, string summary)
{
    public string Name { get; } = name;

    public bool Required { get; } = required;

    public string Summary { get; } = summary;

    public abstract bool TryRead(SpecNode node, SpecReading reading, ref T target);

    /// <returns>Null if it is as in <paramref name="blank"/>, so that it need not be written.</returns>
    public abstract SpecNode? Write(T value, T blank);

    public abstract JsonObject Schema(SpecSchemaBuilder schema);
}

internal sealed class Field<T, TValue>(
    string name, bool required, string summary, Form<TValue> form, Func<T, TValue> get, Func<T, TValue, T> with)
    : Field<T>(name, required, summary)
{
    public override bool TryRead(SpecNode node, SpecReading reading, ref T target)
    {
        if (!form.TryRead(node, reading, out var value))
            return false;
        target = with(target, value);
        return true;
    }

    public override SpecNode? Write(T value, T blank)
    {
        var written = get(value);
        return !Required && (written is null || EqualityComparer<TValue>.Default.Equals(written, get(blank)))
            ? null
            : form.Write(written);
    }

    public override JsonObject Schema(SpecSchemaBuilder schema)
    {
        var result = form.Schema(schema);
        // Keys beside a $ref are ignored by older validators, so it goes inside.
        if (result.ContainsKey("$ref"))
            result = new JsonObject { ["allOf"] = new JsonArray(result) };
        result["description"] = Summary;
        return result;
    }
}

/// <summary>A mapping with fixed keys.</summary>
/// <param name="blank">What an object without any of the keys stands for.</param>
/// <param name="check">What is wrong with an object whose keys are right one by one; null if nothing.</param>
internal sealed class ObjectForm<T>(string expected, T blank, Field<T>[] fields, Func<T, string?>? check = null) : Form<T>
{
    public override string Expected => expected;

    public override bool Fits(SpecNode node) => node is SpecNode.Map;

    public override bool TryRead(SpecNode node, SpecReading reading, out T value)
    {
        value = blank;
        if (node is not SpecNode.Map map)
        {
            reading.Unexpected(node, expected);
            return false;
        }

        var ok = true;
        foreach (var (key, child) in map.Entries)
        {
            var field = Array.Find(fields, f => f.Name == key.Value);
            if (field is null)
            {
                var names = fields.Select(f => f.Name);
                reading.Error(
                    key.Mark, $"unknown key {SpecNode.Quote(key.Value)}.",
                    $"Keys here: {string.Join(", ", names)}.{NearestName.Hint(key.Value, names)}");
                ok = false;
                continue;
            }

            using (reading.Within(field.Name))
                ok &= field.TryRead(child, reading, ref value);
        }

        foreach (var field in fields)
        {
            if (!field.Required || map.Entries.Any(e => e.Key.Value == field.Name))
                continue;
            reading.Error(node.Mark, $"the key '{field.Name}' is missing.", $"It is {field.Summary}.");
            ok = false;
        }

        if (!ok || check?.Invoke(value) is not { } problem)
            return ok;
        reading.Error(node.Mark, problem, null);
        return false;
    }

    public override SpecNode Write(T value) => new SpecNode.Map(
        [.. fields.Select(f => (Key: new SpecNode.Text(f.Name), Value: f.Write(value, blank)!)).Where(e => e.Value is not null)]);

    public override JsonObject Schema(SpecSchemaBuilder schema)
    {
        var properties = new JsonObject();
        foreach (var field in fields)
            properties[field.Name] = field.Schema(schema);
        var result = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = properties,
            ["additionalProperties"] = false,
        };
        var required = fields.Where(f => f.Required).Select(f => (JsonNode)JsonValue.Create(f.Name)).ToArray();
        if (required.Length > 0)
            result["required"] = new JsonArray(required);
        return result;
    }
}

/// <summary>Makes fields without naming their types.</summary>
internal static class Field
{
    public static Field<T> Required<T, TValue>(
        string name, string summary, Form<TValue> form, Func<T, TValue> get, Func<T, TValue, T> with) =>
        new Field<T, TValue>(name, true, summary, form, get, with);

    public static Field<T> Optional<T, TValue>(
        string name, string summary, Form<TValue> form, Func<T, TValue> get, Func<T, TValue, T> with) =>
        new Field<T, TValue>(name, false, summary, form, get, with);
}
