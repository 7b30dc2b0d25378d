using InverseScope.Core.Specs.Compilation;
using InverseScope.Core.Specs.Running;
using InverseScope.Core.Specs.Scripts;
using InverseScope.Core.Specs.Syntax;

namespace InverseScope.Core.Specs;

/// <summary>A spec and the feature that it describes.</summary>
public sealed record CompiledSpec(FeatureSpec Spec, IFeature Feature);

/// <summary>Makes features of specs: checks types, makes the code, runs the spec's tests. Never throws on a spec.</summary>
public static class FeatureCompiler
{
    /// <param name="source">Places of the spec's parts, if it was parsed; they go into errors.</param>
    /// <returns>The feature, or all errors.</returns>
    public static SpecResult<IFeature> Compile(FeatureSpec spec, CompileContext context, SourceMap? source = null, CancellationToken cancel = default)
    {
        var compiler = new StepCompiler(spec, context, source);
        if (FeatureSpecForm.WhyNotOne(spec) is { } problem)
            compiler.Error(spec, problem, null);
        var feature = Compile(spec, compiler);
        if (feature is not null && compiler.Errors.Count == 0 && (spec.Llm is null || (context.Labeller is not null && context.AsksInTests)))
            RunTests(spec, feature, compiler.Error, cancel);
        return compiler.Errors.Count > 0
            ? new SpecResult<IFeature>(null, FeatureSpecText.InOrder(compiler.Errors))
            : new SpecResult<IFeature>(feature, []);
    }

    /// <summary>Parses and compiles, with the errors of both at once.</summary>
    /// <param name="format">Null: JSON if it begins with a brace, else YAML.</param>
    /// <param name="folder">Folder of the spec, where its lexicon files are; null: it has none.</param>
    public static SpecResult<CompiledSpec> Compile(
        string text, CompileContext context, SpecFormat? format = null, string? folder = null, CancellationToken cancel = default)
    {
        var (spec, reading) = FeatureSpecText.Read(text, format, folder);
        if (spec is null)
            return new SpecResult<CompiledSpec>(null, FeatureSpecText.InOrder(reading.Errors));
        if (reading.Errors.Count == 0)
        {
            var result = Compile(spec, context, reading.Source, cancel);
            return new SpecResult<CompiledSpec>(
                result.Value is null ? null : new CompiledSpec(spec, result.Value), result.Errors);
        }

        var compiler = new StepCompiler(spec, context, reading.Source);
        Compile(spec, compiler);
        return new SpecResult<CompiledSpec>(null, FeatureSpecText.InOrder(reading.Errors.Concat(compiler.Errors)));
    }

    /// <summary>Runs the tests of a spec whose compiler left them out; may ask a language model.</summary>
    /// <returns>What is wrong, a sentence for each test that fails; empty if none does.</returns>
    public static IReadOnlyList<string> WhyTestsFail(FeatureSpec spec, IFeature feature, CancellationToken cancel)
    {
        var failures = new List<string>();
        RunTests(spec, feature, (_, problem, _) => failures.Add(problem), cancel);
        return failures;
    }

    // Null if there is nothing to compile, or after errors were reported.
    private static CompiledFeature? Compile(FeatureSpec spec, StepCompiler compiler)
    {
        var applies = spec.Applies is null
            ? null
            : CompileTop(compiler, spec.Applies, StepType.Bool, "'applies' must end in true or false");
        var pool = compiler.Context.Evaluations;
        if (spec.Rule is not null)
        {
            return CompileTop(compiler, spec.Rule, StepType.Labels, "a rule must end in one label") is { } rule
                ? new FeatureFunction(spec, applies, rule, pool)
                : null;
        }

        if (spec.Script is not null)
        {
            var (sandbox, problem, fix) = ScriptSandbox.Prepare(spec.Script.Source);
            if (sandbox is not null)
                return new ScriptFeature(spec, applies, sandbox, pool);
            compiler.Error(spec.Script, problem!, fix);
            return null;
        }

        if (spec.Llm is null)
            return null;
        if (compiler.Context.Labeller is { } labeller)
            return new LlmFeature(spec, spec.Llm, applies, labeller, pool);
        if (compiler.Context.ChecksOnly)
            return new LlmFeature(spec, spec.Llm, applies, new NoLabeller(), pool);
        compiler.Error(spec.Llm, "this spec asks a language model, and none is given.", "Give one, or write a rule or a script.");
        return null;
    }

    private static CompiledPipeline? CompileTop(StepCompiler compiler, Pipeline pipeline, StepType needs, string rule)
    {
        var compiled = compiler.Compile(pipeline, StepType.Text);
        if (compiled is null || needs.HasFlag(compiled.Type))
            return compiled;
        compiler.Error(
            pipeline[^1], $"{rule}, but this one ends in {compiled.Type.Describe()}.",
            StepCompiler.HowToTurn(compiled.Type, needs, "after it"));
        return null;
    }

    private static void RunTests(FeatureSpec spec, IFeature feature, Action<object, string, string?> report, CancellationToken cancel)
    {
        if (feature is IBatchFeature batch)
        {
            var outcomes = batch.RunAll([.. spec.Tests.Select(t => t.Text)], cancel);
            foreach (var (test, outcome) in spec.Tests.Zip(outcomes))
                Check(test, outcome);
            return;
        }

        // A text that breaks a limit may take a second: one is enough to know.
        _ = spec.Tests.All(test =>
        {
            cancel.ThrowIfCancellationRequested();
            return Check(test, feature.Run(test.Text));
        });

        bool Check(SpecTest test, LabelOutcome outcome)
        {
            var (label, failure) = outcome;
            var on = $"on the text {SpecNode.Quote(test.Text)}";
            if (failure is not null)
            {
                report(
                    test, $"{on} the label is undefined: {failure}.", "Mend what fails; the tests after it were not run.");
            }
            else if (label != test.Label)
            {
                report(
                    test, $"{on} the label is {Show(label)}, the test expects {Show(test.Label)}.",
                    "Correct the test if the rule is right, else the rule.");
            }

            return failure is null;
        }

        static string Show(string? label) => label is null ? "undefined" : SpecNode.Quote(label);
    }

    /// <summary>Stands where nobody asks.</summary>
    private sealed class NoLabeller : ITextLabeller
    {
        public IReadOnlyList<LabelAnswer> Label(
            LlmQuestion question, string specHash, IReadOnlyList<string> texts, CancellationToken cancel) =>
            [.. texts.Select(_ => new LabelAnswer(AnswerKind.NoMajority, null))];
    }
}
