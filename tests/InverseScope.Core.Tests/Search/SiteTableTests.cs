using CsCheck;
using InverseScope.Core.Information;
using InverseScope.Core.Sampling;
using InverseScope.Core.Search;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;

namespace InverseScope.Core.Tests.Search;

public sealed class SiteTableTests
{
    [Fact]
    public void Thinning_keeps_each_text_as_often_as_its_weight_says() =>
        Gen.Select(Gen.Double[0.001, 1].Array[2, 120], Gen.Int[2, 64], Gen.Long).Sample((weights, most, seed) =>
        {
            var total = weights.Sum();
            var set = Set([.. weights.Select(w => (float)(w / total))]);

            var thinned = set.Thinned(most, new RunSeed(seed).Stream("thin"));

            if (weights.Length <= most)
            {
                Assert.Same(set, thinned);
                return;
            }

            Assert.Equal(most, thinned.Texts.Length);
            Assert.All(thinned.Weights, w => Assert.Equal(1f / most, w));
            for (var i = 0; i < weights.Length; i++)
            {
                var expected = set.Weights[i] * most;
                Assert.InRange(thinned.Texts.Count(t => t == i), Math.Floor(expected - 0.01), Math.Ceiling(expected + 0.01));
            }

            Assert.Equal((set.Reference, set.Ess), (thinned.Reference, thinned.Ess));
        });

    [Fact]
    public void Rows_are_the_prior_the_references_and_their_samples()
    {
        var search = new PlantedSearch("addition", references: 5, priorSample: 50);
        var sets = search.Copied(0.5, PlantedFeatures.Digit, samples: 12);

        var table = SiteTable.Build(search.Input(sets), 8, new RunSeed(1).Stream("table"), CancellationToken.None);

        Assert.Equal((50, 5, 8, 50 + 5 + 40), (table.PriorRows, table.References, table.Samples, table.Rows));
        Assert.All(Enumerable.Range(0, 5), r => Assert.Equal(1, table.Weights[(r * 8)..(r * 8 + 8)].Sum(), 1e-5));
        var digit = table.Labels(search.Space.Atoms[0]);
        Assert.Equal(
            table.ReferenceTexts.Select(t => t[0] - '0'),
            digit.Codes[50..55].Select(c => c + digit.Offset));
    }

    [Fact]
    public void References_without_samples_and_prior_texts_without_the_position_are_left_out()
    {
        var search = new PlantedSearch("addition", references: 4, priorSample: 60);
        var sets = search.Copied(0, PlantedFeatures.Digit);
        sets[1] = Set([]);
        int? Read(string text) => text[0] < '5' ? null : 4;

        var table = SiteTable.Build(
            search.Input(sets, read: Read), 8, new RunSeed(1).Stream("table"), CancellationToken.None);

        Assert.Equal(3, table.References);
        Assert.Equal(search.Prior.Count(t => t[0] >= '5'), table.PriorRows);
    }

    [Fact]
    public void What_comes_after_the_site_is_known_to_be_ahead()
    {
        var search = new PlantedSearch("addition", references: 40, priorSample: 100);

        var table = SiteTable.Build(
            search.Input(search.Copied(0, PlantedFeatures.Digit), read: t => t.IndexOf('=') + 1), 8,
            new RunSeed(1).Stream("table"), CancellationToken.None);

        bool Ahead(string phrase) => table.Ahead[search.Space.Atoms.First(a => a.Phrase == phrase).Index];
        Assert.False(Ahead("1st digit"));
        Assert.False(Ahead("3rd digit after '+'"));
        Assert.False(Ahead("number after '+'"));
        Assert.True(Ahead("1st digit after '='"));
        Assert.True(Ahead("number after '='"));
    }

    [Fact]
    public void Atoms_are_told_of_by_the_bits_of_the_tokens_that_they_read()
    {
        var search = new PlantedSearch("addition", references: 40, priorSample: 100);
        var sets = search.Copied(0, PlantedFeatures.Digit);
        var input = search.Input([.. sets.Select(s => s with { Tokens = Characters(search.Input(sets).Texts[s.Reference], hot: 0) })]);

        double[] Told(SearchInput of) => SiteTable.Build(of, 8, new RunSeed(1).Stream("table"), CancellationToken.None).Told;
        int Atom(string phrase) => search.Space.Atoms.First(a => a.Phrase == phrase).Index;
        var told = Told(input);
        Assert.Equal(3, told[Atom("1st digit")], 1e-9);
        Assert.Equal(0, told[Atom("number after '+'")], 1e-9);
        Assert.Equal(0, told[Atom("1st digit after '='")], 1e-9);
        Assert.All(Told(search.Input(sets)), t => Assert.Equal(0, t));
    }

    // The first word is also the third: which of them is meant, samples cannot tell, but the tokens' bits can.
    [Theory]
    [InlineData(0, "red")]
    [InlineData(2, "blue")]
    public void Of_rules_that_say_the_same_the_one_is_proposed_whose_tokens_carry_bits(int hot, string label)
    {
        string[] colours = ["red", "blue", "green", "pink"], things = ["cat", "dog", "hat", "cup", "sun", "moon"];
        string[] all = [.. colours.SelectMany(c => things.Select(t => $"{c} {t} {c}"))];
        var pool = new TextPool();
        var ids = Array.ConvertAll(all, pool.Add);
        var space = SearchSpace.Build([.. Enumerable.Range(0, 960).Select(i => all[i % all.Length])], new CompileContext(), CancellationToken.None);
        SampleSet[] sets =
        [
            .. Enumerable.Range(0, 48).Select(i =>
            {
                int[] alike = [.. ids.Where(id => pool[id][..3] == all[i % all.Length][..3] && id != ids[i % all.Length])];
                return new SampleSet(ids[i % all.Length], alike, [.. alike.Select(_ => 1f / alike.Length)], [], 20, alike.Length, 2)
                {
                    Tokens = Words(all[i % all.Length], hot),
                };
            }),
        ];

        var found = SymbolicSearch.Propose(new SearchInput(space, pool, sets), PlantedSearch.Quick, new RunSeed(1).Stream("search"), CancellationToken.None);

        Assert.Equal(label, Assert.Single(found.Proposals).Feature.Label("red cat blue"));
    }

    private static TokenBits[] Characters(string text, int hot) =>
        [.. text.Select((c, i) => new TokenBits(c.ToString(), i, i == hot ? 3 : 0)), new TokenBits("", text.Length, 0)];

    private static TokenBits[] Words(string text, int hot)
    {
        var tokens = new List<TokenBits>();
        foreach (var (i, word) in text.Split(' ').Index())
            tokens.Add(new TokenBits(word, tokens.Sum(t => t.Token.Length) + i, i == hot ? 2 : 0));
        return [.. tokens];
    }

    private static SampleSet Set(float[] weights) =>
        new(0, [.. Enumerable.Range(0, weights.Length)], weights, [], weights.Length, weights.Length, 0);
}
