using InverseScope.Core.Search;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;

namespace InverseScope.Core.Tests.Search;

public sealed class SymbolicSearchTests
{
    private static readonly SearchOptions Whole = PlantedSearch.Quick with { MaxProposals = 6 };

    [Fact]
    public void The_same_input_options_and_stream_give_the_same_result()
    {
        var (first, second) = (Search(), Search());

        Assert.NotEmpty(first.Proposals);
        Assert.Equal(
            first.Proposals.Select(p => (FeatureSpecText.Print(p.Spec, SpecFormat.Yaml), p.Score, p.Why)),
            second.Proposals.Select(p => (FeatureSpecText.Print(p.Spec, SpecFormat.Yaml), p.Score, p.Why)));
        Assert.Equal(
            (first.Log.Candidates, first.Log.JointBits, first.Log.Stopped),
            (second.Log.Candidates, second.Log.JointBits, second.Log.Stopped));

        static SearchResult Search()
        {
            var search = new PlantedSearch("ioi");
            return search.Run(search.Planted(0.5, PlantedFeatures.NameOnce, PlantedFeatures.Order), Whole);
        }
    }

    [Fact]
    public void Proposals_have_different_hashes_and_different_partitions()
    {
        var search = new PlantedSearch("ioi");
        var result = search.Run(search.Planted(0.5, PlantedFeatures.NameTwice, PlantedFeatures.Order), Whole);

        Assert.InRange(result.Proposals.Count, 2, 6);
        Assert.Equal(result.Proposals.Count, result.Proposals.Select(p => p.Feature.Hash).Distinct().Count());
        foreach (var (a, i) in result.Proposals.Select((p, i) => (p, i)))
            Assert.All(result.Proposals.Skip(i + 1), b => Assert.InRange(search.Agreement(a.Feature.Label, b), -1, 0.95));
    }

    [Fact]
    public void What_was_tested_is_not_proposed_again_nor_its_by_products()
    {
        var search = new PlantedSearch("ioi");
        var sets = search.Planted(0.3, PlantedFeatures.Place);
        var first = Assert.Single(search.Run(sets, Whole).Proposals);

        var again = SymbolicSearch.Propose(
            search.Input(sets, tested: new HashSet<string> { first.Feature.Hash }), Whole,
            new RunSeed(1).Stream("search"), CancellationToken.None);

        Assert.Empty(again.Proposals);
        Assert.Equal(first.Spec.Title, again.Log.Rounds[0].Chosen!.Title);
    }

    [Fact]
    public void Of_equal_rules_the_simplest_is_proposed()
    {
        var search = new PlantedSearch("ioi");

        // The name that occurs twice is also the last name: the same partition, with fewer steps.
        var first = search.Run(search.Planted(0.3, PlantedFeatures.NameTwice)).Proposals[0];

        Assert.Equal("Last word of 'names'", first.Spec.Title);
    }

    [Fact]
    public void What_the_target_has_read_wins_over_an_equal_feature_of_what_comes_after()
    {
        var search = new PlantedSearch("counting");
        var sets = search.Planted(0.3, PlantedFeatures.Count);

        var toTheEnd = Propose(read: null);
        var toTheColon = Propose(read: text => text.IndexOf(':') + 1);

        Assert.Equal("Digit after ':'", toTheEnd.Spec.Title);
        Assert.Equal("Count before '|' of the character after '|'", toTheColon.Spec.Title);
        Assert.Equal(1, search.Agreement(toTheEnd.Feature.Label, toTheColon), 1e-9);

        Proposal Propose(Func<string, int?>? read) => SymbolicSearch.Propose(
            search.Input(sets, read: read), PlantedSearch.Quick, new RunSeed(1).Stream("search"),
            CancellationToken.None).Proposals[0];
    }

    [Fact]
    public void A_proposal_is_a_spec_that_can_be_written_read_and_tested()
    {
        var search = new PlantedSearch("addition");
        var proposal = search.Run(search.Planted(0.3, PlantedFeatures.Carry)).Proposals[0];

        var text = FeatureSpecText.Print(proposal.Spec, SpecFormat.Yaml);
        var read = FeatureSpecText.Parse(text).OrThrow().Spec;

        Assert.Equal(proposal.Feature.Hash, FeatureCompiler.Compile(read, search.Space.Context).OrThrow().Hash);
        Assert.Equal(2, proposal.Spec.Tests.Count);
        Assert.Equal("Sum of the 2nd digit and the 2nd digit after '+' is at least 10", proposal.Spec.Title);
        Assert.Contains("bits per reference", proposal.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_condition_is_told_in_the_title_and_in_the_spec()
    {
        var search = new PlantedSearch("addition");

        var proposal = search.Run(search.Planted(0.3, PlantedFeatures.DigitUnderCondition)).Proposals[0];

        Assert.Equal("2nd digit, where the 1st digit after '+' is at least 5", proposal.Spec.Title);
        Assert.NotNull(proposal.Spec.Applies);
        Assert.Null(proposal.Feature.Label("615+461=1076"));
        Assert.Equal("1", proposal.Feature.Label("615+861=1476"));
    }

    [Fact]
    public void With_few_references_nothing_is_proposed_and_the_reason_is_told()
    {
        var search = new PlantedSearch("ioi", references: 29);

        var result = search.Run(search.Copied(1, PlantedFeatures.Place));

        Assert.Empty(result.Proposals);
        Assert.Empty(result.Log.Rounds);
        Assert.Equal("only 29 references have samples", result.Log.Stopped);
    }

    [Fact]
    public void The_search_ends_at_the_number_of_candidates_allowed()
    {
        var search = new PlantedSearch("ioi");

        var result = search.Run(search.Copied(1, PlantedFeatures.Place), Whole with { MaxCandidates = 60 });

        Assert.InRange(result.Log.Candidates, 60, 400);
        Assert.Equal($"{result.Log.Candidates} candidates tried", result.Log.Stopped);
    }

    [Fact]
    public void A_search_can_be_cancelled()
    {
        var search = new PlantedSearch("ioi");
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();

        Assert.Throws<OperationCanceledException>(() => SymbolicSearch.Propose(
            search.Input(search.Copied(1, PlantedFeatures.Place)), Whole, new RunSeed(1).Stream("search"), cancel.Token));
        Assert.Throws<OperationCanceledException>(() => SearchSpace.Build(search.Prior, search.Space.Context, cancel.Token));
    }

    [Fact]
    public void A_weak_feature_is_called_weak_and_at_most_two_are_proposed()
    {
        var search = new PlantedSearch("ioi");
        var sets = search.Copied(0.25, PlantedFeatures.NameOnce);

        var weak = search.Run(sets, Whole).Proposals;
        var none = search.Run(sets, Whole with { MaxWeakProposals = 0 });

        Assert.InRange(weak.Count, 1, 2);
        Assert.Contains("Weak", weak[0].Why, StringComparison.Ordinal);
        Assert.Empty(none.Proposals);
    }

    [Fact]
    public void A_prior_without_texts_is_refused() => Assert.Throws<BadInputException>(
        () => SearchSpace.Build([], new CompileContext(), CancellationToken.None));

    public static TheoryData<SearchOptions, string> Unusable => new()
    {
        { new SearchOptions { MaxProposals = 0 }, "max_proposals" },
        { new SearchOptions { MaxCandidates = 0 }, "max_candidates" },
        { new SearchOptions { MinimumKappa = 1 }, "minimum_kappa" },
        { new SearchOptions { StrongKappa = double.NaN }, "strong_kappa" },
        { new SearchOptions { MaxWeakProposals = -1 }, "max_weak_proposals" },
        { new SearchOptions { MinimumBits = -0.1 }, "minimum_bits" },
        { new SearchOptions { MinimumReferences = 1 }, "minimum_references" },
        { new SearchOptions { FalseProposalRate = 0 }, "false_proposal_rate" },
        { new SearchOptions { MaxSamples = 1 }, "max_samples" },
    };

    [Theory]
    [MemberData(nameof(Unusable), DisableDiscoveryEnumeration = true)]
    public void Options_that_cannot_be_used_are_named(SearchOptions options, string name)
    {
        Assert.StartsWith(name, Assert.Single(options.Check()), StringComparison.Ordinal);
        var search = new PlantedSearch("ioi", references: 2, priorSample: 50);
        Assert.Throws<BadInputException>(() => search.Run(search.Copied(0, PlantedFeatures.Place), options));
        Assert.Empty(new SearchOptions().Check());
    }
}
