using InverseScope.Core.Specs.Compilation;
using InverseScope.Core.Specs.Running;
using InverseScope.Core.Specs.Syntax;

namespace InverseScope.Core.Specs.Steps;

/// <summary>Steps that shape labels.</summary>
internal static class ShapeSteps
{
    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        Joint(
            "tuple", parts => new Step.Tuple(parts), step => step.Parts, "ordered joint label of what pipelines give",
            "in this order", static parts => LabelText.Tuple(parts)),
        Joint(
            "set", parts => new Step.Set(parts), step => step.Parts, "unordered joint label of what pipelines give",
            "in any order", static parts => LabelText.Set(parts)),

        Define.With(
            "if",
            new ObjectForm<Step.If>(
                "{when: […], then: […], else: […]}", new Step.If([], []),
                [
                    Field.Required<Step.If, Pipeline>(
                        "when", "a pipeline to true or false", PipelineForm.Instance, s => s.When, (s, v) => s with { When = v }),
                    Field.Required<Step.If, Pipeline>(
                        "then", "the pipeline where it is true", PipelineForm.Instance, s => s.Then, (s, v) => s with { Then = v }),
                    Field.Optional<Step.If, Pipeline?>(
                        "else", "the pipeline where it is false; without it, undefined there",
                        PipelineForm.Instance.As(p => (Pipeline?)p, p => p!), s => s.Else, (s, v) => s with { Else = v }),
                ]),
            StepType.Any, StepType.None, "one of two pipelines, by a condition",
            static step => $"if {English.Nested(step.When)}, then {English.Nested(step.Then)}"
                + (step.Else is null ? ", and undefined otherwise" : $", else {English.Nested(step.Else)}"),
            BindIf),

        Define.With(
            "map",
            new MapForm().As(entries => new Step.Map(entries), step => step.Entries),
            StepType.Labels, StepType.Text, "looks the label up; undefined where it is absent",
            static step =>
                $"turn {English.And(step.Entries.Select(e => $"{English.Quote(e.From)} into {English.Quote(e.To)}"))} (undefined otherwise)",
            static step =>
            {
                var table = step.Entries
                    .DistinctBy(e => e.From, StringComparer.Ordinal)
                    .ToDictionary(e => e.From, e => Value.Of(e.To), StringComparer.Ordinal)
                    .GetAlternateLookup<ReadOnlySpan<char>>();
                return (_, v) =>
                {
                    var key = v.Type == StepType.Text ? v.Text.Span : LabelText.Of(v);
                    return table.TryGetValue(key, out var to) ? to : Value.Undefined;
                };
            }),

        Define.With(
            "const", Form.Constant.As(value => new Step.Const(value), step => step.Value), StepType.Any, StepType.None,
            "a fixed value", static step => $"give {English.Constant(step.Value)}",
            static (step, binding) =>
            {
                var value = Constants.ToValue(step.Value);
                if (!value.IsDefined)
                    return binding.Error($"found {Constants.Describe(value)}.", "Write a finite one.");
                binding.Gives = value.Type;
                return (_, _) => value;
            }),
    ];

    private delegate string JoinParts(Span<Value> parts);

    private static StepDefinition Joint<TStep>(
        string name, Func<ValueList<Pipeline>, TStep> make, Func<TStep, ValueList<Pipeline>> take, string summary,
        string order, JoinParts join)
        where TStep : Step =>
        Define.With(
            name, Form.List(PipelineForm.Instance, 1).As(make, take), StepType.Any, StepType.Label, summary,
            step => $"join {English.Nested(take(step))} {order}",
            (step, binding) =>
            {
                if (binding.Pipelines(take(step), StepType.Labels) is not { } pipelines)
                    return null;
                return (e, v) =>
                {
                    var parts = new Value[pipelines.Length];
                    for (var i = 0; i < parts.Length; i++)
                    {
                        parts[i] = e.RunForLabel(pipelines[i], v);
                        // Six characters at most for each that is quoted.
                        if (!parts[i].IsDefined || !e.Spend(6 * parts[i].Size))
                            return Value.Undefined;
                    }

                    return Value.OfLabel(join(parts));
                };
            });

    private static StepFunction? BindIf(Step.If step, StepBinding binding)
    {
        var when = binding.Pipeline(step.When, StepType.Bool);
        var then = binding.Pipeline(step.Then, StepType.Any);
        var otherwise = step.Else is null ? then : binding.Pipeline(step.Else, StepType.Any);
        if (when is null || then is null || otherwise is null)
            return null;
        var hasElse = step.Else is not null;
        if (then.Type == otherwise.Type)
        {
            binding.Gives = then.Type;
            return (e, v) => e.RunForLabel(when, v) is not { IsDefined: true } truth ? Value.Undefined
                : truth.Bool ? then.Run(e, v)
                : hasElse ? otherwise.Run(e, v)
                : Value.Undefined;
        }

        if (((then.Type | otherwise.Type) & StepType.List) != 0)
        {
            return binding.Error(
                $"'then' gives {then.Type.Describe()}, but 'else' gives {otherwise.Type.Describe()}.",
                "Let both end in a list, or both in one label.");
        }

        binding.Gives = StepType.Label;
        return (e, v) =>
        {
            if (e.RunForLabel(when, v) is not { IsDefined: true } truth)
                return Value.Undefined;
            var chosen = e.RunForLabel(truth.Bool ? then : otherwise, v);
            return chosen.IsDefined ? Value.OfLabel(LabelText.Of(chosen)) : chosen;
        };
    }
}
