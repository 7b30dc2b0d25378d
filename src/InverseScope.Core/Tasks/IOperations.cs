namespace InverseScope.Core.Tasks;

/// <summary>
/// What texts of a task ask for, in two parts: an operation, and the query that it is applied to. A translation asks for a direction
/// of a word. The answer of one text's operation to another text's query is then known, and patching can tell whether an activation
/// carries the operation alone or the whole answer. Each text ends where its answer comes next.
/// </summary>
public interface IOperations
{
    /// <summary>All operations that texts ask for, in a fixed order.</summary>
    IReadOnlyList<string> Operations { get; }

    /// <summary>What a text asks for; null where it asks for nothing, or could ask for several things.</summary>
    AskedOperation? AskedBy(string text);

    /// <summary>The right answer; null where the operation does not know the query.</summary>
    string? AnswerTo(string operation, string query);
}

/// <param name="Operation">One of <see cref="IOperations.Operations"/>.</param>
/// <param name="Query">What it is applied to.</param>
public readonly record struct AskedOperation(string Operation, string Query);
