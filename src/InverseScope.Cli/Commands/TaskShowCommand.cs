using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Output;
using InverseScope.Core.Tasks;

namespace InverseScope.Cli.Commands;

/// <summary><c>task show T</c>: everything about one task, with a few of its texts.</summary>
internal static class TaskShowCommand
{
    private const int Examples = 4;
    private const int WordsShown = 8;

    public static Command Create(Shell shell)
    {
        var task = TaskCommands.TaskArgument();
        var command = new Command("show", "Show a task: its positions, its lexicons and a few of its texts.") { task };
        Invocation.SetAction(command, shell, invocation => Run(invocation, invocation.Parse.GetRequiredValue(task)));
        return command;
    }

    private static int Run(Invocation invocation, string name)
    {
        var task = invocation.Tasks.Find(name);
        var random = invocation.Seed.Stream("task-sample");
        var examples = Enumerable.Range(0, Examples).Select(_ => task.Draw(random)).ToArray();
        if (invocation.Json)
        {
            Json.WriteDocument(invocation.Out, new
            {
                task.Name,
                task.Description,
                task.Fingerprint,
                Texts = task.Count,
                Positions = task.PositionNames,
                Variables = (task as IVariableTask)?.Variables ?? [],
                task.Lexicons,
                Examples = examples,
            });
            return ExitCode.Done;
        }

        var pairs = new List<(string, string)>
        {
            ("task", task.Name),
            ("", task.Description),
            ("texts", task.Count is { } count
                ? string.Create(CultureInfo.InvariantCulture, $"{count:N0}, can be enumerated")
                : "too many to enumerate: drawn"),
            ("positions", task.PositionNames.Count == 0
                ? "@last, @-2, @5, @tok:\"x\" (the task names none)"
                : string.Join(' ', task.PositionNames.Select(p => "@" + p))),
        };
        if (task is IVariableTask { Variables: { Count: > 0 } variables })
            pairs.Add(("variables", string.Join(", ", variables)));
        foreach (var (lexicon, words) in task.Lexicons)
            pairs.Add(($"lexicon {lexicon}", Shorten(words)));
        pairs.AddRange(examples.Select((text, i) => (i == 0 ? "examples" : "", text)));
        if (task is IAnsweredTask answered && answered.QuestionOf(examples[0]) is { } question)
            pairs.Add(("asks", $"{question.Prompt} →{question.Answer}"));
        Tables.WritePairs(invocation.Shell, pairs);
        return ExitCode.Done;
    }

    private static string Shorten(IReadOnlyList<string> words)
    {
        var shown = string.Join(", ", words.Take(WordsShown));
        return words.Count <= WordsShown
            ? shown
            : string.Create(CultureInfo.InvariantCulture, $"{shown} … ({words.Count:N0} words)");
    }
}
