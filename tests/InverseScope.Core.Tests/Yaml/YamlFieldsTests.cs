using InverseScope.Core.Yaml;

namespace InverseScope.Core.Tests.Yaml;

public sealed class YamlFieldsTests
{
    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    public void A_file_nested_too_deeply_is_refused_with_its_place(string open)
    {
        var error = Assert.Throws<BadInputException>(() => YamlFields.Parse("plan.yaml", string.Concat(Enumerable.Repeat(open, 200_000 / open.Length))));

        Assert.StartsWith("plan.yaml(1,", error.Message, StringComparison.Ordinal);
        Assert.Contains("128 deep", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Aliases_are_refused_since_a_few_lines_of_them_stand_for_more_than_memory_holds()
    {
        var bomb = "a: &a [x, x]\n" + string.Concat(Enumerable.Range(0, 40).Select(i => $"{(char)('b' + i % 20)}{i}: &n{i} [*{(i == 0 ? "a" : $"n{i - 1}")}, *{(i == 0 ? "a" : $"n{i - 1}")}]\n"));

        var error = Assert.Throws<BadInputException>(() => YamlFields.Parse("plan.yaml", bomb));

        Assert.StartsWith("plan.yaml(2,", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_nested_as_people_nest_is_read() =>
        Assert.Equal(["a", "b"], YamlFields.Parse("plan.yaml", "a: {b: [[1, 2], {c: [3]}]}\nb: &kept x\n").Keys);
}
