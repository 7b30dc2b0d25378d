using InverseScope.Core.Seeds;

namespace InverseScope.Core.Search;

/// <summary>
/// Proposes features by itself: it enumerates rules over what varies in the prior, and keeps those that explain most bits
/// of a site with the simplest rule. It needs no language model.
/// <para>In each round every rule is scored by the bits that it adds to the features found before, and by its κ. The site's
/// own feature has both at their highest: finer ones lose κ, coarser ones lose bits. Rounds go on until nothing adds a
/// real gain.</para>
/// </summary>
public static class SymbolicSearch
{
    // What is known is grouped by every combination of its features.
    private const int MostExplained = 12;

    /// <summary>Searches one site. The same input, options and stream give the same result.</summary>
    public static SearchResult Propose(
        SearchInput input, SearchOptions options, RandomStream random, CancellationToken cancel)
    {
        if (options.Check().FirstOrDefault() is { } problem)
            throw new BadInputException(problem);
        var table = SiteTable.Build(input, options.MaxSamples, random, cancel);
        if (table.References < options.MinimumReferences)
        {
            return new SearchResult([], new SearchLog(
                0, table.References, [], 0, $"only {table.References} references have samples"));
        }

        var scorer = new Scorer(table);
        var writer = new ProposalWriter(input, table, scorer, options);
        var rounds = new List<SearchRound>();
        var proposals = new List<Proposal>();
        var explained = new List<Column>();
        double joint = 0;
        var weak = 0;
        string stopped;
        while (true)
        {
            var known = Explained.By(table, explained);
            var scored = Round(input.Space, table, scorer, known, options, cancel);
            var chosen = new Selection(table, scorer, known, options, joint, weak < options.MaxWeakProposals, random).Choose(scored);
            rounds.Add(new SearchRound(chosen is null ? null : Tried(chosen.Candidate, chosen.Score, chosen.Complexity), BestOfFamilies(scored)));
            if (chosen is null)
            {
                stopped = rounds.Count == 1 ? "nothing exceeds chance" : "nothing adds a real gain";
                break;
            }

            joint += chosen.Score.Gain;
            weak += chosen.Score.IsStrong(options.StrongKappa) ? 0 : 1;
            explained.Add(chosen.Candidate.Evaluate(table, new int[table.Rows]));
            if (writer.Write(chosen, scored, explained[^1]) is { } proposal)
                proposals.Add(proposal);
            if (proposals.Count == options.MaxProposals)
            {
                stopped = $"{options.MaxProposals} proposals";
                break;
            }

            if (scorer.Scored >= options.MaxCandidates || explained.Count >= Math.Min(MostExplained, 2 * options.MaxProposals))
            {
                stopped = $"{scorer.Scored} candidates tried";
                break;
            }
        }

        return new SearchResult(proposals, new SearchLog(scorer.Scored, table.References, rounds, joint, stopped));
    }

    private static List<Scored> Round(
        SearchSpace space, SiteTable table, Scorer scorer, Explained known, SearchOptions options,
        CancellationToken cancel)
    {
        var scored = new TermGrower(space, table, scorer, known, options.MaxCandidates - scorer.Scored, cancel).Grow();
        var conditional = new ConditionFinder(table, scorer, known, options.MinimumReferences).Find(scored, cancel);
        return [.. scored, .. conditional];
    }

    private static TriedRule[] BestOfFamilies(IReadOnlyList<Scored> scored) =>
        [.. scored.GroupBy(s => s.Candidate.Family)
            .Select(f => f.MaxBy(s => s.Score.Merit)!)
            .OrderByDescending(s => s.Score.Merit)
            .Take(10)
            .Select(s => Tried(s.Candidate, s.Score, s.Complexity))];

    private static TriedRule Tried(Candidate candidate, Score score, double complexity) =>
        new(candidate.Family, candidate.Title, score.Gain, score.Kappa, complexity);
}
