using System.Text.RegularExpressions;

namespace InverseScope.Torch.Tokenizers;

/// <summary>
/// Tokens that are found in a text as they are spelled, before anything else is cut: the leftmost first, the longest of
/// those that begin there.
/// </summary>
internal sealed class LiteralTokens
{
    private readonly Dictionary<string, int> _ids;
    private readonly Regex? _any;

    public LiteralTokens(IEnumerable<KeyValuePair<string, int>> ids)
    {
        // Some vocabularies have an empty token, which is nowhere spelled.
        _ids = new Dictionary<string, int>(ids.Where(token => token.Key.Length > 0), StringComparer.Ordinal);
        var longestFirst = _ids.Keys.OrderByDescending(token => token.Length);
        if (_ids.Count > 0)
            _any = new Regex(string.Join('|', longestFirst.Select(Regex.Escape)), RegexOptions.CultureInvariant);
    }

    /// <summary>The text in order: what is spelled as a token with its id, what lies between without.</summary>
    public IEnumerable<(Range Range, int? Id)> Cut(string text)
    {
        var at = 0;
        for (var match = _any?.Match(text); match is { Success: true }; match = match.NextMatch())
        {
            if (match.Index > at)
                yield return (at..match.Index, null);
            yield return (match.Index..(match.Index + match.Length), _ids[match.Value]);
            at = match.Index + match.Length;
        }

        if (at < text.Length)
            yield return (at..text.Length, null);
    }
}
