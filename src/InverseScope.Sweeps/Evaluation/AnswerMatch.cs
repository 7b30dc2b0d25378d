using System.Globalization;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>
/// Which answer a continuation gives: it begins with the answer's words, white space before them aside, and no further letter of
/// the last word follows, nor a mark that combines with it. Letters count alike however they are composed. Of several that fit, as
/// <c>pomme</c> and <c>pomme de terre</c>, it gives the longest.
/// </summary>
internal static class AnswerMatch
{
    /// <summary>
    /// Characters of a continuation that decide about an answer: a hyphen and the letter behind it may go on with a word, and the model
    /// may write a letter and its marks one by one.
    /// </summary>
    public static int CharactersFor(string answer) => AnswerLetters.LengthApart(answer.Trim()) + 2;

    /// <returns>Index of the answer, or null where it gives none of them.</returns>
    public static int? Of(string continuation, params ReadOnlySpan<string> answers)
    {
        var written = Composed(continuation);
        var (best, longest) = ((int?)null, 0);
        for (var i = 0; i < answers.Length; i++)
        {
            var answer = Composed(answers[i]);
            if (Gives(written, answer) && answer.Length > longest)
                (best, longest) = (i, answer.Length);
        }

        return best;
    }

    private static string Composed(string text) => AnswerLetters.Compose(text.Trim());

    private static bool Gives(ReadOnlySpan<char> written, string answer)
    {
        if (answer.Length == 0 || !written.StartsWith(answer, StringComparison.Ordinal))
            return false;
        var rest = written[answer.Length..];
        return rest.IsEmpty
            || !(GoesOn(rest[0]) || (rest[0] is '-' or '\'' or '’' && rest.Length > 1 && GoesOn(rest[1])));
    }

    // A character that was cut in its middle is taken for a letter.
    private static bool GoesOn(char c) => char.IsLetterOrDigit(c) || char.IsSurrogate(c) || c == '\uFFFD'
        || char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
}
