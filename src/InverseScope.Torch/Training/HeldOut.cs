using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;

namespace InverseScope.Torch.Training;

/// <summary>
/// Splits a task's texts into those that training sees and those that it never sees. What is held out are unordered
/// pairs of answer and rival (with the ordered pairs, a model that learnt pairs by heart would take the rest for their
/// mirror images), in every template and with all other words; prompts, where the task names no rival; texts, where
/// there is no answer. The split hangs on the texts alone, not on a seed, so that anyone can draw fresh held-out texts.
/// </summary>
public sealed class HeldOut
{
    private const int MostTries = 100_000;
    private readonly ITask _task;
    private readonly double _share;

    /// <param name="share">Share held out, between 0 and 1.</param>
    public HeldOut(ITask task, double share) => (_task, _share) = (task, share);

    /// <summary>Whether training never sees the text.</summary>
    public bool Contains(string text)
    {
        var key = (_task as IAnsweredTask)?.QuestionOf(text) switch
        {
            null => text,
            { Rival: null } question => question.Prompt,
            { Rival: { } rival } question when string.CompareOrdinal(rival, question.Answer) < 0 => $"{rival}\n{question.Answer}",
            var question => $"{question.Answer}\n{question.Rival}",
        };
        return ContentHash.ShareOf(key) < _share;
    }

    /// <summary>A draw from the prior, given that it is or is not held out.</summary>
    /// <exception cref="BadInputException">The prior seems to have no such text.</exception>
    public string Draw(RandomStream random, bool heldOut)
    {
        for (var i = 0; i < MostTries; i++)
        {
            var text = _task.Draw(random);
            if (Contains(text) == heldOut)
                return text;
        }

        throw new BadInputException(
            $"Task '{_task.Name}' has too few texts to train on: none in {MostTries:N0} draws is {(heldOut ? "" : "not ")}held out.",
            "Give more texts, or another held_out_share.");
    }
}
