using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;

namespace InverseScope.Service.Compute;

/// <summary>
/// How many characters of texts a target has read at a position, as another process says. It depends on the position alone, and is asked of the
/// same texts at every site.
/// </summary>
/// <param name="ask">Null for a text without the position.</param>
internal sealed class CharacterCounts(Func<Site, IReadOnlyList<string>, IReadOnlyList<int?>> ask)
{
    // Texts in one message.
    private const int AtOnce = 4096;

    // Prior texts, and some more.
    private const int MostRemembered = 400_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(Position Position, string Text), int?> _known = [];

    /// <inheritdoc cref="IInversionBackend.CharactersRead"/>
    public IReadOnlyList<int?> Of(Site site, IReadOnlyList<string> texts)
    {
        // Whoever wants the same waits for those who asked first.
        lock (_lock)
        {
            if (_known.Count + texts.Count > MostRemembered)
                _known.Clear();
            foreach (var some in texts.Where(t => !_known.ContainsKey((site.Position, t))).Distinct(StringComparer.Ordinal).Chunk(AtOnce).ToArray())
            {
                var counts = ask(site, some);
                foreach (var (index, text) in some.Index())
                    _known[(site.Position, text)] = counts[index];
            }

            return [.. texts.Select(t => _known[(site.Position, t)])];
        }
    }
}
