using System.Text.Json.Nodes;
using InverseScope.Core.Specs.Steps;

namespace InverseScope.Core.Specs.Syntax;

/// <summary>A list of steps.</summary>
internal sealed class PipelineForm : Form<Pipeline>
{
    private readonly StepForm _step = new();

    private PipelineForm()
    {
    }

    public static PipelineForm Instance { get; } = new();

    public override string Expected => "a pipeline: a list of steps such as [words, first]";

    public override bool Fits(SpecNode node) => node is SpecNode.List;

    public override bool TryRead(SpecNode node, SpecReading reading, out Pipeline value)
    {
        value = [];
        if (node is not SpecNode.List list)
        {
            reading.Unexpected(node, Expected, "Put it into a list, even if it is one step.");
            return false;
        }

        if (list.Items.Count == 0)
        {
            reading.Error(node.Mark, "found an empty pipeline.", "Write [it] for the current value or text as it is.");
            return false;
        }

        var ok = true;
        var steps = new List<Step>(list.Items.Count);
        for (var i = 0; i < list.Items.Count; i++)
        {
            using (reading.Within(i))
            {
                if (_step.TryRead(list.Items[i], reading, out var step))
                    steps.Add(step);
                else
                    ok = false;
            }
        }

        value = new Pipeline([.. steps]);
        reading.Locate(value, node.Mark);
        return ok;
    }

    public override SpecNode Write(Pipeline value) => new SpecNode.List([.. value.Select(_step.Write)]);

    public override JsonObject Schema(SpecSchemaBuilder schema) => schema.Refer("pipeline", s => new JsonObject
    {
        ["type"] = "array",
        ["minItems"] = 1,
        ["items"] = _step.Schema(s),
        ["description"] = "Steps applied one after the other to the text; 'it' first in a nested one starts from the current value.",
    });
}

/// <summary>A step without argument is its name; any other is a mapping from its name to its argument.</summary>
internal sealed class StepForm : Form<Step>
{
    public override string Expected => "a step: a name such as words, or a mapping such as {nth: 1}";

    public override bool Fits(SpecNode node) => node is SpecNode.Text or SpecNode.Map;

    public override bool TryRead(SpecNode node, SpecReading reading, out Step value)
    {
        value = null!;
        switch (node)
        {
            case SpecNode.Text name when StepTable.Find(name.Value) is { } definition:
                if (definition.HasArgument)
                {
                    reading.Error(
                        node.Mark, $"the step '{name.Value}' needs an argument.", $"Write {{{name.Value}: {definition.ArgumentExpected}}}.");
                    return false;
                }

                value = definition.New();
                reading.Locate(value, node.Mark);
                return true;

            case SpecNode.Text name:
                return Unknown(name, reading);

            case SpecNode.Map { Entries: [var (name, argument)] }:
                if (StepTable.Find(name.Value) is not { } found)
                    return Unknown(name, reading);
                if (!found.HasArgument)
                {
                    reading.Error(
                        argument.Mark, $"the step '{name.Value}' takes no argument, found {argument.Describe()}.",
                        $"Write the bare name: {name.Value}");
                    return false;
                }

                using (reading.Within(name.Value))
                {
                    if (!found.TryRead(argument, reading, out value))
                        return false;
                }

                reading.Locate(value, node.Mark);
                return true;

            case SpecNode.Map map:
                reading.Unexpected(
                    map, "a step, which has one key only",
                    map.Entries.Count > 1 ? "Make each key a list item of its own: one step each." : null);
                return false;

            default:
                reading.Unexpected(node, Expected);
                return false;
        }
    }

    public override SpecNode Write(Step value)
    {
        var definition = StepTable.Of(value);
        var name = new SpecNode.Text(definition.Name);
        return definition.HasArgument ? new SpecNode.Map([(name, definition.Write(value))]) : name;
    }

    public override JsonObject Schema(SpecSchemaBuilder schema) => schema.Refer("step", s =>
    {
        var alternatives = new JsonArray
        {
            new JsonObject
            {
                ["enum"] = new JsonArray(
                    [.. StepTable.All.Where(d => !d.HasArgument).Select(d => (JsonNode)JsonValue.Create(d.Name))]),
                ["description"] = string.Join(
                    "; ", StepTable.All.Where(d => !d.HasArgument).Select(d => $"{d.Name}: {d.Summary}")),
            },
        };
        foreach (var definition in StepTable.All.Where(d => d.HasArgument))
        {
            alternatives.Add((JsonNode)new JsonObject
            {
                ["type"] = "object",
                ["description"] = definition.Summary,
                ["properties"] = new JsonObject { [definition.Name] = definition.ArgumentSchema(s) },
                ["required"] = new JsonArray(JsonValue.Create(definition.Name)),
                ["additionalProperties"] = false,
            });
        }

        return new JsonObject { ["anyOf"] = alternatives };
    });

    private static bool Unknown(SpecNode.Text name, SpecReading reading)
    {
        var near = NearestName.Hint(name.Value, StepTable.Names);
        reading.Error(
            name.Mark, $"unknown step {SpecNode.Quote(name.Value)}.",
            $"{near.TrimStart()} Steps: {string.Join(", ", StepTable.Names)}.".TrimStart());
        return false;
    }
}
