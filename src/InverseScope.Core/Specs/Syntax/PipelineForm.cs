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

        // Always true from here on: what could not be read is reported, and the rest is worth checking.
        var steps = new Step[list.Items.Count];
        for (var i = 0; i < steps.Length; i++)
        {
            using (reading.Within(i))
                _step.TryRead(list.Items[i], reading, out steps[i]);
        }

        value = new Pipeline(steps);
        reading.Locate(value, node.Mark);
        return true;
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
        var ok = TryReadNamed(node, reading, out var definition, out value);
        if (!ok)
            value = new Step.Unreadable(definition?.Gives ?? StepType.None);
        reading.Locate(value, node.Mark);
        return ok;
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

    private bool TryReadNamed(SpecNode node, SpecReading reading, out StepDefinition? definition, out Step value)
    {
        definition = null;
        value = null!;
        var (name, argument) = node switch
        {
            SpecNode.Text text => (text, null),
            SpecNode.Map { Entries: [var (key, only)] } => (key, only),
            _ => (null, (SpecNode?)null),
        };
        if (name is null)
        {
            reading.Unexpected(
                node, Expected,
                node is SpecNode.Map { Entries.Count: > 1 } ? "Make each key a list item of its own: one step each." : null);
            return false;
        }

        definition = StepTable.Find(name.Value);
        if (definition is null)
        {
            var near = NearestName.Hint(name.Value, StepTable.Names).TrimStart();
            reading.Error(
                name.Mark, $"unknown step {SpecNode.Quote(name.Value)}.",
                near.Length > 0 ? near : $"Steps: {string.Join(", ", StepTable.Names)}.");
            return false;
        }

        if (definition.HasArgument != argument is not null)
        {
            reading.Error(
                node.Mark,
                argument is null
                    ? $"the step '{name.Value}' needs an argument."
                    : $"the step '{name.Value}' takes no argument, found {argument.Describe()}.",
                argument is null
                    ? $"Write {{{name.Value}: …}} with {definition.ArgumentExpected}."
                    : $"Write the bare name: {name.Value}");
            return false;
        }

        if (argument is null)
        {
            value = definition.New();
            return true;
        }

        using (reading.Within(name.Value))
            return definition.TryRead(argument, reading, out value);
    }
}
