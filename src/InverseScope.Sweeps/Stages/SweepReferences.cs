using InverseScope.Core;
using InverseScope.Core.Consistency;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;

namespace InverseScope.Sweeps.Stages;

/// <summary>
/// The references of a sweep, in two parts that have no text in common. Which part a text belongs to is decided by its
/// hash alone, so that no earlier sweep can have explored what a later one confirms on.
/// </summary>
public sealed record SweepReferences(IReadOnlyList<string> Explore, IReadOnlyList<string> Confirm)
{
    private const int DrawsPerReference = 50;

    // The same salt for every sweep, whatever its seed. The part in between is for calibrating labellers.
    private static readonly ReferenceSplit Split = new("inversescope/references/v1", Explore: 0.45, Calibrate: 0.1);

    /// <summary>Draws distinct texts from the prior until both parts are full, or a small prior is used up.</summary>
    /// <param name="explore">References wanted for proposals.</param>
    /// <param name="confirm">References wanted for the confirming test.</param>
    /// <exception cref="BadInputException">The prior is too small to leave anything to confirm on.</exception>
    public static SweepReferences Draw(ITask task, int explore, int confirm, RunSeed seed)
    {
        var random = seed.Stream("references", task.Fingerprint);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var (forExplore, forConfirm) = (new List<string>(explore), new List<string>(confirm));
        for (var draw = 0L; draw < (long)DrawsPerReference * (explore + confirm); draw++)
        {
            if (forExplore.Count == explore && forConfirm.Count == confirm)
                break;
            var text = task.Draw(random);
            if (!seen.Add(text))
                continue;
            var part = Split.PartOf(text);
            if (part == SplitPart.Explore && forExplore.Count < explore)
                forExplore.Add(text);
            else if (part == SplitPart.Confirm && forConfirm.Count < confirm)
                forConfirm.Add(text);
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
