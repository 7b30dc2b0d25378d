using System.Globalization;
using InverseScope.Core.Search;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;

namespace InverseScope.Core.Tests.Search;

/// <summary>
/// The search labels texts by its own fast columns, and proposes specs: both must say the same of every text.
/// </summary>
public sealed class TermTests
{
    private const int Texts = 400;
    private const int OfEachKind = 7;

    [Theory]
    [InlineData("addition")]
    [InlineData("counting")]
    [InlineData("ioi")]
    public void Every_term_labels_texts_as_its_compiled_spec_does(string task)
    {
        var search = new PlantedSearch(task, references: 2, priorSample: Texts);
        var table = Table(search);
        var target = new int[table.Rows];
        foreach (var term in Terms(search.Space, table))
        {
            var column = term.Evaluate(table, target);
            AssertAgrees(search, term.Phrase, Compile(search, term.Steps), term.Kind, column);
        }
    }

    [Fact]
    public void A_condition_leaves_the_label_undefined_elsewhere()
    {
        var search = new PlantedSearch("addition", references: 2, priorSample: Texts);
        var table = Table(search);
        var numbers = Numbers(search.Space, table);
        var candidate = new Candidate(numbers[0], new AtLeast(numbers[1], 5));

        var column = candidate.Evaluate(table, new int[table.Rows]);

        Assert.Contains(Column.Undefined, column.Codes[..Texts]);
        var feature = Compile(search, candidate.Rule.Steps, candidate.Condition!.Steps);
        AssertAgrees(search, candidate.Title, feature, candidate.Rule.Kind, column);
    }

    [Fact]
    public void Every_kind_of_term_is_compared()
    {
        var compared = new HashSet<Type>();
        foreach (var task in new[] { "addition", "counting", "ioi" })
        {
            var search = new PlantedSearch(task, references: 2, priorSample: Texts);
            compared.UnionWith(Terms(search.Space, Table(search)).Select(t => t.GetType()));
        }

        var all = typeof(Term).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Term)) && !t.IsAbstract);
        Assert.Equal(all.ToHashSet(), compared);
    }

    [Fact]
    public void A_sum_of_sums_is_written_as_one_sum()
    {
        var search = new PlantedSearch("addition", references: 2, priorSample: Texts);
        var n = Numbers(search.Space, Table(search));
        var sum = new Arithmetic(Operation.Sum, new Arithmetic(Operation.Sum, n[0], n[1]), n[2]);

        Assert.Equal(3, Assert.IsType<Step.Sum>(Assert.Single(sum.Steps)).Terms.Count);
        Assert.Equal("sum of the 1st digit, the 2nd digit and the 3rd digit", sum.Phrase);
    }

    private static IEnumerable<Term> Terms(SearchSpace space, SiteTable table)
    {
        foreach (var atom in space.Atoms)
            yield return atom;
        var numbers = Numbers(space, table);
        foreach (var number in numbers)
        {
            var middle = table.Labels((Atom)number) is var c ? c.Offset + c.Count / 2 : 0;
            yield return new AtLeast(number, middle);
            yield return new Denied(new AtLeast(number, middle));
            foreach (var divisor in new[] { 2, 10, 100 })
            {
                yield return new Remainder(number, divisor);
                yield return new Quotient(number, divisor);
            }
        }

        foreach (var atom in space.Atoms.Where(a => a.Kind is TermKind.Character or TermKind.Text).Take(OfEachKind))
        {
            var code = table.Labels(atom).Codes[..Texts].First(c => c != Column.Undefined);
            yield return new Is(atom, code, space.Value(atom.Kind, code));
        }

        foreach (var kind in new[] { TermKind.Number, TermKind.Character, TermKind.Text })
        {
            foreach (var (a, b) in Pairs([.. space.Atoms.Where(t => t.Kind == kind).Take(OfEachKind)]))
            {
                yield return new Comparison(equal: true, a, b);
                yield return new Pairing(ordered: true, a, b);
                yield return new Pairing(ordered: false, a, b);
            }
        }

        foreach (var (a, b) in Pairs(numbers))
        {
            foreach (var operation in Enum.GetValues<Operation>())
                yield return new Arithmetic(operation, a, b);
            yield return new Comparison(equal: false, a, b);
            yield return new Arithmetic(Operation.Sum, new Arithmetic(Operation.Sum, a, b), numbers[0]);
            yield return new AtLeast(new Arithmetic(Operation.Difference, a, b), 0);
        }

        Term[] clauses = [.. space.Atoms.Where(a => a.Kind == TermKind.Bool).Take(3), .. numbers.Take(3).Select(n => new AtLeast(n, 2))];
        foreach (var (a, b) in Pairs(clauses))
        {
            yield return new Junction(all: true, a, b);
            yield return new Denied(new Junction(all: false, a, b));
        }
    }

    // Small numbers, so that products stay small as they do in the search.
    private static Term[] Numbers(SearchSpace space, SiteTable table) =>
        [.. space.Atoms.Where(a => a.Kind == TermKind.Number && table.Labels(a).Count <= 30).Take(OfEachKind)];

    private static IEnumerable<(Term, Term)> Pairs(IReadOnlyList<Term> terms) =>
        terms.SelectMany((a, i) => terms.Skip(i + 1).Select(b => (a, b)));

    private static SiteTable Table(PlantedSearch search) => SiteTable.Build(
        search.Input(search.Copied(0, _ => "")), 8, new RunSeed(1).Stream("table"), CancellationToken.None);

    private static IFeature Compile(PlantedSearch search, Pipeline rule, Pipeline? applies = null)
    {
        var spec = new FeatureSpec { Id = "term", Title = "Term", Hypothesis = "Term.", Rule = rule, Applies = applies };
        return FeatureCompiler.Compile(spec, search.Space.Context).OrThrow();
    }

    private static void AssertAgrees(
        PlantedSearch search, string phrase, IFeature feature, TermKind kind, Column column)
    {
        var joint = new Dictionary<int, string>();
        for (var row = 0; row < Texts; row++)
        {
            var text = search.Prior[row];
            var expected = feature.Label(text);
            var code = column.Codes[row];
            var actual = code == Column.Undefined ? null : kind switch
            {
                TermKind.Number => (code + column.Offset).ToString(CultureInfo.InvariantCulture),
                TermKind.Bool => code == 1 ? "true" : "false",
                TermKind.Joint => joint.TryAdd(code, expected ?? "") ? expected : joint[code],
                _ => search.Space.Value(kind, code),
            };
            Assert.True(expected == actual, $"{phrase} of '{text}': the spec says {expected}, the term {actual}.");
        }

        Assert.Equal(joint.Count, joint.Values.Distinct().Count());
    }
}
