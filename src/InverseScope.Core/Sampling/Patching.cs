namespace InverseScope.Core.Sampling;

/// <summary>A text to run with its activation at a site replaced by that of other texts, one after the other.</summary>
/// <param name="Text">As the prior has it.</param>
/// <param name="Answer">
/// Where its answer begins and what it is: the end of the text, or right behind it. Null where the task asks for none.
/// </param>
/// <param name="Donors">Texts that give their activation at the same site.</param>
public sealed record PatchRequest(string Text, PatchAnswer? Answer, IReadOnlyList<string> Donors);

/// <param name="Begin">Characters of the text before it.</param>
/// <param name="Text">The right continuation there.</param>
public readonly record struct PatchAnswer(int Begin, string Text);

/// <summary>What a text's run becomes under each donor.</summary>
/// <param name="AnswerProbability">
/// Probability of the whole answer without a patch, 0 to 1; null if there is none, or the target cuts text and answer into other
/// tokens than the text alone.
/// </param>
/// <param name="Effects">
/// One for each donor; null where the donor lacks the site's position, or a score is not finite (numbers too large for the type).
/// </param>
public sealed record PatchOutcome(double? AnswerProbability, IReadOnlyList<PatchEffect?> Effects);

/// <summary>How a patch changes what the target says.</summary>
/// <param name="KlBits">
/// Kullback–Leibler divergence of the next-token distributions with the patch from those without, bits, summed over the patched
/// token and all tokens of the text after it; from 0.
/// </param>
/// <param name="AnswerProbability">Of the whole answer, 0 to 1; null where it is null without a patch.</param>
public readonly record struct PatchEffect(double KlBits, double? AnswerProbability);
