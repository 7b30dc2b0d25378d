using System.Globalization;
using InverseScope.Core.Tasks;

namespace InverseScope.Core.Tests.Search;

/// <summary>Features of the built-in tasks, written down independently of the search and of the rule language.</summary>
internal static class PlantedFeatures
{
    // Addition: "615+861=1476".
    public static string Digit(string text) => $"{text[1]}";

    public static string UnorderedPair(string text) =>
        text[0] <= text[4] ? $"{text[0]}{text[4]}" : $"{text[4]}{text[0]}";

    public static string OrderedPair(string text) => $"{text[0]}{text[4]}";

    public static string Sum(string text) => Number(Tens(text));

    public static string SumModuloTen(string text) => Number(Tens(text) % 10);

    public static string Carry(string text) => Tens(text) >= 10 ? "carry" : "none";

    public static string? DigitUnderCondition(string text) => text[4] >= '5' ? Digit(text) : null;

    // Counting: "vvzccvczvvvzvcvc|v:8".
    public static string Letter(string text) => $"{text[text.IndexOf('|') + 1]}";

    public static string Count(string text) =>
        Number(text[..text.IndexOf('|')].Count(c => c == text[text.IndexOf('|') + 1]));

    public static string FirstCount(string text) => Number(text[..text.IndexOf('|')].Count(c => c == text[0]));

    public static string LengthOverTwelve(string text) => text.IndexOf('|') > 12 ? "long" : "short";

    // Indirect objects: three names, one of them twice, a place and an object.
    public static string NameOnce(string text) => Names(text).GroupBy(n => n).Single(g => g.Count() == 1).Key;

    public static string NameTwice(string text) => Names(text).GroupBy(n => n).Single(g => g.Count() == 2).Key;

    public static string Order(string text) => Names(text)[0] == NameTwice(text) ? "BABA" : "ABBA";

    public static string Template(string text) => string.Join(' ', Words(text).Where(w => !Lexicons.Contains(w)));

    public static string Place(string text) => Words(text).Single(Ioi.Lexicons["places"].Contains);

    public static string Object(string text) => Words(text).Single(Ioi.Lexicons["objects"].Contains);

    private static ITask Ioi { get; } = new TaskCatalog().Find("ioi");

    private static HashSet<string> Lexicons { get; } = [.. Ioi.Lexicons.Values.SelectMany(l => l)];

    private static int Tens(string text) => text[1] + text[5] - 2 * '0';

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string[] Names(string text) => [.. Words(text).Where(Ioi.Lexicons["names"].Contains)];

    private static string[] Words(string text) =>
        text.Split([' ', ',', '.', ';'], StringSplitOptions.RemoveEmptyEntries);
}
