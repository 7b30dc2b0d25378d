using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Specs;

namespace InverseScope.Sweeps.Stages;

/// <summary>
/// The labeller of a sweep. A language model that is not there parks the site instead of ending the night, and a spent budget is no label
/// of anything.
/// </summary>
internal sealed class SweepLabeller(ITextLabeller inner, IProgress<WorkProgress>? progress) : ITextLabeller
{
    /// <exception cref="SiteParkedException">The language model is not there.</exception>
    /// <exception cref="BudgetSpentException">Some texts were not asked about.</exception>
    public IReadOnlyList<LabelAnswer> Label(
        LlmQuestion question, string specHash, IReadOnlyList<string> texts, CancellationToken cancel)
    {
        IReadOnlyList<LabelAnswer> answers;
        // It may take an hour in which nothing else is said.
        progress?.Report(new WorkProgress("labels by the language model", 0, texts.Count, "texts"));
        try
        {
            answers = inner.Label(question, specHash, texts, cancel);
        }
        catch (OutsideServiceException e)
        {
            throw new SiteParkedException(e.Message);
        }

        return answers.Any(a => a.Kind == AnswerKind.NotAsked) ? throw new BudgetSpentException() : answers;
    }
}

/// <summary>The budget of a run is spent, in the middle of a stage: a normal end of the run.</summary>
internal sealed class BudgetSpentException() : Exception("the budget is spent");
