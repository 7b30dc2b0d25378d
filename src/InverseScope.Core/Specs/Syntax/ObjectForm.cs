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
/// <param name="oneOf">Keys of which exactly one must be given; empty: there is no such choice.</param>
internal sealed class ObjectForm<T>(
    string expected, T blank, Field<T>[] fields, Func<T, string?>? check = null, params string[] oneOf) : Form<T>
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

        if (oneOf.Length > 0 && ObjectForm.WhyNotOne(oneOf, map.Entries.Count(e => oneOf.Contains(e.Key.Value))) is { } choice)
        {
            reading.Error(node.Mark, choice, null);
            return false;
        }

        if (!ok || check?.Invoke(value) is not { } problem)
            return ok;
        reading.Error(node.Mark, problem, null);
        return false;
    }

    public override SpecNode Write(T value) => new SpecNode.Map(
        [.. fields.Select(f => (Key: new SpecNode.Text(f.Name), Value: f.Write(value, blank)!)).Where(e => e.Value is not null)]);

    // A choice as whole alternatives: what makes grammars of schemas for language models takes no keys beside anyOf.
    public override JsonObject Schema(SpecSchemaBuilder schema) => oneOf.Length == 0
        ? Schema(schema, null)
        : new JsonObject { ["anyOf"] = new JsonArray([.. oneOf.Select(chosen => (JsonNode)Schema(schema, chosen))]) };

    private JsonObject Schema(SpecSchemaBuilder schema, string? chosen)
    {
        var properties = new JsonObject();
        var required = new JsonArray();
        foreach (var field in fields.Where(f => f.Name == chosen || !oneOf.Contains(f.Name)))
        {
            properties[field.Name] = field.Schema(schema);
            if (field.Required || field.Name == chosen)
                required.Add(field.Name);
        }

        var result = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = properties,
            ["additionalProperties"] = false,
        };
        if (required.Count > 0)
            result["required"] = required;
        return result;
    }
}

/// <summary>What objects of all types share.</summary>
internal static class ObjectForm
{
    /// <summary>What is wrong with a choice; null if nothing.</summary>
    /// <param name="given">How many of the keys there are.</param>
    public static string? WhyNotOne(ReadOnlySpan<string> keys, int given) => given == 1
        ? null
        : $"exactly one of '{string.Join("', '", keys[..^1]!)}' and '{keys[^1]}' must be given, found {given}.";
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
