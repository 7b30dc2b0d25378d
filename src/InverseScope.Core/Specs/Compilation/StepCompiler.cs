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

    private int _steps;
    private int _nesting;

    public CompileContext Context { get; } = context;

    public List<SpecError> Errors { get; } = [];

    public void Error(object part, string what, string? fix)
    {
        var (path, mark) = source?.Find(part) ?? ("", default);
        var name = path.Length == 0 && part is Step step ? $"{StepTable.Of(step).Name}: " : "";
        Errors.Add(new SpecError(name + what, fix, path, mark.Line, mark.Column));
    }

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
        var type = fromCurrent ? current : StepType.Text;
        var functions = new StepFunction[fromCurrent ? pipeline.Count - 1 : pipeline.Count];
        _nesting++;
        try
        {
            for (var i = fromCurrent ? 1 : 0; i < pipeline.Count; i++)
            {
                var previous = i == 0 ? "the text" : $"'{StepTable.Of(pipeline[i - 1]).Name}'";
                if (Bind(pipeline[i], ref type, previous) is not { } function)
                    return null;
                functions[fromCurrent ? i - 1 : i] = function;
            }
        }
        finally
        {
            _nesting--;
        }

        return new CompiledPipeline(type, !fromCurrent, functions);
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
            }
        }

        if (Context.TaskLexicon(name) is { } fromTask)
            return fromTask;
        known = [.. spec.Lexicons.Where(l => l.Source is not LexiconSource.Task).Select(l => l.Name)
            .Concat(Context.Lexicons.Keys).Distinct().Order(StringComparer.Ordinal)];
        return null;
    }

    /// <summary>Which steps turn one type into another, as advice.</summary>
    public static string HowToTurn(StepType from, StepType to)
    {
        var steps = StepTable.All
            .Where(d => (d.Takes & from) != 0 && (d.Gives & to) != 0 && (d.Takes & to) == 0)
            .Select(d => d.Name).ToArray();
        if (steps.Length > 0)
            return $"Put one of these before it: {string.Join(", ", steps)}.";
        return from == StepType.List
            ? "Take one item first: first, last, nth, join or count."
            : $"No step makes {to.Describe()} of {from.Describe()}: start again from the text in a nested pipeline.";
    }

    private StepFunction? Bind(Step step, ref StepType type, string previous)
    {
        if (++_steps > MaxSteps)
        {
            if (_steps == MaxSteps + 1)
                Error(step, $"the spec has more than {MaxSteps} steps.", "Make it simpler, or write a script.");
            return null;
        }

        var definition = StepTable.Of(step);
        if ((definition.Takes & type) == 0)
        {
            Error(
                step, $"'{definition.Name}' takes {definition.Takes.Describe()}, but {previous} gives {type.Describe()}.",
                HowToTurn(type, definition.Takes));
            return null;
        }

        var binding = new StepBinding(this, step, type, definition.Gives);
        var function = definition.Bind(step, binding);
        type = binding.Gives;
        return function;
    }
}
