using CsCheck;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;

namespace InverseScope.Core.Tests.Tasks;

public sealed class IoiTaskTests
{
    private const string Example = "When Mary and John went to the store, John gave a drink to";
    private readonly ITask _task = new TaskCatalog().Find("ioi");

    [Fact]
    public void Lexicons_are_large_and_of_single_words()
    {
        Assert.True(_task.Lexicons["names"].Count >= 200);
        Assert.True(_task.Lexicons["places"].Count >= 20);
        Assert.True(_task.Lexicons["objects"].Count >= 20);
        var words = _task.Lexicons.Values.SelectMany(l => l).ToList();
        Assert.All(words, w => Assert.True(w.All(char.IsAsciiLetter), w));
        Assert.Equal(words.Count, words.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.All(_task.Lexicons["objects"], w => Assert.DoesNotContain(w[0], "aeiou"));
    }

    [Fact]
    public void Templates_use_no_word_of_a_lexicon_themselves() => Gen.Long.Sample(seed =>
    {
        var words = Words(_task.Draw(new RunSeed(seed).Stream("draws")));
        Assert.Equal(3, words.Count(w => _task.Lexicons["names"].Contains(w)));
        Assert.Equal(1, words.Count(w => _task.Lexicons["places"].Contains(w)));
        Assert.Equal(1, words.Count(w => _task.Lexicons["objects"].Contains(w)));
    }, iter: 2_000);

    [Fact]
    public void Draws_are_valid_and_their_positions_point_at_the_names() => Gen.Long.Sample(seed =>
    {
        var text = _task.Draw(new RunSeed(seed).Stream("draws"));
        Assert.Null(_task.WhyInvalid(text));
        Assert.True(double.IsFinite(_task.LogProbability(text)!.Value));
        var names = Words(text).Where(w => _task.Lexicons["names"].Contains(w)).ToList();
        var (once, twice) = (names.GroupBy(n => n).Single(g => g.Count() == 1).Key, names.GroupBy(n => n).Single(g => g.Count() == 2).Key);
        Assert.Equal(once, WordAt(text, "IO"));
        Assert.Equal(twice, WordAt(text, "S1"));
        Assert.Equal(twice, WordAt(text, "S2"));
        Assert.True(_task.CharacterAt("S1", text) < _task.CharacterAt("S2", text));
        Assert.Contains(WordAt(text, "place"), _task.Lexicons["places"]);
        Assert.Contains(WordAt(text, "object"), _task.Lexicons["objects"]);
        Assert.Equal(text.Length - 1, _task.CharacterAt("end", text));
        Assert.EndsWith(" to", text);
        Assert.Equal(new Question(text, " " + once, " " + twice), ((IAnsweredTask)_task).QuestionOf(text));
    }, iter: 1_000);

    [Fact]
    public void Both_orders_and_many_templates_occur()
    {
        var random = new RunSeed(3).Stream("draws");
        var skeletons = new HashSet<string>();
        var subjectFirst = 0;
        for (var i = 0; i < 5_000; i++)
        {
            var text = _task.Draw(random);
            subjectFirst += _task.CharacterAt("S1", text) < _task.CharacterAt("IO", text) ? 1 : 0;
            skeletons.Add(string.Join(' ', Words(text).Where(w => !_task.Lexicons.Values.Any(l => l.Contains(w)))));
        }

        Assert.InRange(subjectFirst / 5_000.0, 0.45, 0.55);
        Assert.Equal(30, skeletons.Count);
    }

    [Fact]
    public void The_probability_is_that_of_the_line_its_options_and_the_words()
    {
        var (names, places, objects) =
            (_task.Lexicons["names"].Count, _task.Lexicons["places"].Count, _task.Lexicons["objects"].Count);
        var expected = -Math.Log(18.0 * 2 * names * (names - 1) * places * objects);
        Assert.Equal(expected, _task.LogProbability(Example)!.Value, 1e-9);
        Assert.Equal(expected - Math.Log(2), _task.LogProbability(
            "Then, John and Mary looked around the store. John bought a drink and gave it to")!.Value, 1e-9);
    }

    [Theory]
    [InlineData("When Mary and Jon went to the store, Jon gave a drink to", "'Jon' is not among the names of task 'ioi'. Did you mean")]
    [InlineData("When Mary and John went to the stoer, John gave a drink to", "Did you mean 'store'?")]
    [InlineData("When Mary and John went to the store, Paul gave a drink to", "where one word must be repeated")]
    [InlineData("When John and John went to the store, John gave a drink to", "the same word in two places")]
    [InlineData("When Mary and John went to the store, John gave a drink to Mary", "not made from a template")]
    [InlineData("Hello", "not made from a template")]
    [InlineData("", "not made from a template")]
    public void An_invalid_text_is_told_why(string text, string why)
    {
        Assert.Contains(why, _task.WhyInvalid(text));
        Assert.Equal(double.NegativeInfinity, _task.LogProbability(text));
        Assert.Null(_task.CharacterAt("IO", text));
    }

    private static string[] Words(string text) =>
        text.Split([' ', ',', '.'], StringSplitOptions.RemoveEmptyEntries);

    private string WordAt(string text, string position)
    {
        var start = _task.CharacterAt(position, text)!.Value;
        return new string([.. text.Skip(start).TakeWhile(char.IsAsciiLetter)]);
    }
}
