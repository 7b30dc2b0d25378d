using System.Globalization;
using InverseScope.Core.Seeds;

namespace InverseScope.Core.Tasks;

/// <summary>
/// Sums of two three-digit numbers, <c>615+861=1476</c>, every pair of operands in 100..999 alike. Positions: the
/// operands' digits F1 F2 F3 and S1 S2 S3, the two signs, and the sum's digits A1 to A4 (A4 only in sums from 1000 on).
/// </summary>
public sealed class AdditionTask : IAnsweredTask
{
    private const int Operands = 900;
    private const int FirstAnswerDigit = 8;
    private static readonly double LogShare = -Math.Log(Operands * Operands);

    // The name of each character; the signs have a second name that needs no quoting in a shell.
    private static readonly string[] CharacterNames =
        ["F1", "F2", "F3", "+", "S1", "S2", "S3", "=", "A1", "A2", "A3", "A4"];

    public string Name => "addition";

    public string Description => "Sums of two three-digit numbers, digit by digit: 615+861=1476. All 810,000 pairs.";

    public string Fingerprint { get; } = ContentHash.Of("addition", "uniform pairs of 100..999", "1");

    public long? Count => Operands * Operands;

    public IReadOnlyList<string> PositionNames { get; } = [.. CharacterNames, "plus", "eq"];

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Lexicons { get; } =
        new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>The sum of 100 + <paramref name="index"/> / 900 and 100 + <paramref name="index"/> mod 900.</summary>
    public string TextAt(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Operands * Operands);
        var (first, second) = (100 + (int)(index / Operands), 100 + (int)(index % Operands));
        return string.Create(CultureInfo.InvariantCulture, $"{first}+{second}={first + second}");
    }

    public string Draw(RandomStream random) => TextAt(random.NextInt(Operands * Operands));

    public double? LogProbability(string text) => IsSum(text) ? LogShare : double.NegativeInfinity;

    public string? WhyInvalid(string text)
    {
        if (IsSum(text))
            return null;
        if (text.Length < FirstAnswerDigit || text[3] != '+' || text[7] != '='
            || Operand(text, 0) is not { } first || Operand(text, 4) is not { } second)
        {
            return $"'{text}' is not a sum of two numbers from 100 to 999, such as 615+861=1476.";
        }

        return $"{text[..FirstAnswerDigit]} is {first + second}, not '{text[FirstAnswerDigit..]}'.";
    }

    public int? CharacterAt(string positionName, string text)
    {
        var name = positionName switch { "plus" => "+", "eq" => "=", _ => positionName };
        var at = Array.IndexOf(CharacterNames, name);
        return at >= 0 && at < text.Length && IsSum(text) ? at : null;
    }

    public Question? QuestionOf(string text) =>
        IsSum(text) ? new Question(text[..FirstAnswerDigit], text[FirstAnswerDigit..], null) : null;

    private static bool IsSum(string text)
    {
        if (text.Length is < 11 or > 12 || text[3] != '+' || text[7] != '='
            || Operand(text, 0) is not { } first || Operand(text, 4) is not { } second)
        {
            return false;
        }

        var sum = first + second;
        for (var i = text.Length - 1; i >= FirstAnswerDigit; i--, sum /= 10)
        {
            if (text[i] != '0' + sum % 10)
                return false;
        }

        // A sum has no leading zero: all of its digits must have been there, and no more than these.
        return sum == 0 && text[FirstAnswerDigit] != '0';
    }

    private static int? Operand(string text, int start)
    {
        var value = 0;
        for (var i = start; i < start + 3; i++)
        {
            if (!char.IsAsciiDigit(text[i]))
                return null;
            value = value * 10 + (text[i] - '0');
        }

        return value >= 100 ? value : null;
    }
}
