using System.Globalization;
using InverseScope.Core.Seeds;

namespace InverseScope.Core.Tasks;

/// <summary>
/// How often a letter occurs: <c>vvzccvczvvvzvcvc|v:8</c>. Three different letters of a..z (2,600 triples, all alike),
/// each 1 to 9 times (all alike, independently), in an order that is uniform over all arrangements; then <c>|</c>, one
/// of the three letters, <c>:</c> and its count. Positions: the two signs, the queried letter and the count.
/// </summary>
public sealed class CountingTask : IAnsweredTask
{
    private const int Kinds = 3;
    private const int MostOfAKind = 9;
    private const int Triples = 26 * 25 * 24 / 6;
    private static readonly double[] LogFactorials = MakeLogFactorials();

    public string Name => "counting";

    public string Description =>
        "How often a letter occurs among letters of three kinds, each 1 to 9 times, shuffled: vvzccvczvvvzvcvc|v:8.";

    public string Fingerprint { get; } = ContentHash.Of("counting", "3 letters of a..z, 1..9 each, shuffled", "1");

    /// <summary>Null: the texts are finite in number, but far too many to run through.</summary>
    public long? Count => null;

    public IReadOnlyList<string> PositionNames { get; } = ["|", "pipe", "query", ":", "colon", "answer"];

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Lexicons { get; } =
        new Dictionary<string, IReadOnlyList<string>>();

    public string TextAt(long index) =>
        throw new NotSupportedException("The texts of 'counting' are too many to enumerate: draw from it.");

    public string Draw(RandomStream random)
    {
        Span<char> alphabet = stackalloc char[26];
        for (var i = 0; i < alphabet.Length; i++)
            alphabet[i] = (char)('a' + i);
        Span<char> letters = stackalloc char[Kinds * MostOfAKind];
        Span<int> counts = stackalloc int[Kinds];
        var length = 0;
        for (var kind = 0; kind < Kinds; kind++)
        {
            // The first steps of a shuffle draw without replacement.
            var pick = kind + random.NextInt(alphabet.Length - kind);
            (alphabet[kind], alphabet[pick]) = (alphabet[pick], alphabet[kind]);
            counts[kind] = 1 + random.NextInt(MostOfAKind);
            letters.Slice(length, counts[kind]).Fill(alphabet[kind]);
            length += counts[kind];
        }

        random.Shuffle(letters[..length]);
        var query = random.NextInt(Kinds);
        return string.Create(CultureInfo.InvariantCulture, $"{letters[..length]}|{alphabet[query]}:{counts[query]}");
    }

    /// <summary>
    /// −ln 2600 − 3 ln 9 − ln(n! / (a! b! c!)) − ln 3 for counts a, b, c and n = a + b + c.
    /// </summary>
    public double? LogProbability(string text)
    {
        Span<int> counts = stackalloc int[26];
        if (Fault(text, counts) is not null)
            return double.NegativeInfinity;
        var arrangements = LogFactorials[text.Length - 4];
        foreach (var count in counts)
            arrangements -= LogFactorials[count];
        return -Math.Log(Triples) - Kinds * Math.Log(MostOfAKind) - arrangements - Math.Log(Kinds);
    }

    public string? WhyInvalid(string text)
    {
        Span<int> counts = stackalloc int[26];
        return Fault(text, counts);
    }

    public int? CharacterAt(string positionName, string text)
    {
        if (WhyInvalid(text) is not null)
            return null;
        return positionName switch
        {
            "|" or "pipe" => text.Length - 4,
            "query" => text.Length - 3,
            ":" or "colon" => text.Length - 2,
            "answer" => text.Length - 1,
            _ => null,
        };
    }

    public Question? QuestionOf(string text) =>
        WhyInvalid(text) is null ? new Question(text[..^1], text[^1..], null) : null;

    private static string? Fault(string text, Span<int> counts)
    {
        var pipe = text.Length - 4;
        if (pipe < Kinds || text[pipe] != '|' || text[pipe + 2] != ':')
            return $"'{text}' is not letters, '|', a letter, ':' and a count, as in vvzccvcz|v:3.";
        var kinds = 0;
        foreach (var letter in text.AsSpan(0, pipe))
        {
            if (!char.IsAsciiLetterLower(letter))
                return $"'{letter}' in '{text}' is not a letter from a to z.";
            if (counts[letter - 'a']++ == 0)
                kinds++;
            if (counts[letter - 'a'] > MostOfAKind)
                return $"'{letter}' occurs more than {MostOfAKind} times in '{text}'.";
        }

        if (kinds != Kinds)
            return $"'{text}' has {kinds} kinds of letters; the task has {Kinds}.";
        var (query, answer) = (text[pipe + 1], text[pipe + 3]);
        if (!char.IsAsciiLetterLower(query) || counts[query - 'a'] == 0)
            return $"'{query}' is asked for but does not occur in '{text}'.";
        return answer - '0' == counts[query - 'a']
            ? null
            : $"'{query}' occurs {counts[query - 'a']} times in '{text}', not {answer}.";
    }

    private static double[] MakeLogFactorials()
    {
        var logs = new double[Kinds * MostOfAKind + 1];
        for (var n = 2; n < logs.Length; n++)
            logs[n] = logs[n - 1] + Math.Log(n);
        return logs;
    }
}
