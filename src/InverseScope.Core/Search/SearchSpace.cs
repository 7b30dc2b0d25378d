using InverseScope.Core.Specs;

namespace InverseScope.Core.Search;

/// <summary>
/// What varies in a task's texts, and so what a feature can be about: the atoms of the symbolic search with their labels
/// on a sample of the prior. Made once for a task and shared by all its sites; thread-safe.
/// </summary>
/// <remarks>
/// Nothing here knows a task: delimiters, fixed places, numbers, words and lexicon members are found in the sample.
/// </remarks>
public sealed class SearchSpace
{
    private const int MostAtoms = 400;
    private const double MostUndefined = 0.6;
    private const double MostConstant = 0.98;
    private readonly TextInterner _interner = new();
    private readonly Lock _lock = new();
    private readonly IReadOnlyList<View> _views;
    private readonly List<int[]> _prior = [];

    private SearchSpace(IReadOnlyList<string> prior, CompileContext context)
    {
        PriorSample = prior;
        Context = context;
        _views = ViewProfile.Views(prior);
    }

    /// <summary>Number of atoms: values read from a text in one go, which the search builds rules from.</summary>
    public int AtomCount => Atoms.Count;

    internal IReadOnlyList<string> PriorSample { get; }

    internal CompileContext Context { get; }

    internal List<Atom> Atoms { get; } = [];

    /// <summary>For each atom, a number that it shares with all atoms that part the prior sample in the same way.</summary>
    internal List<int> Partitions { get; } = [];

    /// <param name="priorSample">
    /// Draws from the prior: 2,000 at least to learn what varies; with 4,000 to 8,000 the label frequencies are better
    /// known, which rare labels (names) need.
    /// </param>
    /// <param name="context">What specs of this task are compiled against; its lexicons are searched too.</param>
    /// <exception cref="BadInputException">No texts were given.</exception>
    public static SearchSpace Build(
        IReadOnlyList<string> priorSample, CompileContext context, CancellationToken cancel)
    {
        if (priorSample.Count == 0)
            throw new BadInputException("The search has no texts of the prior to learn from.", "Give at least 2,000.");
        var space = new SearchSpace(priorSample, context);
        var profiles = space._views.Select((v, i) => new ViewProfile(v, i, priorSample)).Where(p => p.IsPresent).ToArray();
        space.Keep(space.Propose(profiles), cancel);
        return space;
    }

    /// <summary>Values of all atoms for one text.</summary>
    internal void Read(IEnumerable<string> texts, Action<int, int[]> row)
    {
        lock (_lock)
        {
            var reading = new Reading(_views, _interner);
            var values = new int[Atoms.Count];
            var i = 0;
            foreach (var text in texts)
            {
                reading.Open(text);
                for (var a = 0; a < values.Length; a++)
                    values[a] = Atoms[a].Read(reading);
                row(i++, values);
            }
        }
    }

    /// <summary>Values of one atom on the prior sample.</summary>
    internal ReadOnlySpan<int> Prior(int atom) => _prior[atom];

    /// <summary>The piece of text behind a code of a <see cref="TermKind.Text"/> or <see cref="TermKind.Character"/>.</summary>
    internal string Value(TermKind kind, int code)
    {
        if (kind == TermKind.Character)
            return ((char)code).ToString();
        lock (_lock)
            return _interner[code];
    }

    private IEnumerable<Atom> Propose(ViewProfile[] profiles)
    {
        var pointers = new List<(int View, Atom Atom)>();
        // Places in the parts say it better than places in the whole, which shift with the lengths of the parts.
        var isCut = profiles.Any(p => p is { HasPlaces: true, View.IsWhole: false });
        foreach (var profile in profiles.Where(p => p.HasPlaces))
        {
            var slots = profile.View.IsWhole && isCut ? [] : CharacterAtoms.Slots(profile).ToArray();
            foreach (var slot in slots)
                yield return slot;
            if (!profile.View.IsWhole && slots.Length > 0)
                pointers.Add((profile.Index, slots[0]));
            if (profile.IsNumber)
            {
                foreach (var number in CharacterAtoms.Numbers(profile))
                    yield return number;
            }
        }

        foreach (var profile in profiles.Where(p => p.HasPlaces))
            yield return CharacterAtoms.Length(profile);
        var partsHaveBags = profiles.Any(p => p is { HasBag: true, View.IsWhole: false });
        foreach (var profile in profiles.Where(p => p.HasBag && !(p.View.IsWhole && partsHaveBags)))
        {
            var outside = pointers.Where(p => p.View != profile.Index).Select(p => p.Atom).ToArray();
            foreach (var atom in CharacterAtoms.Bag(profile, outside, PriorSample.Count))
                yield return atom;
        }

        foreach (var profile in profiles.Where(p => p.IsWords))
        {
            foreach (var atom in Words(profile))
                yield return atom;
        }
    }

    private IEnumerable<Atom> Words(ViewProfile profile)
    {
        var texts = TextsWithWord(profile);
        var used = new List<(string Name, HashSet<int> Members)>();
        foreach (var (name, words) in Context.Lexicons.OrderBy(l => l.Key, StringComparer.Ordinal))
        {
            var members = words.Select(w => _interner.Id(w)).ToHashSet();
            if (texts.Where(t => members.Contains(t.Key)).Sum(t => t.Value) >= 0.3 * PriorSample.Count)
                used.Add((name, members));
        }

        foreach (var (name, members) in used)
        {
            foreach (var atom in WordAtoms.Members(profile, name, members))
                yield return atom;
        }

        foreach (var atom in WordAtoms.Places(profile))
            yield return atom;
        if (!profile.View.IsWhole)
            yield break;
        var listed = used.SelectMany(l => l.Members).ToHashSet();
        if (used.Count > 0)
            yield return WordAtoms.Template(profile, [.. used.Select(l => l.Name)], listed);
        foreach (var atom in WordAtoms.WrittenNumbers(profile))
            yield return atom;
        foreach (var atom in WordAtoms.Contained(profile, texts, _interner, PriorSample.Count))
            yield return atom;
    }

    private Dictionary<int, int> TextsWithWord(ViewProfile profile)
    {
        var texts = new Dictionary<int, int>();
        var reading = new Reading(_views, _interner);
        var seen = new HashSet<int>();
        foreach (var text in PriorSample)
        {
            reading.Open(text);
            seen.Clear();
            foreach (var word in reading.Words(profile.Index) ?? [])
            {
                if (seen.Add(word))
                    texts[word] = texts.GetValueOrDefault(word) + 1;
            }
        }

        return texts;
    }

    /// <summary>Labels the prior sample, and keeps the atoms that vary and are mostly defined.</summary>
    private void Keep(IEnumerable<Atom> proposed, CancellationToken cancel)
    {
        var candidates = proposed.ToList();
        var reading = new Reading(_views, _interner);
        var columns = candidates.Select(_ => new int[PriorSample.Count]).ToArray();
        for (var row = 0; row < PriorSample.Count; row++)
        {
            cancel.ThrowIfCancellationRequested();
            reading.Open(PriorSample[row]);
            for (var a = 0; a < candidates.Count; a++)
                columns[a][row] = candidates[a].Read(reading);
        }

        var partitions = new Dictionary<UInt128, int>();
        for (var a = 0; a < candidates.Count && Atoms.Count < MostAtoms; a++)
        {
            var column = columns[a];
            var counts = column.CountBy(v => v).ToDictionary();
            if (counts.GetValueOrDefault(Atom.NoValue) > MostUndefined * column.Length
                || counts.Values.Max() > MostConstant * column.Length)
            {
                continue;
            }

            var atom = candidates[a];
            if (atom.Kind == TermKind.Character
                && counts.Keys.All(c => c is Atom.NoValue or (>= '0' and <= '9')))
            {
                atom = Digit(atom);
                for (var i = 0; i < column.Length; i++)
                    column[i] = column[i] == Atom.NoValue ? Atom.NoValue : column[i] - '0';
            }

            atom.Index = Atoms.Count;
            Atoms.Add(atom);
            _prior.Add(column);
            var partition = PartitionHash.Of(column, Atom.NoValue);
            if (!partitions.TryGetValue(partition, out var shared))
                partitions.Add(partition, shared = partitions.Count);
            Partitions.Add(shared);
        }
    }

    private static Atom Digit(Atom character) => new(
        "digit", TermKind.Number, character.Steps, character.Phrase, character.Complexity,
        text => character.Read(text) is >= '0' and <= '9' and var c ? c - '0' : Atom.NoValue,
        [.. character.Steps, new Step.Int()]);
}
