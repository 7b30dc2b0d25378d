using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>
/// A target text, and the texts whose activations it gets: a source that asks for another operation on another query, and, as a
/// control, one that asks for the target's own operation on another query.
/// </summary>
/// <param name="Target">Text that is run.</param>
/// <param name="Source">Its donor.</param>
/// <param name="SameTask">The control's donor.</param>
/// <param name="OwnAnswer">To the target.</param>
/// <param name="SourceAnswer">To the source.</param>
/// <param name="MovedAnswer">To the source's operation on the target's query. It is neither of the former, nor the query itself.</param>
/// <param name="SameTaskAnswer">To the control's donor; neither the target's own answer nor the moved one.</param>
internal sealed record TaskVectorPair(
    string Target, string Source, string SameTask, string OwnAnswer, string SourceAnswer, string MovedAnswer, string SameTaskAnswer)
{
    // Enough that each of some dozens of operations has texts to choose from.
    private const int PoolDraws = 4_000;
    private const int DrawsPerPair = 50;
    private const int LeastDraws = 2_000;

    /// <summary>
    /// Draws targets from the prior, each text at most once, and for each a source among the operations that know its query, all
    /// alike, and then among texts that ask for it. Sources are all others as long as there are, so that pairs are independent, and
    /// so are the control's donors.
    /// </summary>
    /// <param name="pairs">Wanted; fewer come where the prior has no more.</param>
    /// <exception cref="BadInputException">The task has no operations, or no pair at all.</exception>
    public static IReadOnlyList<TaskVectorPair> Draw(ITask task, int pairs, RandomStream random)
    {
        var operations = VariableOperations.Of(task) ?? throw new BadInputException(
            $"The task-vector experiment needs texts that ask for an operation on a query; {WhyNone(task)}.",
            "Take icl-translation, a task of imported word pairs, or JSON lines with the fields 'task', 'query' and 'answer'; or leave task_vector out.");
        var donors = Enumerable.Range(0, PoolDraws).Select(_ => task.Draw(random)).Distinct(StringComparer.Ordinal)
            .Select(text => Asking(operations, text)).OfType<Asked>()
            .GroupBy(d => d.Operation, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal);
        var (sources, controls) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        var (found, seen) = (new List<TaskVectorPair>(), new HashSet<string>(StringComparer.Ordinal));
        for (var draw = 0; draw < LeastDraws + DrawsPerPair * pairs && found.Count < pairs; draw++)
        {
            var text = task.Draw(random);
            if (!seen.Add(text) || Asking(operations, text) is not { } target || Pair(operations, donors, sources, controls, target, random) is not { } pair)
                continue;
            found.Add(pair);
            sources.Add(pair.Source);
            controls.Add(pair.SameTask);
        }

        return found.Count > 0 ? found : throw new BadInputException(
            $"The task-vector experiment finds no pair of texts of task '{task.Name}' that ask for different operations, both of which know the target's query and answer it differently.",
            "Give at least two operations that share queries, and two texts of each; or leave task_vector out.");
    }

    /// <param name="sources">Those of earlier pairs.</param>
    /// <param name="controls">Donors of the control in earlier pairs.</param>
    private static TaskVectorPair? Pair(
        IOperations operations, Dictionary<string, Asked[]> donors, HashSet<string> sources, HashSet<string> controls, Asked target, RandomStream random)
    {
        // A model that copies the query must not be taken for one that answers it.
        (string Operation, string Answer)[] moves =
        [
            .. operations.Operations.Where(o => o != target.Operation && donors.ContainsKey(o))
                .Select(o => (o, operations.AnswerTo(o, target.Query)))
                .Where(m => m.Item2 is { } answer && !Same(answer, target.Answer) && !Same(answer, target.Query))
                .Select(m => (m.o, m.Item2!)),
        ];
        if (moves.Length == 0)
            return null;
        var (operation, moved) = random.Pick(moves);
        Asked? Donor(string of, HashSet<string> used)
        {
            Asked[] fitting =
            [
                .. donors.GetValueOrDefault(of, []).Where(d => !Same(d.Query, target.Query) && !Same(d.Answer, target.Answer) && !Same(d.Answer, moved)),
            ];
            Asked[] unused = [.. fitting.Where(d => !used.Contains(d.Text))];
            return fitting.Length == 0 ? null : random.Pick(unused.Length > 0 ? unused : fitting);
        }

        return Donor(operation, sources) is { } source && Donor(target.Operation, controls) is { } same
            ? new TaskVectorPair(target.Text, source.Text, same.Text, target.Answer, source.Answer, moved, same.Answer)
            : null;
    }

    private static string WhyNone(ITask task)
    {
        string[] lacking = [.. VariableOperations.Fields.Except((task as IVariableTask)?.Variables ?? [])];
        return lacking.Length < VariableOperations.Fields.Count
            ? $"no text of task '{task.Name}' has a value in the field {string.Join(" or ", lacking.Select(f => $"'{f}'"))}"
            : $"task '{task.Name}' does not tell what its texts ask for";
    }

    private static Asked? Asking(IOperations operations, string text) =>
        operations.AskedBy(text) is { } asked && operations.AnswerTo(asked.Operation, asked.Query) is { } answer
            ? new Asked(text, asked.Operation, asked.Query, answer)
            : null;

    private static bool Same(string answer, string other) => answer.Trim().Equals(other.Trim(), StringComparison.Ordinal);

    private sealed record Asked(string Text, string Operation, string Query, string Answer);
}
