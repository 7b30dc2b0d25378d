using System.Text.RegularExpressions;

namespace InverseScope.Agent.Chat;

/// <summary>Tells a model's refusal by how it begins. Models say it in a few ways, whatever they were asked.</summary>
internal static partial class RefusalText
{
    private const int Read = 200;

    public static bool Is(string text)
    {
        var start = text.Trim().Replace('’', '\'');
        return Beginning().IsMatch(start.Length > Read ? start[..Read] : start);
    }

    [GeneratedRegex(
        """
        ^[\s"'*]*
        (?:
          (?:(?:i\ am|i'm|we're|so|very|really)?\ *(?:sorry|afraid)|unfortunately|i\ apologi[sz]e|my\ apologies|no)?[\s,.!:;\-—]*(?:but\ |that\ |however,?\ )?
          (?:as\ an?\ (?:ai|artificial|language|large|responsible)[^.,]{0,60},\ *)?
          (?:i|we)\ ?(?:can't|cannot|can\ not|won't|will\ not|'m\ unable|\ ?am\ unable|'m\ not\ able|am\ not\ able|must\ decline|must\ refuse|have\ to\ decline|refuse\ to|decline\ to|'m\ not\ (?:comfortable|going\ to))\b
        |
          as\ an?\ (?:ai|artificial\ intelligence|large\ language\ model|language\ model)\b
        )
        """,
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Beginning();
}
