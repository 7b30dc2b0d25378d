using InverseScope.Core.Sampling;

namespace InverseScope.Core.Search;

/// <summary>What the search may look at for one site: references of the explore part alone.</summary>
/// <param name="Space">Made once for the task.</param>
/// <param name="Texts">The pool that <paramref name="ExploreSets"/> refer to.</param>
/// <param name="ExploreSets">
/// References with their samples; those without samples are passed over. References that were too thinly covered to be
/// measured should be left out. What a generator says of their tokens orders rules that explain alike.
/// </param>
/// <param name="CharactersRead">
/// For each of some texts, how many of its characters the target has read at the site (through the last character of the site's
/// token), or null if the text has no such position. It restricts the prior to texts that can be samples, and lets
/// a feature of what was read win over an equal one of what comes after. Null: every text, to its end.
/// </param>
/// <param name="Tested">Hashes of features that were tested at this site already; they are not proposed again.</param>
public sealed record SearchInput(
    SearchSpace Space,
    TextPool Texts,
    IReadOnlyList<SampleSet> ExploreSets,
    Func<IReadOnlyList<string>, IReadOnlyList<int?>>? CharactersRead = null,
    IReadOnlySet<string>? Tested = null);
