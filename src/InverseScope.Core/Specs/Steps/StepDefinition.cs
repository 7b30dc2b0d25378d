using System.Text.Json.Nodes;
using InverseScope.Core.Specs.Compilation;
using InverseScope.Core.Specs.Running;
using InverseScope.Core.Specs.Syntax;

namespace InverseScope.Core.Specs.Steps;

/// <summary>All that is known of one kind of step: its name, how it is written, its types, what it does, its code.</summary>
internal abstract class StepDefinition(string name, string summary, StepType takes, StepType gives)
{
    public string Name { get; } = name;

    /// <summary>For the schema and the guide, without a full stop.</summary>
    public string Summary { get; } = summary;

    /// <summary>Types that it accepts.</summary>
    public StepType Takes { get; } = takes;

    /// <summary>Type that it gives; <see cref="StepType.None"/> if that depends on input and argument.</summary>
    public StepType Gives { get; } = gives;

    public abstract Type Record { get; }

    public abstract bool HasArgument { get; }

    public abstract string ArgumentExpected { get; }

    /// <summary>The step, if it has no argument.</summary>
    public abstract Step New();

    public abstract bool TryRead(SpecNode argument, SpecReading reading, out Step step);

    public abstract SpecNode Write(Step step);

    public abstract JsonObject ArgumentSchema(SpecSchemaBuilder schema);

    /// <summary>An imperative clause, e.g. "take the words".</summary>
    public abstract string Explain(Step step);

    /// <summary>Checks the argument and makes the code; null after errors were reported.</summary>
    public abstract StepFunction? Bind(Step step, StepBinding binding);
}

internal sealed class StepDefinition<TStep>(
    string name,
    string summary,
    Form<TStep>? argument,
    StepType takes,
    StepType gives,
    Func<TStep, string> explain,
    Func<TStep, StepBinding, StepFunction?> bind,
    Func<TStep>? make = null) : StepDefinition(name, summary, takes, gives)
    where TStep : Step
{
    public override Type Record => typeof(TStep);

    public override bool HasArgument => argument is not null;

    public override string ArgumentExpected => argument?.Expected ?? "";

    public override Step New() => make!();

    public override bool TryRead(SpecNode node, SpecReading reading, out Step step)
    {
        var ok = argument!.TryRead(node, reading, out var read);
        step = read;
        return ok;
    }

    public override SpecNode Write(Step step) => argument!.Write((TStep)step);

    public override JsonObject ArgumentSchema(SpecSchemaBuilder schema) => argument!.Schema(schema);

    public override string Explain(Step step) => explain((TStep)step);

    public override StepFunction? Bind(Step step, StepBinding binding) => bind((TStep)step, binding);
}

/// <summary>Ways to define a step.</summary>
internal static class Define
{
    /// <summary>A step without argument, by its code.</summary>
    public static StepDefinition Bare<TStep>(
        string name, StepType takes, StepType gives, string clause, string summary, StepFunction run)
        where TStep : Step, new() =>
        new StepDefinition<TStep>(
            name, summary, null, takes, gives, _ => clause, (_, _) => run, static () => new TStep());

    /// <summary>A step without argument whose code depends on what surrounds it.</summary>
    public static StepDefinition Bare<TStep>(
        string name, StepType takes, StepType gives, string clause, string summary, Func<StepBinding, StepFunction?> bind)
        where TStep : Step, new() =>
        new StepDefinition<TStep>(
            name, summary, null, takes, gives, _ => clause, (_, binding) => bind(binding), static () => new TStep());

    /// <summary>A step with an argument that needs no check.</summary>
    public static StepDefinition With<TStep>(
        string name, Form<TStep> argument, StepType takes, StepType gives, string summary,
        Func<TStep, string> explain, Func<TStep, StepFunction> run)
        where TStep : Step =>
        new StepDefinition<TStep>(name, summary, argument, takes, gives, explain, (step, _) => run(step));

    /// <summary>A step with an argument that is checked when it is bound.</summary>
    public static StepDefinition With<TStep>(
        string name, Form<TStep> argument, StepType takes, StepType gives, string summary,
        Func<TStep, string> explain, Func<TStep, StepBinding, StepFunction?> bind)
        where TStep : Step =>
        new StepDefinition<TStep>(name, summary, argument, takes, gives, explain, bind);
}
