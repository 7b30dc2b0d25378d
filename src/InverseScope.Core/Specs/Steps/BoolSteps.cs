using InverseScope.Core.Specs.Compilation;
using InverseScope.Core.Specs.Running;
using InverseScope.Core.Specs.Syntax;

namespace InverseScope.Core.Specs.Steps;

/// <summary>Steps that give true or false.</summary>
internal static class BoolSteps
{
    private static readonly Form<Operand> OperandForm = Form.Either(
        static operand => operand is Operand.Fixed ? 0 : 1,
        Form.Constant.As<Operand>(value => new Operand.Fixed(value), operand => ((Operand.Fixed)operand).Value),
        PipelineForm.Instance.As<Operand>(
            pipeline => new Operand.Computed(pipeline), operand => ((Operand.Computed)operand).Pipeline));

    private static readonly Form<ValueList<string>> WordList = Form.List(Form.SomeText, 1);

    private static readonly Form<Probe> ProbeForm = Form.OneOf<Probe>(
        "exactly one of {words: […]}, {text: …}, {regex: …}",
        Form.Choice<Probe, Probe.Words, ValueList<string>>(
            "words", "any of these words", WordList, words => new Probe.Words(words), probe => probe.List),
        Form.Choice<Probe, Probe.Text, string>(
            "text", "a text inside the text", Form.SomeText, text => new Probe.Text(text), probe => probe.Value),
        Form.Choice<Probe, Probe.Regex, string>(
            "regex", "a regular expression", Form.SomeText, pattern => new Probe.Regex(pattern), probe => probe.Pattern));

    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        Equality("eq", operand => new Step.Eq(operand), step => step.Operand, "is", wanted: true),
        Equality("ne", operand => new Step.Ne(operand), step => step.Operand, "is not", wanted: false),
        Order("gt", operand => new Step.Gt(operand), step => step.Operand, "is above", static (a, b) => a > b),
        Order("ge", operand => new Step.Ge(operand), step => step.Operand, "is at least", static (a, b) => a >= b),
        Order("lt", operand => new Step.Lt(operand), step => step.Operand, "is below", static (a, b) => a < b),
        Order("le", operand => new Step.Le(operand), step => step.Operand, "is at most", static (a, b) => a <= b),

        Define.With(
            "contains", ProbeForm.As(probe => new Step.Contains(probe), step => step.Probe), StepType.Text, StepType.Bool,
            "whether the text has any of some words, a text, or a match of a regular expression",
            static step => step.Probe switch
            {
                Probe.Words { List: [var word] } => $"check whether it has the word {English.Quote(word)}",
                Probe.Words { List: var words } => $"check whether it has any of the words {English.And(words.Select(English.Quote))}",
                Probe.Text { Value: var text } => $"check whether it contains {English.Quote(text)}",
                Probe.Regex { Pattern: var pattern } => $"check whether {English.Quote(pattern)} matches somewhere",
                _ => throw new ArgumentOutOfRangeException(nameof(step)),
            },
            static (step, binding) => step.Probe switch
            {
                Probe.Words { List: var words } => HasWord(new WordSet(words)),
                Probe.Text { Value: var text } => (_, v) => Value.Of(v.Text.Span.Contains(text, StringComparison.Ordinal)),
                Probe.Regex { Pattern: var pattern } => binding.Regex(pattern) is { } regex
                    ? (e, v) => RegexMatcher.IsMatch(regex, v.Text, e)
                    : null,
                _ => throw new ArgumentOutOfRangeException(nameof(step)),
            }),

        Junction(
            "all", conditions => new Step.All(conditions), step => step.Conditions,
            "false if any pipeline gives false, else undefined if any is, else true", "all", decidedBy: false),
        Junction(
            "any", conditions => new Step.Any(conditions), step => step.Conditions,
            "true if any pipeline gives true, else undefined if any is, else false", "any", decidedBy: true),

        Define.With(
            "not", PipelineForm.Instance.As(p => new Step.Not(p), step => step.Condition), StepType.Any, StepType.Bool,
            "whether a pipeline gives false", static step => $"check that this is false: {English.Nested(step.Condition)}",
            static (step, binding) =>
            {
                if (binding.Pipeline(step.Condition, StepType.Bool) is not { } condition)
                    return null;
                return (e, v) => e.RunForLabel(condition, v) is { IsDefined: true } truth ? Value.Of(!truth.Bool) : Value.Undefined;
            }),
    ];

    private static StepDefinition Equality<TStep>(
        string name, Func<Operand, TStep> make, Func<TStep, Operand> take, string verb, bool wanted)
        where TStep : Step =>
        Define.With(
            name, OperandForm.As(make, take), StepType.Any, StepType.Bool,
            $"whether the value {verb} a constant or what a pipeline gives",
            step => $"check whether it {verb} {English.Operand(take(step))}",
            (step, binding) =>
            {
                if (Bind(take(step), binding, binding.Input) is not { } operand)
                    return null;
                return (e, v) => operand(e, v) is { IsDefined: true } other
                    ? Value.Of(AreEqual(v, other) == wanted)
                    : Value.Undefined;
            });

    private static StepDefinition Order<TStep>(
        string name, Func<Operand, TStep> make, Func<TStep, Operand> take, string verb, Func<double, double, bool> compare)
        where TStep : Step =>
        Define.With(
            name, OperandForm.As(make, take), StepType.Number, StepType.Bool,
            $"whether the number {verb} a constant or what a pipeline gives",
            step => $"check whether it {verb} {English.Operand(take(step))}",
            (step, binding) =>
            {
                if (Bind(take(step), binding, StepType.Number) is not { } operand)
                    return null;
                return (e, v) => operand(e, v) is { IsDefined: true } other
                    ? Value.Of(compare(v.Number, other.Number))
                    : Value.Undefined;
            });

    private static StepDefinition Junction<TStep>(
        string name, Func<ValueList<Pipeline>, TStep> make, Func<TStep, ValueList<Pipeline>> take, string summary,
        string word, bool decidedBy)
        where TStep : Step =>
        Define.With(
            name, Form.List(PipelineForm.Instance, 1).As(make, take), StepType.Any, StepType.Bool, summary,
            step => $"check whether {word} of these hold: {English.Nested(take(step))}",
            (step, binding) =>
            {
                if (binding.Pipelines(take(step), StepType.Bool) is not { } conditions)
                    return null;
                return (e, v) =>
                {
                    var result = Value.Of(!decidedBy);
                    foreach (var condition in conditions)
                    {
                        var truth = e.RunForLabel(condition, v);
                        if (!truth.IsDefined)
                            result = truth;
                        else if (truth.Bool == decidedBy)
                            return truth;
                    }

                    return result;
                };
            });

    // The operand as code over the current value; null after errors were reported.
    private static StepFunction? Bind(Operand operand, StepBinding binding, StepType needs)
    {
        if (operand is Operand.Computed { Pipeline: var nested })
            return binding.Pipeline(nested, needs) is { } pipeline ? pipeline.Run : null;
        var constant = Constants.ToValue(((Operand.Fixed)operand).Value);
        if (constant.Type == needs)
            return (_, _) => constant;
        return binding.Error(
            $"compares {needs.Describe()} with {Constants.Describe(constant)}.",
            Constants.HowToMatch(needs, constant));
    }

    private static bool AreEqual(in Value a, in Value b)
    {
        switch (a.Type)
        {
            case StepType.Text:
                return a.Text.Equals(b.Text);
            case StepType.Number:
                return a.Number.Equals(b.Number);
            case StepType.Bool:
                return a.Bool == b.Bool;
            case StepType.List:
                return a.List.Items.SequenceEqual(b.List.Items);
            default:
                return a.Label == b.Label;
        }
    }

    private static StepFunction HasWord(WordSet words) => (e, v) =>
    {
        var mark = e.NewList();
        TextSplitter.Words(v.Text, mark);
        foreach (ref readonly var word in mark.Items)
        {
            if (words.Contains(word.Span))
                return Value.Of(true);
        }

        return Value.Of(false);
    };
}
