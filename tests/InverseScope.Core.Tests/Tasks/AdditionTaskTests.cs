using CsCheck;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;

namespace InverseScope.Core.Tests.Tasks;

public sealed class AdditionTaskTests
{
    private readonly AdditionTask _task = new();

    [Fact]
    public void Every_pair_is_enumerated_once_and_the_probabilities_sum_to_one()
    {
        var seen = new HashSet<string>();
        var sum = 0.0;
        for (var i = 0L; i < _task.Count; i++)
        {
            var text = _task.TextAt(i);
            Assert.True(seen.Add(text));
            sum += Math.Exp(_task.LogProbability(text)!.Value);
        }

        Assert.Equal(810_000, seen.Count);
        Assert.Equal(1, sum, 1e-9);
    }

    [Theory]
    [InlineData(0, "100+100=200")]
    [InlineData(515 * 900 + 761, "615+861=1476")]
    [InlineData(809_999, "999+999=1998")]
    public void The_index_counts_the_second_operand_first(long index, string text) =>
        Assert.Equal(text, _task.TextAt(index));

    [Fact]
    public void An_index_outside_the_enumeration_is_the_callers_fault()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _task.TextAt(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => _task.TextAt(810_000));
    }

    [Fact]
    public void Draws_are_valid() => Gen.Long.Sample(seed =>
    {
        var text = _task.Draw(new RunSeed(seed).Stream("draws"));
        Assert.Null(_task.WhyInvalid(text));
        Assert.Equal(-Math.Log(810_000), _task.LogProbability(text)!.Value, 1e-12);
    });

    [Theory]
    [InlineData("615+861=1477", "615+861= is 1476, not '1477'")]
    [InlineData("615+861=476", "is 1476, not '476'")]
    [InlineData("123+456=0579", "is 579, not '0579'")]
    [InlineData("123+456=57", "is 579, not '57'")]
    [InlineData("123+456=", "is 579, not ''")]
    [InlineData("099+456=555", "not a sum of two numbers from 100 to 999")]
    [InlineData("1234+56=1290", "not a sum")]
    [InlineData("615-861=1476", "not a sum")]
    [InlineData("", "not a sum")]
    public void An_invalid_text_is_told_why(string text, string why)
    {
        Assert.Contains(why, _task.WhyInvalid(text));
        Assert.Equal(double.NegativeInfinity, _task.LogProbability(text));
        Assert.Null(_task.QuestionOf(text));
        Assert.Null(_task.CharacterAt("F1", text));
    }

    [Fact]
    public void Positions_name_the_digits()
    {
        const string text = "615+861=1476";
        var named = _task.PositionNames.ToDictionary(n => n, n => text[_task.CharacterAt(n, text)!.Value]);
        Assert.Equal("615", $"{named["F1"]}{named["F2"]}{named["F3"]}");
        Assert.Equal("861", $"{named["S1"]}{named["S2"]}{named["S3"]}");
        Assert.Equal("1476", $"{named["A1"]}{named["A2"]}{named["A3"]}{named["A4"]}");
        Assert.Equal("++==", $"{named["+"]}{named["plus"]}{named["="]}{named["eq"]}");
        Assert.Null(_task.CharacterAt("A4", "123+456=579"));
        Assert.Null(_task.CharacterAt("A5", text));
    }

    [Fact]
    public void The_question_is_the_sum() =>
        Assert.Equal(new Question("615+861=", "1476", null), _task.QuestionOf("615+861=1476"));
}
