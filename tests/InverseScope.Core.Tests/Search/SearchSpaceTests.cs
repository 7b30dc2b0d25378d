using InverseScope.Core.Search;
using InverseScope.Core.Specs;

namespace InverseScope.Core.Tests.Search;

/// <summary>What can be said of a text, and in which words.</summary>
public sealed class SearchSpaceTests
{
    [Fact]
    public void Places_are_told_from_the_front_of_the_part_that_they_are_in()
    {
        var phrases = Phrases("addition");

        Assert.Superset(
            new HashSet<string>
            {
                "1st digit", "2nd digit", "3rd digit", "1st digit after '+'", "2nd digit after '+'",
                "3rd digit after '+'", "number before '+'", "number after '+'", "number after '='",
            },
            phrases);
        // Operands have three digits each, so that nothing before '=' need be counted from an end.
        Assert.DoesNotContain(phrases, p => p.Contains("5th", StringComparison.Ordinal));
        Assert.Equal(
            ["2nd-last digit", "3rd-last digit", "4th-last digit", "last digit"],
            phrases.Where(p => p.EndsWith("last digit", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Where_lengths_differ_a_place_is_told_from_either_end()
    {
        var phrases = Phrases("counting");

        Assert.Superset(
            new HashSet<string>
            {
                "1st character", "9th character of the part before '|'", "last character before '|'",
                "3rd-last character before '|'", "character after '|'", "digit after ':'",
                "length of the part before '|'", "count before '|' of the character after '|'",
            },
            phrases);
    }

    [Fact]
    public void Words_are_told_by_place_by_lexicon_and_by_how_often_they_occur() => Assert.Superset(
        new HashSet<string>
        {
            "1st word", "2nd-last word", "number of words", "first word of 'names'", "last word of 'places'",
            "first word of 'names' that occurs once", "first word of 'names' that occurs twice",
            "template (the words that are in no lexicon)",
        },
        Phrases("ioi"));

    [Fact]
    public void The_parts_of_a_users_texts_are_found_by_their_delimiters()
    {
        string[] texts = ["ann@site.net", "user@example.com", "bob@mail.org", "eve@mine.gov"];
        var space = SearchSpace.Build(
            [.. Enumerable.Range(0, 400).Select(i => texts[i % texts.Length])], new CompileContext(), CancellationToken.None);

        Assert.Superset(
            new HashSet<string>
            {
                "1st character", "last character before '@'", "1st character after '@'", "last character before '.'",
                "2nd character after '.'", "length of the part between '@' and '.'",
                "count between '@' and '.' of its 1st character",
            },
            space.Atoms.Select(a => a.Phrase).ToHashSet());
    }

    [Fact]
    public void Constant_texts_leave_nothing_to_search() => Assert.Equal(
        0, SearchSpace.Build([.. Enumerable.Repeat("1+1=2", 50)], new CompileContext(), CancellationToken.None).AtomCount);

    private static HashSet<string> Phrases(string task) =>
        [.. new PlantedSearch(task, references: 1).Space.Atoms.Select(a => a.Phrase)];
}
