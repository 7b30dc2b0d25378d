using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;

namespace InverseScope.Service.Compute;

/// <summary>
/// How many characters of texts a target has read at a position, as another process says. It depends on the position alone, and is asked of one
/// text of the prior after another, at every site: those beside it come along with it.
/// </summary>
/// <param name="prior">How many texts of the prior the pool begins with.</param>
/// <param name="ask">Null for a text without the position.</param>
internal sealed class CharacterCounts(TextPool pool, Func<int> prior, Func<Site, IReadOnlyList<string>, IReadOnlyList<int?>> ask)
{
    private const int AtOnce = 4096;

    // Prior texts, and some more.
    private const int MostRemembered = 400_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(Position Position, string Text), int?> _known = [];

    /// <inheritdoc cref="IInversionBackend.CharactersRead"/>
    public int? Of(Site site, string text)
    {
        var key = (site.Position, text);
        // Whoever wants the same waits for those who asked first.
        lock (_lock)
        {
            if (_known.TryGetValue(key, out var known))
                return known;
            var id = pool.Add(text);
            var first = id - (id % AtOnce);
            // Any other text may be one that the target cannot read, which is no fault of those beside it.
            string[] texts = id >= prior() ? [text] : [.. Enumerable.Range(first, Math.Min(AtOnce, prior() - first)).Select(i => pool[i]).Where(t => !_known.ContainsKey((site.Position, t)))];
            var counts = ask(site, texts);
            if (_known.Count + texts.Length > MostRemembered)
                _known.Clear();
            foreach (var (index, one) in texts.Index())
                _known[(site.Position, one)] = counts[index];
            return _known[key];
        }
    }
}
