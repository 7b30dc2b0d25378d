using InverseScope.Core.Tasks;

namespace InverseScope.Torch.Tests.Training;

internal static class TinyTasks
{
    /// <summary>Who spoke last: an answer with a rival, twelve words, quickly learnt by one layer.</summary>
    public static ITask LastSpeaker { get; } = TemplateTaskFile.Parse("speaker", """
        schema: inversescope/template-task/v1
        lexicons: { names: [Ann, Bea, Cem, Dora, Emil, Finn, Gus, Hal, Ida, Jon, Kim, Leo] }
        slots: { A: names, B: names }
        answer: A
        rival: B
        templates: ["{First|At last} [B], then [A]: this was"]
        """);

    /// <summary>Texts that ask nothing.</summary>
    public static ITask Plain { get; } = new TextFileTask(
        "plain", "test", Enumerable.Range(0, 40).Select(i => new WeightedText($"line {i % 8} ends {i}", 1 + i % 3)));
}
