using System.Text.RegularExpressions;
using InverseScope.Core.Specs.Running;
using InverseScope.Core.Tasks;

namespace InverseScope.Core.Specs.Compilation;

/// <summary>One step while it is compiled: what it receives, and what it may ask of the compiler.</summary>
internal sealed class StepBinding(StepCompiler compiler, Step step, StepType input, StepType gives)
{
    /// <summary>Type of the value that the step receives; one that its definition accepts.</summary>
    public StepType Input { get; } = input;

    /// <summary>Type of its result; to be set by steps whose definition leaves it open.</summary>
    public StepType Gives { get; set; } = gives;

    public IVariableTask? Variables => compiler.Context.Variables;

    public Func<string, IReadOnlyList<string>?>? Tokenizer => compiler.Context.Tokenizer;

    /// <returns>Null, for the step to return.</returns>
    public StepFunction? Error(string what, string? fix)
    {
        compiler.Error(step, what, fix);
        return null;
    }

    /// <summary>A nested pipeline whose result has one of the types; null after errors were reported.</summary>
    public CompiledPipeline? Pipeline(Pipeline pipeline, StepType needs) => Pipeline(pipeline, needs, Input);

    /// <param name="current">Type of what <c>it</c> means inside.</param>
    public CompiledPipeline? Pipeline(Pipeline pipeline, StepType needs, StepType current)
    {
        var compiled = compiler.Compile(pipeline, current);
        if (compiled is null || needs.HasFlag(compiled.Type))
            return compiled;
        compiler.Error(
            pipeline, $"this pipeline gives {compiled.Type.Describe()}, expected {needs.Describe()}.",
            StepCompiler.HowToTurn(compiled.Type, needs));
        return null;
    }

    /// <summary>All of them, or null after the errors of all were reported.</summary>
    /// <param name="least">Fewest that make sense.</param>
    /// <param name="most">Most that make sense.</param>
    public CompiledPipeline[]? Pipelines(
        ValueList<Pipeline> pipelines, StepType needs, int least = 1, int most = int.MaxValue)
    {
        if (pipelines.Count < least || pipelines.Count > most)
        {
            Error(
                $"found {pipelines.Count} pipelines.",
                least == most ? $"Give exactly {least}." : $"Give at least {least}.");
            return null;
        }

        var compiled = new CompiledPipeline[pipelines.Count];
        var ok = true;
        for (var i = 0; i < compiled.Length; i++)
        {
            if (Pipeline(pipelines[i], needs) is { } one)
                compiled[i] = one;
            else
                ok = false;
        }

        return ok ? compiled : null;
    }

    public WordSet? Lexicon(string name)
    {
        var words = compiler.FindLexicon(name, out var known);
        if (words is null)
        {
            Error(
                $"there is no lexicon {Syntax.SpecNode.Quote(name)}.",
                (known.Count == 0
                    ? "The task has none: list the words under 'lexicons'."
                    : $"Known: {string.Join(", ", known)}; or list the words under 'lexicons'.")
                + NearestName.Hint(name, known));
        }

        return words;
    }

    /// <summary>A regular expression that runs in linear time; null after errors were reported.</summary>
    public Regex? Regex(string pattern)
    {
        if (!compiler.CountRegex())
        {
            Error($"the spec has more than {StepCompiler.MaxRegexes} regular expressions.", "Join some with '|', or write a script.");
            return null;
        }

        if (SafeRegex.TryMake(pattern, out var regex, out var problem))
            return regex;
        Error(problem.What, problem.Fix);
        return null;
    }
}
