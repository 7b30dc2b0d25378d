using System.Globalization;
using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>
/// Draws references: distinct texts of the prior, or of that part of it where variables of the task have given values.
/// Samples and chance still come from all of the prior.
/// </summary>
public static class ReferenceDraws
{
    private const int DrawsPerReference = 50;

    // A part of the prior may be a small one.
    private const int DrawsPerChosenReference = 5_000;

    private const int ValuesShown = 12;

    /// <summary>Draws from the prior until the caller has enough, or nothing new is likely to come.</summary>
    /// <param name="where">Values that variables must have, all of them; empty: every text will do.</param>
    /// <param name="wanted">References that the caller needs, which bounds the number of draws.</param>
    /// <exception cref="BadInputException">The task has no such variable, or no text has the values.</exception>
    public static IEnumerable<string> Distinct(
        ITask task, IReadOnlyDictionary<string, string> where, int wanted, RandomStream random)
    {
        Check(task, where);
        return Draw(task, where, wanted, random);
    }

    /// <exception cref="BadInputException">The task has no variable of this name.</exception>
    public static void Check(ITask task, IReadOnlyDictionary<string, string> where)
    {
        var known = (task as IVariableTask)?.Variables ?? [];
        foreach (var name in where.Keys.Where(name => !known.Contains(name)))
        {
            throw new BadInputException(
                $"References shall be chosen by '{name}', but task '{task.Name}' has no such variable.{NearestName.Hint(name, known)}",
                known.Count == 0 ? "It has none: choose none, or take a task of JSON lines with such a field." : $"Its variables: {string.Join(", ", known)}.");
        }
    }

    private static IEnumerable<string> Draw(
        ITask task, IReadOnlyDictionary<string, string> where, int wanted, RandomStream random)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var found = false;
        var draws = (long)(where.Count == 0 ? DrawsPerReference : DrawsPerChosenReference) * wanted;
        for (var draw = 0L; draw < draws && seen.Count != task.Count; draw++)
        {
            var text = task.Draw(random);
            if (!seen.Add(text) || !Has(task, where, text))
                continue;
            found = true;
            yield return text;
        }

        if (found || where.Count == 0)
            yield break;
        var asked = string.Join(", ", where.Select(w => $"{w.Key}: {w.Value}"));
        var values = where.Keys.Select(name =>
            $"{name}: {string.Join(", ", seen.Select(t => ((IVariableTask)task).ValueOf(name, t)).OfType<string>().Distinct().Order(StringComparer.Ordinal).Take(ValuesShown))}");
        throw new BadInputException(
            string.Create(CultureInfo.InvariantCulture, $"None of {seen.Count:N0} texts of task '{task.Name}' has {asked}."),
            $"Values there are: {string.Join("; ", values)}.");
    }

    private static bool Has(ITask task, IReadOnlyDictionary<string, string> where, string text) =>
        where.Count == 0 || where.All(w => ((IVariableTask)task).ValueOf(w.Key, text) == w.Value);
}
