using System.Collections.Concurrent;
using Microsoft.AspNetCore.Components;

namespace InverseScope.Service.Pages;

/// <summary>
/// Parts of pages that depend on a report and what people said of it alone: many read the same large table, and drawing it takes longer than
/// sending it. Thread-safe.
/// </summary>
internal sealed class FragmentCache
{
    // Of one sweep: every page of a long table in every order that somebody looks at.
    private const int MostFragments = 200;
    private const int MostSweeps = 50;

    private readonly ConcurrentDictionary<string, Shelf> _shelves = new(StringComparer.Ordinal);

    /// <summary>A fragment as it was made for this tag, or as it is made now.</summary>
    /// <param name="tag">Changes with everything that fragments of the sweep are made from.</param>
    /// <param name="what">Which of the sweep's fragments.</param>
    public MarkupString Get(string sweep, string tag, string what, Func<MarkupString> make)
    {
        if (!_shelves.TryGetValue(sweep, out var shelf) || shelf.Tag != tag)
        {
            if (_shelves.Count >= MostSweeps)
                _shelves.Clear();
            _shelves[sweep] = shelf = new Shelf(tag, new ConcurrentDictionary<string, MarkupString>(StringComparer.Ordinal));
        }

        if (shelf.Fragments.TryGetValue(what, out var known))
            return known;
        if (shelf.Fragments.Count >= MostFragments)
            shelf.Fragments.Clear();
        return shelf.Fragments[what] = make();
    }

    private sealed record Shelf(string Tag, ConcurrentDictionary<string, MarkupString> Fragments);
}
