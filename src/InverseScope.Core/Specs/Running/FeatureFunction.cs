using InverseScope.Core.Consistency;

namespace InverseScope.Core.Specs.Running;

/// <summary>A compiled rule. Thread-safe.</summary>
internal sealed class FeatureFunction(
    FeatureSpec spec, CompiledPipeline? applies, CompiledPipeline rule, EvaluationPool evaluations)
    : CompiledFeature(spec, applies, evaluations)
{
    public override LabelOutcome Run(string text)
    {
        var evaluation = Begin(text);
        var value = Evaluate(evaluation);
        var outcome = new LabelOutcome(
            value.IsDefined ? LabelText.Of(value) : null, evaluation.RanOut ? Evaluation.BudgetFailure : null);
        End(evaluation);
        return outcome;
    }

    /// <summary>The label's code in <paramref name="codes"/>, or a negative one of <see cref="LabelCode"/>.</summary>
    public int Code(string text, LabelCodes codes)
    {
        var evaluation = Begin(text);
        var value = Evaluate(evaluation);
        var code = evaluation.RanOut ? LabelCode.Failed : codes.CodeOf(value);
        End(evaluation);
        return code;
    }

    private Value Evaluate(Evaluation evaluation)
    {
        var value = Applies(evaluation) ? rule.Run(evaluation, Value.Of(evaluation.Text)) : Value.Undefined;
        if (!evaluation.RanOut)
            return value;
        CountLimitBreak();
        return Value.Undefined;
    }
}
