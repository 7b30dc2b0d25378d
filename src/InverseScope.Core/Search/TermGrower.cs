namespace InverseScope.Core.Search;

/// <summary>
/// Enumerates rules for one site: atoms, what can be said of one, of two, and of more where that promises something. Rules
/// that part the prior alike are scored once, as the simplest of them.
/// </summary>
internal sealed class TermGrower
{
    private const int FingerprintRows = 1000;
    private const int DividedPairs = 48;
    private const int DividedTriples = 12;
    private const int GrownNumbers = 8;
    private const int JoinedClauses = 12;
    private const int CommonValues = 12;
    private const int CutsOfEach = 3;
    private const int CutsOfPairs = 300;
    private const int CutsOfTriples = 60;
    private const int WidestFactor = 12;
    private const double SimilarRange = 3.5;

    private static readonly int[] SmallDivisors = [2, 3, 4, 5];

    private readonly SearchSpace _space;
    private readonly SiteTable _table;
    private readonly Scorer _scorer;
    private readonly Explained _known;
    private readonly ThresholdScan _thresholds;
    private readonly long _most;
    private readonly CancellationToken _cancel;
    private readonly Dictionary<UInt128, int> _byPartition = [];
    private readonly List<Entry> _entries = [];
    private readonly List<(Term Cut, double Promise)> _cuts = [];
    private readonly int[] _target;

    /// <param name="most">Rules to score at most.</param>
    public TermGrower(
        SearchSpace space, SiteTable table, Scorer scorer, Explained known, long most,
        CancellationToken cancel)
    {
        (_space, _table, _scorer, _known, _most, _cancel) = (space, table, scorer, known, scorer.Scored + most, cancel);
        _thresholds = new ThresholdScan(table, known);
        _target = table.Rent();
    }

    /// <summary>Every rule that was scored, in the order of the search.</summary>
    public IReadOnlyList<Scored> Grow()
    {
        var atoms = Score(Representatives());
        Score(atoms.SelectMany(a => Clauses(a).Concat(Divisions(a))));
        var pairs = Score(Pairs(atoms), scan: true);
        Score(BestCuts(CutsOfPairs));
        Score(Promising(pairs, DividedPairs).SelectMany(Divisions));
        var triples = Score(Triples(pairs, atoms), scan: true);
        Score(BestCuts(CutsOfTriples));
        Score(Promising(triples, DividedTriples).SelectMany(Divisions));
        Score(Junctions());
        _table.Return(_target);
        return [.. _entries.Where(e => e.Score is not null)
            .Select(e => new Scored(new Candidate(e.Term), e.Score!.Value, e.Complexity))];
    }

    /// <summary>
    /// Of the atoms with the same partition and kind, the simplest one at this site; of several as simple, the one whose tokens
    /// the activation tells most of.
    /// </summary>
    private IEnumerable<Term> Representatives() =>
        _space.Atoms
            .GroupBy(a => (_space.Partitions[a.Index], a.Kind))
            .Select(g => g.OrderBy(a => new Candidate(a).Complexity(_table)).ThenByDescending(a => _table.Told[a.Index]).First())
            .OrderBy(a => a.Index);

    /// <param name="scan">Whether to look for the best thresholds of the numbers on the way.</param>
    private List<Entry> Score(IEnumerable<Term> terms, bool scan = false)
    {
        var scored = new List<Entry>();
        foreach (var term in terms)
        {
            if (_scorer.Scored >= _most)
                break;
            _cancel.ThrowIfCancellationRequested();
            var column = term.Evaluate(_table, _target);
            var complexity = new Candidate(term).Complexity(_table);
            var fingerprint = PartitionHash.Of(
                column.Codes.AsSpan(0, Math.Min(FingerprintRows, _table.PriorRows)), Column.Undefined);
            if (_byPartition.TryGetValue(fingerprint, out var same))
            {
                var known = _entries[same];
                // The simplest wording of a partition stands for it.
                if (complexity < known.Complexity)
                    _entries[same] = known with { Term = term, Complexity = complexity };
                continue;
            }

            var entry = new Entry(
                term, _scorer.Measure(column, _known), complexity, column with { Codes = [] },
                term is Atom && _known.Determine(column));
            // Labels that are too rare to be scored are alike in being all different, and still are not the same.
            if (entry.Score is not null)
                _byPartition.Add(fingerprint, _entries.Count);
            _entries.Add(entry);
            scored.Add(entry);
            if (scan && term.Kind == TermKind.Number)
            {
                foreach (var (bound, promise) in _thresholds.Best(column, CutsOfEach))
                    _cuts.Add((new AtLeast(term, bound), promise));
            }
        }

        return scored;
    }

    private Term[] BestCuts(int most)
    {
        var best = _cuts.OrderByDescending(c => c.Promise).Take(most).Select(c => c.Cut).ToArray();
        _cuts.Clear();
        return best;
    }

    private static IEnumerable<Entry> Promising(IEnumerable<Entry> entries, int most) =>
        entries.Where(e => e.Term.Kind == TermKind.Number && e.Score is { Gain: > 0 })
            .OrderByDescending(e => e.Score!.Value.Gain)
            .Take(most);

    /// <summary>What can be true or false of an atom.</summary>
    private IEnumerable<Term> Clauses(Entry entry)
    {
        var column = entry.Term.Evaluate(_table, _target);
        return entry.Term.Kind switch
        {
            TermKind.Number => _thresholds.Bounds(column).Select(bound => new AtLeast(entry.Term, bound)),
            TermKind.Character or TermKind.Text => _thresholds.Histogram(column)
                .OrderByDescending(h => h.Value)
                .ThenBy(h => h.Key)
                .Take(CommonValues)
                .Select(h => new Is(entry.Term, h.Key, _space.Value(entry.Term.Kind, h.Key))),
            _ => Enumerable.Empty<Term>(),
        };
    }

    private static IEnumerable<Term> Divisions(Entry entry)
    {
        // Remainders of negative numbers mean little to people.
        if (entry.Term.Kind != TermKind.Number || entry.Column.Offset < 0)
            yield break;
        var high = entry.Column.Offset + entry.Column.Count - 1;
        foreach (var divisor in SmallDivisors.Where(d => high >= d))
            yield return new Remainder(entry.Term, divisor);
        foreach (var divisor in new[] { 10, 100 }.Where(d => high >= d))
        {
            yield return new Remainder(entry.Term, divisor);
            yield return new Quotient(entry.Term, divisor);
        }
    }

    private IEnumerable<Term> Pairs(IReadOnlyList<Entry> atoms)
    {
        var commonest = Math.Log2(_table.PriorRows) + 1;
        for (var i = 0; i < atoms.Count; i++)
        {
            for (var j = i + 1; j < atoms.Count; j++)
            {
                var (a, b) = (atoms[i], atoms[j]);
                if (a.Term.Kind != b.Term.Kind || a.Term.Kind == TermKind.Bool)
                    continue;
                if (a.Term.Kind == TermKind.Number)
                {
                    if (!Similar(a.Column, b.Column))
                        continue;
                    yield return new Arithmetic(Operation.Sum, a.Term, b.Term);
                    yield return new Arithmetic(Operation.Difference, a.Term, b.Term);
                    yield return new Arithmetic(Operation.Max, a.Term, b.Term);
                    yield return new Arithmetic(Operation.Min, a.Term, b.Term);
                    if (Math.Max(a.Column.Count, b.Column.Count) <= WidestFactor)
                        yield return new Arithmetic(Operation.Product, a.Term, b.Term);
                    yield return new Comparison(equal: false, a.Term, b.Term);
                    yield return new Comparison(equal: false, b.Term, a.Term);
                }

                yield return new Comparison(equal: true, a.Term, b.Term);
                // Pairs of rare labels are all different: nothing can be learnt of them. And a label together with one
                // that is known is no more than that label.
                if (a.Score is { } x && b.Score is { } y && x.Entropy + y.Entropy <= commonest
                    && !a.IsDetermined && !b.IsDetermined)
                {
                    yield return new Pairing(ordered: true, a.Term, b.Term);
                    yield return new Pairing(ordered: false, a.Term, b.Term);
                }
            }
        }
    }

    private static IEnumerable<Term> Triples(IReadOnlyList<Entry> pairs, IReadOnlyList<Entry> atoms) =>
        from pair in Promising(pairs, GrownNumbers)
        from atom in atoms
        where atom.Term.Kind == TermKind.Number && Similar(atom.Column, pair.Column)
            && !pair.Term.Atoms.Contains((Atom)atom.Term)
        select new Arithmetic(Operation.Sum, pair.Term, atom.Term);

    private IEnumerable<Term> Junctions()
    {
        var clauses = _entries.Where(e => e.Term.Kind == TermKind.Bool && e.Score is { Gain: > 0 })
            .OrderByDescending(e => e.Score!.Value.Gain)
            .Take(JoinedClauses)
            .Select(e => e.Term)
            .ToArray();
        for (var i = 0; i < clauses.Length; i++)
        {
            for (var j = i + 1; j < clauses.Length; j++)
            {
                yield return new Junction(all: true, clauses[i], clauses[j]);
                yield return new Junction(all: false, clauses[i], clauses[j]);
            }
        }
    }

    private static bool Similar(Column a, Column b) =>
        a.Count > 2 && b.Count > 2 && a.Count <= SimilarRange * b.Count && b.Count <= SimilarRange * a.Count;

    /// <param name="Column">Without its codes.</param>
    /// <param name="IsDetermined">For an atom, whether the known features leave nothing open about it.</param>
    private sealed record Entry(Term Term, Score? Score, double Complexity, Column Column, bool IsDetermined);
}
