using InverseScope.Core.Specs;

namespace InverseScope.Core.Tests.Specs;

public sealed class FeatureCompilerTests
{
    [Theory]
    [InlineData("615+861=1476", "false")]
    [InlineData("615+895=1510", "true")]
    [InlineData("61", null)]
    public void Carry_is_whether_the_tens_reach_ten(string text, string? label) =>
        Assert.Equal(label, Rules.Label(Rules.Carry, text));

    [Theory]
    [InlineData("When Mary and John went to the store, Mary gave a drink to", "John")]
    [InlineData("When Mary and John went to the store, 'John' gave a drink to", "Mary")]
    [InlineData("Nobody went to the store", null)]
    public void Indirect_object_is_the_name_that_occurs_once(string text, string? label) =>
        Assert.Equal(label, Rules.Label(Rules.IndirectObject, text));

    [Fact]
    public void Feature_is_undefined_where_it_does_not_apply()
    {
        var spec = Rules.Spec(Rules.IndirectObject) with { Applies = [new Step.Contains(new Probe.Words(["gave", "give"]))] };
        var feature = FeatureCompiler.Compile(spec, Rules.Ioi).OrThrow();
        Assert.Equal("John", feature.Label("Mary and John met, Mary gave it to"));
        Assert.Null(feature.Label("Mary and John met, Mary said to"));
    }

    [Fact]
    public void Types_are_checked_when_a_rule_is_compiled()
    {
        var result = FeatureCompiler.Compile(Rules.Spec([new Step.Words(), new Step.Ge(3)]), Rules.Ioi);
        var error = Assert.Single(result.Errors);
        Assert.Equal("'ge' takes a number, but 'words' gives a list of text.", error.What);
        Assert.Contains("count", error.Fix);
    }

    [Fact]
    public void A_list_is_no_label()
    {
        var result = FeatureCompiler.Compile(Rules.Spec([new Step.Words()]), Rules.Ioi);
        Assert.Contains("must end in one label", Assert.Single(result.Errors).What);
    }

    [Fact]
    public void Unknown_lexicon_is_named_with_the_nearest_one()
    {
        var result = FeatureCompiler.Compile(
            Rules.Spec([new Step.Words(), new Step.In("name"), new Step.First()]), Rules.Ioi);
        Assert.Contains("Did you mean 'names'?", Assert.Single(result.Errors).Fix);
    }

    [Fact]
    public void Hash_depends_on_what_decides_the_labels_alone()
    {
        var spec = Rules.Spec(Rules.Carry);
        Assert.Equal(spec.ComputeHash(), (spec with { Id = "other", Title = "Carry" }).ComputeHash());
        Assert.Equal(spec.ComputeHash(), FeatureCompiler.Compile(spec, Rules.Ioi).OrThrow().Hash);
        Assert.NotEqual(spec.ComputeHash(), (spec with { Rule = [.. Rules.Carry.Take(1), new Step.Ge(11)] }).ComputeHash());
    }

    [Fact]
    public void Canonical_form_is_compact_json() => Assert.Equal(
        """{"rule":[{"sum":[["chars",{"nth":1},"int"],["chars",{"nth":5},"int"]]},{"ge":10}]}""",
        CanonicalForm.Of(Rules.Spec(Rules.Carry)));
}
