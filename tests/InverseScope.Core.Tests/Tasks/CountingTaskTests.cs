using CsCheck;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;

namespace InverseScope.Core.Tests.Tasks;

public sealed class CountingTaskTests
{
    private const string Example = "vvzccvczvvvzvcvc|v:8";
    private readonly CountingTask _task = new();

    [Fact]
    public void Draws_are_valid_and_ask_for_a_true_count() => Gen.Long.Sample(seed =>
    {
        var text = _task.Draw(new RunSeed(seed).Stream("draws"));
        Assert.Null(_task.WhyInvalid(text));
        var question = _task.QuestionOf(text)!;
        var letters = text[..text.IndexOf('|')];
        Assert.Equal(question.Answer, $"{letters.Count(c => c == question.Prompt[^2])}");
        Assert.Equal(3, letters.Distinct().Count());
        Assert.True(_task.LogProbability(text) < 0);
    });

    [Fact]
    public void The_probability_is_that_of_the_letters_the_counts_the_order_and_the_query()
    {
        // 8 v, 5 c, 3 z: 16!/(8! 5! 3!) = 720,720 orders.
        Assert.Equal(-Math.Log(2_600.0 * 729 * 720_720 * 3), _task.LogProbability(Example)!.Value, 1e-9);
        Assert.Equal(-Math.Log(2_600.0 * 729 * 6 * 3), _task.LogProbability("xyz|y:1")!.Value, 1e-9);
    }

    [Fact]
    public void Probabilities_sum_to_one_over_all_texts()
    {
        // One text stands for all with its counts: 2,600 triples, its orders, three queries.
        var sum = 0.0;
        for (var a = 1; a <= 9; a++)
        {
            for (var b = 1; b <= 9; b++)
            {
                for (var c = 1; c <= 9; c++)
                {
                    var text = $"{new string('a', a)}{new string('b', b)}{new string('c', c)}|a:{a}";
                    sum += 2_600 * Orders(a, b, c) * 3 * Math.Exp(_task.LogProbability(text)!.Value);
                }
            }
        }

        Assert.Equal(1, sum, 1e-9);
    }

    [Fact]
    public void Draws_follow_the_counts_and_the_queries()
    {
        var random = new RunSeed(1).Stream("draws");
        var counts = new int[10];
        var firstLetterAsked = 0;
        const int draws = 20_000;
        for (var i = 0; i < draws; i++)
        {
            var text = _task.Draw(random);
            counts[text[^1] - '0']++;
            firstLetterAsked += text[^3] == text[..^4].Min() ? 1 : 0;
        }

        // Five standard errors of a share of 1/9 and of 1/3.
        Assert.All(counts[1..], n => Assert.InRange(n / (double)draws, 1 / 9.0 - 0.012, 1 / 9.0 + 0.012));
        Assert.InRange(firstLetterAsked / (double)draws, 1 / 3.0 - 0.017, 1 / 3.0 + 0.017);
    }

    [Theory]
    [InlineData("vvzccvcz|v:4", "'v' occurs 3 times in 'vvzccvcz|v:4', not 4")]
    [InlineData("vvzccvcz|x:1", "'x' is asked for but does not occur")]
    [InlineData("vvzvvz|v:4", "has 2 kinds of letters")]
    [InlineData("abcd|a:1", "has 4 kinds of letters")]
    [InlineData("aaaaaaaaaabc|b:1", "'a' occurs more than 9 times")]
    [InlineData("aBc|a:1", "'B' in 'aBc|a:1' is not a letter from a to z")]
    [InlineData("abc|a1", "is not letters, '|'")]
    [InlineData("|a:1", "is not letters, '|'")]
    [InlineData("", "is not letters, '|'")]
    public void An_invalid_text_is_told_why(string text, string why)
    {
        Assert.Contains(why, _task.WhyInvalid(text));
        Assert.Equal(double.NegativeInfinity, _task.LogProbability(text));
        Assert.Null(_task.CharacterAt("query", text));
        Assert.Null(_task.QuestionOf(text));
    }

    [Fact]
    public void Positions_name_the_end_of_the_text()
    {
        Assert.Equal("||v::8", string.Concat(_task.PositionNames.Select(n => Example[_task.CharacterAt(n, Example)!.Value])));
        Assert.Null(_task.CharacterAt("letter", Example));
    }

    [Fact]
    public void It_is_not_enumerable()
    {
        Assert.Null(_task.Count);
        Assert.Throws<NotSupportedException>(() => _task.TextAt(0));
    }

    private static double Orders(int a, int b, int c)
    {
        return Factorial(a + b + c) / (Factorial(a) * Factorial(b) * Factorial(c));

        static double Factorial(int n) => Enumerable.Range(1, n).Aggregate(1.0, (p, i) => p * i);
    }
}
