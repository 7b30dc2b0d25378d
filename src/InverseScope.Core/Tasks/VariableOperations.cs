namespace InverseScope.Core.Tasks;

/// <summary>
/// The operations of a user's own texts, as their fields <c>task</c>, <c>query</c> and <c>answer</c> tell them: the answer to an
/// operation and a query is that of the texts that ask for both.
/// </summary>
public sealed class VariableOperations : IOperations
{
    private const string Task = "task";
    private const string Query = "query";
    private const string Answer = "answer";

    private readonly IVariableTask _task;

    // Null where texts that ask for the same disagree.
    private readonly Dictionary<AskedOperation, string?> _answers = [];

    private VariableOperations(IVariableTask task, long count)
    {
        _task = task;
        for (var i = 0L; i < count; i++)
        {
            var text = task.TextAt(i);
            if (AskedBy(text) is not { } asked || task.ValueOf(Answer, text) is not { Length: > 0 } answer)
                continue;
            if (!_answers.TryAdd(asked, answer) && _answers[asked] != answer)
                _answers[asked] = null;
        }

        Operations = [.. _answers.Keys.Select(a => a.Operation).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The fields of the texts that it rests on.</summary>
    public static IReadOnlyList<string> Fields { get; } = [Task, Query, Answer];

    public IReadOnlyList<string> Operations { get; }

    /// <summary>The operations that texts of a task ask for; null where it has none.</summary>
    public static IOperations? Of(ITask task) => task switch
    {
        IOperations known => known,
        IVariableTask { Count: { } count } variable when !Fields.Except(variable.Variables).Any() => new VariableOperations(variable, count),
        _ => null,
    };

    public AskedOperation? AskedBy(string text) =>
        _task.ValueOf(Task, text) is { Length: > 0 } operation && _task.ValueOf(Query, text) is { Length: > 0 } query
            ? new AskedOperation(operation, query)
            : null;

    public string? AnswerTo(string operation, string query) => _answers.GetValueOrDefault(new AskedOperation(operation, query));
}
