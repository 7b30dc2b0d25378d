using System.Text;

namespace InverseScope.Agent.Chat;

/// <summary>How many tokens a text has, without its model's tokenizer: for budgets, and to notice a prompt that was cut.</summary>
internal static class TokenEstimate
{
    private const double BytesInToken = 3.5;
    private const int LongestWord = 16;
    private const int LongestNumber = 8;
    private const int LongestSigns = 8;

    // Some vocabularies have tokens that hold more than a word.
    private const double Margin = 0.7;

    /// <summary>About as many as it has, for texts in the scripts of Europe.</summary>
    public static int About(string text) => (int)Math.Ceiling(Encoding.UTF8.GetByteCount(text) / BytesInToken);

    /// <summary>It has more than so many with next to every vocabulary: words, numbers and signs are rarely in one token.</summary>
    public static int AtLeast(string text)
    {
        var tokens = 0;
        var (kind, length) = (' ', 0);
        foreach (var c in text)
        {
            var next = char.IsLetter(c) ? 'a' : char.IsDigit(c) ? '1' : char.IsWhiteSpace(c) ? ' ' : '.';
            if (next != kind)
            {
                tokens += Of(kind, length);
                (kind, length) = (next, 0);
            }

            length++;
        }

        return (int)((tokens + Of(kind, length)) * Margin);
    }

    private static int Of(char kind, int length) => kind switch
    {
        'a' => (length + LongestWord - 1) / LongestWord,
        '1' => (length + LongestNumber - 1) / LongestNumber,
        '.' => (length + LongestSigns - 1) / LongestSigns,
        _ => 0,
    };
}
