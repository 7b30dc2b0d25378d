using System.Collections.Concurrent;
using InverseScope.Core.Specs.Running;
using InverseScope.Core.Tasks;

namespace InverseScope.Core.Specs;

/// <summary>
/// What specs are compiled against. Make one for each task and keep it: lexicons are prepared once, and all its features
/// share scratch memory. Thread-safe.
/// </summary>
/// <param name="lexicons">The task's lexicons; null: none.</param>
public sealed class CompileContext(IReadOnlyDictionary<string, IReadOnlyList<string>>? lexicons = null)
{
    private readonly ConcurrentDictionary<string, WordSet> _taskLexicons = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Lexicons { get; } =
        lexicons ?? new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>What specs of a task are compiled against.</summary>
    /// <param name="task">Null: of none.</param>
    public static CompileContext Of(ITask? task) => new(task?.Lexicons) { Variables = task as IVariableTask };

    /// <summary>Knows what <c>variable</c> asks for; null: it is an error.</summary>
    public IVariableTask? Variables { get; init; }

    /// <summary>
    /// Splits a text into the target model's tokens, as text, or gives null where the model cannot read it, which makes
    /// the label undefined. Null: <c>tokens</c> is an error.
    /// </summary>
    public Func<string, IReadOnlyList<string>?>? Tokenizer { get; init; }

    /// <summary>Answers the questions of <c>llm</c> specs; null: they are errors, but for <see cref="ChecksOnly"/>.</summary>
    public ITextLabeller? Labeller { get; init; }

    /// <summary>
    /// True: an <c>llm</c> spec compiles without a labeller, so that it can be checked. Its tests are not run then, and it
    /// is undefined everywhere.
    /// </summary>
    public bool ChecksOnly { get; init; }

    /// <summary>False: tests of <c>llm</c> specs, which cost questions, are left to <see cref="FeatureCompiler.WhyTestsFail"/>.</summary>
    public bool AsksInTests { get; init; } = true;

    internal EvaluationPool Evaluations { get; } = new();

    internal WordSet? TaskLexicon(string name) => Lexicons.TryGetValue(name, out var words)
        ? _taskLexicons.GetOrAdd(name, static (_, words) => new WordSet(words), words)
        : null;
}
