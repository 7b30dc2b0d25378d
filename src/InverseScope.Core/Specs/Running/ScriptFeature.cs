using InverseScope.Core.Specs.Scripts;

namespace InverseScope.Core.Specs.Running;

/// <summary>A script as a feature. Thread-safe.</summary>
internal sealed class ScriptFeature(
    FeatureSpec spec, CompiledPipeline? applies, ScriptSandbox sandbox, EvaluationPool evaluations)
    : CompiledFeature(spec, applies, evaluations)
{
    public override LabelOutcome Run(string text)
    {
        if (!AppliesTo(text, out var failure))
            return new LabelOutcome(null, failure);
        var outcome = sandbox.Run(text);
        if (outcome.Failure is not null)
            CountLimitBreak();
        return outcome;
    }
}
