using InverseScope.Core.Specs.Compilation;
using InverseScope.Core.Specs.Running;
using InverseScope.Core.Specs.Syntax;

namespace InverseScope.Core.Specs;

/// <summary>Makes features of specs: checks types, makes the code, runs the spec's tests. Never throws on a spec.</summary>
public static class FeatureCompiler
{
    /// <param name="source">Places of the spec's parts, if it was parsed; they go into errors.</param>
    /// <returns>The feature, or all errors.</returns>
    public static SpecResult<IFeature> Compile(FeatureSpec spec, CompileContext context, SourceMap? source = null)
    {
        var compiler = new StepCompiler(spec, context, source);
        if (FeatureSpecForm.WhyNotOne(spec) is { } problem)
            compiler.Error(spec, problem, null);
        CompiledPipeline? applies = null;
        if (spec.Applies is not null)
            applies = CompileTop(compiler, spec.Applies, StepType.Bool, "'applies' must end in true or false");
        var rule = spec.Rule is null
            ? null
            : CompileTop(compiler, spec.Rule, StepType.Labels, "a rule must end in one label");
        if (rule is null || compiler.Errors.Count > 0)
            return new SpecResult<IFeature>(null, compiler.Errors);
        return new SpecResult<IFeature>(new FeatureFunction(spec, applies, rule, context.Evaluations), []);
    }

    private static CompiledPipeline? CompileTop(StepCompiler compiler, Pipeline pipeline, StepType needs, string rule)
    {
        var compiled = compiler.Compile(pipeline, StepType.Text);
        if (compiled is null || needs.HasFlag(compiled.Type))
            return compiled;
        compiler.Error(
            pipeline[^1], $"{rule}, but this one ends in {compiled.Type.Describe()}.",
            StepCompiler.HowToTurn(compiled.Type, needs).Replace("before it", "at its end", StringComparison.Ordinal));
        return null;
    }
}
