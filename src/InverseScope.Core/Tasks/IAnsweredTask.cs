namespace InverseScope.Core.Tasks;

/// <summary>A task whose texts ask for an answer that can be right or wrong: a model can be trained and measured on it.</summary>
public interface IAnsweredTask : ITask
{
    /// <summary>The question that a text asks, or null if the text asks none.</summary>
    Question? QuestionOf(string text);
}

/// <summary>What a model reads and what it should write.</summary>
/// <param name="Prompt">What it reads.</param>
/// <param name="Answer">The right continuation, with the space before it if one belongs there.</param>
/// <param name="Rival">The wrong continuation that tempts most, in the same form; null if the task names none.</param>
public sealed record Question(string Prompt, string Answer, string? Rival);
