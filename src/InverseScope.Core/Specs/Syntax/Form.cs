using System.Globalization;
using System.Text.Json.Nodes;
using InverseScope.Core.Specs.Running;

namespace InverseScope.Core.Specs.Syntax;

/// <summary>
/// How values of a type are written: one description from which reading, writing and the JSON Schema derive.
/// Writing what was read gives the same value back.
/// </summary>
internal abstract class Form<T>
{
    /// <summary>For messages, e.g. "a whole number".</summary>
    public abstract string Expected { get; }

    /// <summary>Whether a node is of the right kind, which decides between alternatives.</summary>
    public abstract bool Fits(SpecNode node);

    /// <summary>Advice where something else was found; null if there is none.</summary>
    public virtual string? Advise(SpecNode found) => null;

    /// <summary>The value, or false after errors were reported.</summary>
    public abstract bool TryRead(SpecNode node, SpecReading reading, out T value);

    public abstract SpecNode Write(T value);

    /// <param name="schema">Takes the definitions that are referred to.</param>
    public abstract JsonObject Schema(SpecSchemaBuilder schema);

    /// <summary>The same written form for another type.</summary>
    public Form<TOther> As<TOther>(Func<T, TOther> make, Func<TOther, T> take) => new ConvertedForm<T, TOther>(this, make, take);
}

/// <summary>Forms of plain values, and ways to combine forms.</summary>
internal static class Form
{
    public static Form<string> Text { get; } = new ScalarForm<string>(
        "a text", "string", node => node is SpecNode.Text text ? (true, text.Value) : default, value => new SpecNode.Text(value));

    /// <summary>A text with at least one character.</summary>
    public static Form<string> SomeText { get; } = new RefinedForm<string>(
        Text, "a text that is not empty", text => text.Length > 0 ? null : "the text is empty",
        schema => schema["minLength"] = 1);

    public static Form<double> Number { get; } = new ScalarForm<double>(
        "a number", "number", node => node is SpecNode.Number number ? (true, number.Value) : default,
        value => new SpecNode.Number(value));

    public static Form<int> Integer { get; } = new ScalarForm<int>(
        "a whole number", "integer",
        node => node is SpecNode.Number { Value: var n } && n == Math.Floor(n) && Math.Abs(n) <= int.MaxValue
            ? (true, (int)n)
            : default,
        value => new SpecNode.Number(value));

    public static Form<bool> Bool { get; } = new ScalarForm<bool>(
        "true or false", "boolean", node => node is SpecNode.Bool truth ? (true, truth.Value) : default,
        value => new SpecNode.Bool(value));

    /// <summary>A text, number or truth value, kept as what it is.</summary>
    public static Form<Constant> Constant { get; } = new ScalarForm<Constant>(
        "a text, a number, true or false", ["string", "number", "boolean"],
        node => node switch
        {
            SpecNode.Text text => (true, text.Value),
            SpecNode.Number number => (true, number.Value),
            SpecNode.Bool truth => (true, truth.Value),
            _ => default,
        },
        value => value switch
        {
            Constant.Text text => new SpecNode.Text(text.Value),
            Constant.Number number => new SpecNode.Number(number.Value),
            Constant.Bool truth => new SpecNode.Bool(truth.Value),
            _ => throw new ArgumentOutOfRangeException(nameof(value)),
        });

    /// <summary>A label: a number or truth value stands for its canonical text.</summary>
    public static Form<string> Label { get; } = new ScalarForm<string>(
        "a label (a text, a number, true or false)", ["string", "number", "boolean"],
        node => node switch
        {
            SpecNode.Text text => (true, text.Value),
            SpecNode.Number number => (true, LabelText.Of(number.Value)),
            SpecNode.Bool truth => (true, LabelText.Of(truth.Value)),
            _ => default,
        },
        value => new SpecNode.Text(value));

    /// <summary>A text of one line for tables and pages: no control characters, and none that reverse what follows.</summary>
    public static Form<string> Line(int max) => Refine(
        SomeText, $"one line of at most {max} characters without control characters",
        text => WhyNotPlain(text, max, lineBreaks: false), schema => schema["maxLength"] = max);

    /// <summary>As <see cref="Line"/>, with line breaks.</summary>
    public static Form<string> Prose(int max) => Refine(
        SomeText, $"at most {max} characters without control characters",
        text => WhyNotPlain(text, max, lineBreaks: true), schema => schema["maxLength"] = max);

    /// <summary>One of several names.</summary>
    public static Form<T> Name<T>(params (string Name, T Value)[] names) => new NameForm<T>(names);

    public static Form<T> Range<T>(Form<T> form, int min, int max)
        where T : System.Numerics.INumber<T> => Refine(
        form, $"a number from {min} to {max}",
        value => value < T.CreateChecked(min) || value > T.CreateChecked(max) ? $"{value} is out of range" : null,
        schema =>
        {
            schema["minimum"] = min;
            schema["maximum"] = max;
        });

    public static Form<ValueList<string>> Distinct(Form<ValueList<string>> form) => Refine(
        form, $"{form.Expected}, no two the same",
        items => items.GroupBy(i => i).FirstOrDefault(g => g.Count() > 1) is { } twice
            ? $"{SpecNode.Quote(twice.Key)} is there {twice.Count()} times"
            : null,
        schema => schema["uniqueItems"] = true);

    public static Form<ValueList<T>> List<T>(Form<T> item, int min = 0, int max = int.MaxValue)
        where T : IEquatable<T> => new ListForm<T>(item, min, max);

    /// <summary>The first form whose kind of node is there; writing takes the first that <paramref name="choose"/> names.</summary>
    /// <param name="choose">Index of the form that writes a value.</param>
    public static Form<T> Either<T>(Func<T, int> choose, params Form<T>[] forms) => new EitherForm<T>(choose, forms);

    /// <summary>Remembers where a value stands, so that errors found later can say so.</summary>
    public static Form<T> Located<T>(Form<T> form)
        where T : class => new LocatedForm<T>(form);

    /// <summary>A mapping with exactly one of several keys.</summary>
    public static Form<T> OneOf<T>(string expected, params Choice<T>[] choices) => new ChoiceForm<T>(expected, choices);

    /// <summary>One alternative of <see cref="OneOf"/>.</summary>
    public static Choice<T> Choice<T, TCase, TArgument>(
        string key, string summary, Form<TArgument> form, Func<TArgument, TCase> make, Func<TCase, TArgument> take)
        where TCase : T => new Choice<T, TCase, TArgument>(key, summary, form, make, take);

    /// <param name="problem">Null if the value is allowed, else what is wrong with it.</param>
    /// <param name="constrain">Says the same in the schema, as far as it can.</param>
    public static Form<T> Refine<T>(
        Form<T> form, string expected, Func<T, string?> problem, Action<JsonObject>? constrain = null) =>
        new RefinedForm<T>(form, expected, problem, constrain);

    private static string? WhyNotPlain(string text, int max, bool lineBreaks)
    {
        if (text.Length > max)
            return $"the text has {text.Length} characters";
        foreach (var c in text)
        {
            var refused = char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
            if (refused && !(lineBreaks && c is '\n' or '\t'))
                return $"the text contains the control character U+{(int)c:X4}";
        }

        return null;
    }
}

internal sealed class NameForm<T>((string Name, T Value)[] names) : Form<T>
{
    public override string Expected => string.Join(", ", names.Select(n => n.Name));

    public override bool Fits(SpecNode node) => node is SpecNode.Text;

    public override bool TryRead(SpecNode node, SpecReading reading, out T value)
    {
        var given = (node as SpecNode.Text)?.Value;
        foreach (var (name, named) in names)
        {
            if (name != given)
                continue;
            value = named;
            return true;
        }

        value = default!;
        var hint = given is null ? "" : NearestName.Hint(given, names.Select(n => n.Name)).TrimStart();
        reading.Unexpected(node, Expected, hint.Length > 0 ? hint : null);
        return false;
    }

    public override SpecNode Write(T value) =>
        new SpecNode.Text(names.First(n => EqualityComparer<T>.Default.Equals(n.Value, value)).Name);

    public override JsonObject Schema(SpecSchemaBuilder schema) => new()
    {
        ["enum"] = new JsonArray([.. names.Select(n => (JsonNode)JsonValue.Create(n.Name))]),
    };
}

internal sealed class ScalarForm<T>(
    string expected, string[] jsonTypes, Func<SpecNode, (bool Ok, T Value)> read, Func<T, SpecNode> write) : Form<T>
{
    public ScalarForm(string expected, string jsonType, Func<SpecNode, (bool Ok, T Value)> read, Func<T, SpecNode> write)
        : this(expected, [jsonType], read, write)
    {
    }

    public override string Expected => expected;

    public override bool Fits(SpecNode node) => read(node).Ok;

    public override string? Advise(SpecNode found) => (found, jsonTypes) switch
    {
        (SpecNode.Number number, ["string"]) => $"Put it in quotes: \"{LabelText.Of(number.Value)}\".",
        (SpecNode.Bool truth, ["string"]) => $"Put it in quotes: \"{LabelText.Of(truth.Value)}\".",
        (SpecNode.Null, ["string"]) => "Write \"\" for the empty text.",
        (SpecNode.Text text, ["number" or "integer"]) when YamlSpecReader.Resolve(text.Value, default, out _) is SpecNode.Number =>
            $"Write it without quotes: {text.Value}.",
        (SpecNode.Text { Value: "true" or "false" } text, ["boolean"]) => $"Write it without quotes: {text.Value}.",
        _ => null,
    };

    public override bool TryRead(SpecNode node, SpecReading reading, out T value)
    {
        (var ok, value) = read(node);
        if (!ok)
            reading.Unexpected(node, expected, Advise(node));
        return ok;
    }

    public override SpecNode Write(T value) => write(value);

    public override JsonObject Schema(SpecSchemaBuilder schema) => new()
    {
        ["type"] = jsonTypes.Length == 1
            ? JsonValue.Create(jsonTypes[0])
            : new JsonArray([.. jsonTypes.Select(t => (JsonNode)JsonValue.Create(t))]),
    };
}

internal sealed class RefinedForm<T>(
    Form<T> form, string expected, Func<T, string?> problem, Action<JsonObject>? constrain) : Form<T>
{
    public override string Expected => expected;

    public override bool Fits(SpecNode node) => form.Fits(node);

    public override string? Advise(SpecNode found) => form.Advise(found);

    public override bool TryRead(SpecNode node, SpecReading reading, out T value)
    {
        if (!form.Fits(node))
        {
            value = default!;
            reading.Unexpected(node, expected, Advise(node));
            return false;
        }

        if (!form.TryRead(node, reading, out value))
            return false;
        if (problem(value) is not { } wrong)
            return true;
        reading.Error(node.Mark, $"{wrong}.", $"Expected {expected}.");
        return false;
    }

    public override SpecNode Write(T value) => form.Write(value);

    public override JsonObject Schema(SpecSchemaBuilder schema)
    {
        var result = form.Schema(schema);
        constrain?.Invoke(result);
        return result;
    }
}

internal sealed class ConvertedForm<T, TOther>(Form<T> form, Func<T, TOther> make, Func<TOther, T> take) : Form<TOther>
{
    public override string Expected => form.Expected;

    public override bool Fits(SpecNode node) => form.Fits(node);

    public override string? Advise(SpecNode found) => form.Advise(found);

    public override bool TryRead(SpecNode node, SpecReading reading, out TOther value)
    {
        var ok = form.TryRead(node, reading, out var inner);
        value = ok ? make(inner) : default!;
        return ok;
    }

    public override SpecNode Write(TOther value) => form.Write(take(value));

    public override JsonObject Schema(SpecSchemaBuilder schema) => form.Schema(schema);
}

internal sealed class LocatedForm<T>(Form<T> form) : Form<T>
    where T : class
{
    public override string Expected => form.Expected;

    public override bool Fits(SpecNode node) => form.Fits(node);

    public override string? Advise(SpecNode found) => form.Advise(found);

    public override bool TryRead(SpecNode node, SpecReading reading, out T value)
    {
        if (!form.TryRead(node, reading, out value))
            return false;
        reading.Locate(value, node.Mark);
        return true;
    }

    public override SpecNode Write(T value) => form.Write(value);

    public override JsonObject Schema(SpecSchemaBuilder schema) => form.Schema(schema);
}

internal sealed class ListForm<T>(Form<T> item, int min, int max) : Form<ValueList<T>>
    where T : IEquatable<T>
{
    public override string Expected => (min, max) switch
    {
        (0, int.MaxValue) => $"a list, each item {item.Expected}",
        (_, int.MaxValue) => $"a list of at least {min}, each item {item.Expected}",
        _ when min == max => $"a list of exactly {min}, each item {item.Expected}",
        _ => $"a list of {min} to {max}, each item {item.Expected}",
    };

    public override bool Fits(SpecNode node) => node is SpecNode.List;

    public override bool TryRead(SpecNode node, SpecReading reading, out ValueList<T> value)
    {
        value = [];
        if (node is not SpecNode.List list)
        {
            reading.Unexpected(node, Expected);
            return false;
        }

        var ok = list.Items.Count >= min && list.Items.Count <= max;
        if (!ok)
            reading.Error(node.Mark, $"found a list of {list.Items.Count}.", $"Expected {Expected}.");
        var items = new List<T>(list.Items.Count);
        for (var i = 0; i < list.Items.Count; i++)
        {
            using (reading.Within(i))
            {
                if (item.TryRead(list.Items[i], reading, out var read))
                    items.Add(read);
                else
                    ok = false;
            }
        }

        value = [.. items];
        return ok;
    }

    public override SpecNode Write(ValueList<T> value) => new SpecNode.List([.. value.Select(item.Write)]);

    public override JsonObject Schema(SpecSchemaBuilder schema)
    {
        var result = new JsonObject { ["type"] = "array", ["items"] = item.Schema(schema) };
        if (min > 0)
            result["minItems"] = min;
        if (max < int.MaxValue)
            result["maxItems"] = max;
        return result;
    }
}

internal sealed class EitherForm<T>(Func<T, int> choose, Form<T>[] forms) : Form<T>
{
    public override string Expected => string.Join(", or ", forms.Select(f => f.Expected));

    public override bool Fits(SpecNode node) => forms.Any(f => f.Fits(node));

    public override string? Advise(SpecNode found) => forms.Select(f => f.Advise(found)).FirstOrDefault(advice => advice is not null);

    public override bool TryRead(SpecNode node, SpecReading reading, out T value)
    {
        if (forms.FirstOrDefault(f => f.Fits(node)) is { } form)
            return form.TryRead(node, reading, out value);
        reading.Unexpected(node, Expected, Advise(node));
        value = default!;
        return false;
    }

    public override SpecNode Write(T value) => forms[choose(value)].Write(value);

    public override JsonObject Schema(SpecSchemaBuilder schema) => new()
    {
        ["anyOf"] = new JsonArray([.. forms.Select(f => (JsonNode)f.Schema(schema))]),
    };
}
