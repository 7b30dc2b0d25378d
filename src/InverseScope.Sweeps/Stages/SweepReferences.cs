using System.Collections.ObjectModel;
using InverseScope.Core;
using InverseScope.Core.Consistency;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;

namespace InverseScope.Sweeps.Stages;

/// <summary>
/// The references of a sweep, in two parts that have no text in common. Which part a text belongs to is decided by its
/// hash alone, so that no earlier sweep can have explored what a later one confirms on.
/// </summary>
public sealed record SweepReferences(IReadOnlyList<string> Explore, IReadOnlyList<string> Confirm)
{
    // The same salt for every sweep, whatever its seed. The part in between is for calibrating labellers.
    private static readonly ReferenceSplit Split = new("inversescope/references/v1", Explore: 0.45, Calibrate: 0.1);

    /// <summary>Of a sweep without sites.</summary>
    public static SweepReferences None { get; } = new([], []);

    /// <summary>Whether a text belongs to the part that confirms, in whatever sweep.</summary>
    public static bool Confirms(string text) => Split.PartOf(text) == SplitPart.Confirm;

    /// <summary>Draws distinct texts from the prior until both parts are full, or a small prior is used up.</summary>
    /// <param name="explore">References wanted for proposals.</param>
    /// <param name="confirm">References wanted for the confirming test.</param>
    /// <param name="where">Values that variables of the task have on all references; null: every text will do.</param>
    /// <exception cref="BadInputException">
    /// The prior, or its part with the values, is too small to leave anything to confirm on; or the task has no such variable.
    /// </exception>
    public static SweepReferences Draw(
        ITask task, int explore, int confirm, RunSeed seed, IReadOnlyDictionary<string, string>? where = null)
    {
        var random = seed.Stream("references", task.Fingerprint);
        var (forExplore, forConfirm) = (new List<string>(explore), new List<string>(confirm));
        foreach (var text in ReferenceDraws.Distinct(task, where ?? ReadOnlyDictionary<string, string>.Empty, explore + confirm, random))
        {
            var part = Split.PartOf(text);
            if (part == SplitPart.Explore && forExplore.Count < explore)
                forExplore.Add(text);
            else if (part == SplitPart.Confirm && forConfirm.Count < confirm)
                forConfirm.Add(text);
            if (forExplore.Count == explore && forConfirm.Count == confirm)
                break;
        }

        if (forExplore.Count < 2 || forConfirm.Count < 2)
        {
            throw new BadInputException(
                $"Task '{task.Name}' has too few different texts: {forExplore.Count} to explore and {forConfirm.Count} to confirm on.",
                "A sweep needs a prior of some dozens of texts at least.");
        }

        return new SweepReferences(forExplore, forConfirm);
    }
}
