using System.Text.Json.Nodes;

namespace InverseScope.Core.Specs.Syntax;

/// <summary>One alternative of a <see cref="ChoiceForm{T}"/>.</summary>
internal abstract class Choice<T>(string key, string summary)
{
    public string Key { get; } = key;

    public string Summary { get; } = summary;

    public abstract bool Writes(T value);

    public abstract bool TryRead(SpecNode node, SpecReading reading, out T value);

    public abstract SpecNode Write(T value);

    public abstract JsonObject Schema(SpecSchemaBuilder schema);
}

/// <summary>A mapping with exactly one of several keys, each for one case of a type.</summary>
internal sealed class ChoiceForm<T>(string expected, Choice<T>[] choices) : Form<T>
{
    public override string Expected => expected;

    public override bool Fits(SpecNode node) => node is SpecNode.Map;

    public override bool TryRead(SpecNode node, SpecReading reading, out T value)
    {
        value = default!;
        if (node is not SpecNode.Map { Entries: [var (key, argument)] })
        {
            reading.Unexpected(node, expected);
            return false;
        }

        if (Array.Find(choices, c => c.Key == key.Value) is not { } choice)
        {
            var keys = choices.Select(c => c.Key);
            reading.Error(
                key.Mark, $"unknown key {SpecNode.Quote(key.Value)}.",
                $"Keys here: {string.Join(", ", keys)}.{NearestName.Hint(key.Value, keys)}");
            return false;
        }

        using (reading.Within(choice.Key))
            return choice.TryRead(argument, reading, out value);
    }

    public override SpecNode Write(T value)
    {
        var choice = Array.Find(choices, c => c.Writes(value))!;
        return new SpecNode.Map([(new SpecNode.Text(choice.Key), choice.Write(value))]);
    }

    public override JsonObject Schema(SpecSchemaBuilder schema) => new()
    {
        ["anyOf"] = new JsonArray(
        [
            .. choices.Select(c => (JsonNode)new JsonObject
            {
                ["type"] = "object",
                ["description"] = c.Summary,
                ["properties"] = new JsonObject { [c.Key] = c.Schema(schema) },
                ["required"] = new JsonArray(JsonValue.Create(c.Key)),
                ["additionalProperties"] = false,
            }),
        ]),
    };
}

internal sealed class Choice<T, TCase, TArgument>(
    string key, string summary, Form<TArgument> form, Func<TArgument, TCase> make, Func<TCase, TArgument> take)
    : Choice<T>(key, summary)
    where TCase : T
{
    public override bool Writes(T value) => value is TCase;

    public override bool TryRead(SpecNode node, SpecReading reading, out T value)
    {
        var ok = form.TryRead(node, reading, out var argument);
        value = ok ? make(argument) : default!;
        return ok;
    }

    public override SpecNode Write(T value) => form.Write(take((TCase)value!));

    public override JsonObject Schema(SpecSchemaBuilder schema) => form.Schema(schema);
}
