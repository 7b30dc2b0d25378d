using InverseScope.Core.Specs.Running;
using InverseScope.Core.Specs.Steps;
using InverseScope.Core.Specs.Syntax;

namespace InverseScope.Core.Specs.Compilation;

/// <summary>Checks the types of one spec's pipelines and makes their code. Gathers all errors.</summary>
internal sealed class StepCompiler(FeatureSpec spec, CompileContext context, SourceMap? source)
{
    /// <summary>Steps in one spec.</summary>
    public const int MaxSteps = 1000;

    /// <summary>Pipelines inside pipelines.</summary>
    public const int MaxNesting = 32;

    /// <summary>Regular expressions in one spec: each may take some milliseconds and a megabyte to prepare.</summary>
    public const int MaxRegexes = 100;

    private int _steps;
    private int _regexes;
    private int _nesting;

    public CompileContext Context { get; } = context;

    public List<SpecError> Errors { get; } = [];

    public void Error(object part, string what, string? fix)
    {
        var (path, mark) = source?.Find(part) ?? ("", default);
        Errors.Add(SpecError.At(mark, path, what, fix));
    }

    /// <returns>False if there are too many.</returns>
    public bool CountRegex() => ++_regexes <= MaxRegexes;

    /// <summary>Null after errors were reported.</summary>
    /// <param name="current">Type of what <c>it</c> means.</param>
    public CompiledPipeline? Compile(Pipeline pipeline, StepType current)
    {
        if (_nesting == MaxNesting)
        {
            Error(pipeline, $"pipelines are nested more than {MaxNesting} deep.", "Flatten them.");
            return null;
        }

        if (pipeline.Count == 0)
        {
            Error(pipeline, "a pipeline has no steps.", "Write [it] for the current value or text as it is.");
            return null;
        }

        var fromCurrent = pipeline[0] is Step.It;
        var first = fromCurrent ? 1 : 0;
        var type = fromCurrent ? current : StepType.Text;
        var functions = new StepFunction[pipeline.Count - first];
        var ok = true;
        _nesting++;
        for (var i = first; i < pipeline.Count; i++)
        {
            var source = i switch
            {
                0 => "a pipeline starts from",
                1 when fromCurrent => "'it' is",
                _ => $"'{(pipeline[i - 1] is Step.Unreadable ? "the step before" : StepTable.Of(pipeline[i - 1]).Name)}' gives",
            };
            if (Bind(pipeline[i], ref type, source) is { } function)
                functions[i - first] = function;
            else
                ok = false;
        }

        _nesting--;
        return ok ? new CompiledPipeline(type, !fromCurrent, functions) : null;
    }

    public WordSet? FindLexicon(string name, out IReadOnlyList<string> known)
    {
        known = [];
        foreach (var lexicon in spec.Lexicons)
        {
            if (lexicon.Name != name)
                continue;
            switch (lexicon.Source)
            {
                case LexiconSource.Words { List: var words }:
                    return new WordSet(words);
                case LexiconSource.File { List: var words }:
                    return new WordSet(words);
                case LexiconSource.Unreadable:
                    return new WordSet([]);
            }
        }

        if (Context.TaskLexicon(name) is { } fromTask)
            return fromTask;
        known = [.. spec.Lexicons.Where(l => l.Source is not LexiconSource.Task).Select(l => l.Name)
            .Concat(Context.Lexicons.Keys).Distinct().Order(StringComparer.Ordinal)];
        return null;
    }

    /// <summary>Which steps turn one type into another, as advice.</summary>
    /// <param name="where">Where the advice says to put them.</param>
    public static string HowToTurn(StepType from, StepType to, string where = "before it")
    {
        var steps = StepTable.All
            .Where(d => (d.Takes & from) != 0 && (d.Gives & to) != 0 && (d.Takes & to) == 0)
            .Select(d => d.Name).ToArray();
        if (steps.Length > 0)
            return $"Put one of these {where}: {string.Join(", ", steps)}.";
        return from == StepType.List
            ? "Take one item first: first, last, nth, join or count."
            : $"No step makes {to.Describe()} of {from.Describe()}: start again from the text in a nested pipeline.";
    }

    // The type becomes that of the step's result; None if it is not known after an error, which then silences what
    // would only follow from it.
    private StepFunction? Bind(Step step, ref StepType type, string source)
    {
        if (++_steps > MaxSteps)
        {
            if (_steps == MaxSteps + 1)
                Error(step, $"the spec has more than {MaxSteps} steps.", "Make it simpler, or write a script.");
            return null;
        }

        var input = type;
        if (step is Step.Unreadable unreadable)
        {
            type = unreadable.Gives;
            return null;
        }

        var definition = StepTable.Of(step);
        type = definition.Gives;
        if (input == StepType.None && int.IsPow2((int)definition.Takes))
            input = definition.Takes;
        if (input == StepType.None)
            return null;
        if ((definition.Takes & input) == 0)
        {
            Error(
                step, $"'{definition.Name}' takes {definition.Takes.Describe()}, but {source} {input.Describe()}.",
                HowToTurn(input, definition.Takes));
            return null;
        }

        var binding = new StepBinding(this, step, input, definition.Gives);
        var function = definition.Bind(step, binding);
        type = binding.Gives;
        return function;
    }
}
