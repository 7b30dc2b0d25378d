using System.Security.Cryptography;
using System.Text;
using InverseScope.Core.Specs.Syntax;

namespace InverseScope.Core.Specs;

/// <summary>
/// What decides the labels of a spec, as compact JSON with its keys in a fixed order. Id, title, hypothesis, sites and
/// tests are not in it, so that two specs that differ in these alone are one hypothesis; any other difference makes a
/// new one. A lexicon counts as the set of its words, wherever they are listed; the task's are left out, since a lexicon
/// that is not listed is the task's.
/// </summary>
public static class CanonicalForm
{
    public static string Of(FeatureSpec spec) => JsonSpecWriter.WriteCompact(FeatureSpecForm.Essence.Write(spec with
    {
        Lexicons = [.. spec.Lexicons.Select(WithWords).OfType<Lexicon>().OrderBy(l => l.Name, StringComparer.Ordinal)],
    }));

    /// <summary>SHA-256 of the canonical form in UTF-8, lower-case hex.</summary>
    public static string Hash(FeatureSpec spec) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Of(spec))));

    private static Lexicon? WithWords(Lexicon lexicon) => lexicon.Source switch
    {
        LexiconSource.Words { List: var words } => lexicon with { Source = Sorted(words) },
        LexiconSource.File { List: var words } => lexicon with { Source = Sorted(words) },
        _ => null,
    };

    private static LexiconSource.Words Sorted(ValueList<string> words) =>
        new([.. words.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
}
