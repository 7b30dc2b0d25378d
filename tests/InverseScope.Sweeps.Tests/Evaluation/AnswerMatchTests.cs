using InverseScope.Sweeps.Evaluation;

namespace InverseScope.Sweeps.Tests.Evaluation;

public sealed class AnswerMatchTests
{
    [Theory]
    [InlineData(" chien", "chien", true)]
    [InlineData("chien\ncat → chat", " chien", true)]
    [InlineData(" chien, chat", "chien", true)]
    [InlineData(" chiens", "chien", false)]
    [InlineData(" Chien", "chien", false)]
    [InlineData(" le chien", "chien", false)]
    [InlineData(" porte-monnaie", "porte", false)]
    [InlineData(" porte - ", "porte", true)]
    [InlineData(" aujourd'hui", "aujourd", false)]
    [InlineData(" pomme de terre", " pomme de terre", true)]
    [InlineData(" pomme", " pomme de terre", false)]
    [InlineData(" caf\uFFFD", "caf", false)]
    [InlineData(" cafe\u0301", "café", true)]
    [InlineData(" café", "cafe\u0301", true)]
    [InlineData(" Vie\u0323\u0302t", "Vi\u1EC7t", true)]
    [InlineData(" cafe\u0301", "cafe", false)]
    [InlineData(" x\u0302y", "x", false)] // no single character is an x with a circumflex
    [InlineData(" हिन्दी", "हिन", false)] // a virama goes on with the word,
    [InlineData(" काम", "क", false)] // and so does a vowel sign
    [InlineData(" काम।", "काम", true)]
    [InlineData("", "chien", false)]
    public void An_answer_is_given_by_its_words_and_no_more_letters(string written, string answer, bool gives) =>
        Assert.Equal(gives ? 0 : null, AnswerMatch.Of(written, answer));

    [Theory]
    [InlineData("chien", 7)]
    [InlineData("café", 7)]
    [InlineData(" cafe\u0301", 7)]
    public void As_many_characters_decide_as_the_answer_has_with_its_marks_apart(string answer, int characters) =>
        Assert.Equal(characters, AnswerMatch.CharactersFor(answer));

    [Fact]
    public void Of_several_that_fit_the_longest_is_given()
    {
        Assert.Equal(1, AnswerMatch.Of(" pomme de terre", "pomme", "pomme de terre"));
        Assert.Equal(0, AnswerMatch.Of(" pomme", "pomme", "pomme de terre"));
        Assert.Null(AnswerMatch.Of(" poire", "pomme", "pomme de terre"));
    }
}
