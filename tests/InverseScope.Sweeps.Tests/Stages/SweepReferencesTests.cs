using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Stages;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Stages;

public sealed class SweepReferencesTests
{
    private static readonly ITask Addition = new TaskCatalog().Find("addition");

    [Fact]
    public void Explore_and_confirm_have_no_text_in_common_and_each_text_once()
    {
        var references = SweepReferences.Draw(Addition, 200, 300, new RunSeed(1));
        Assert.Equal((200, 300), (references.Explore.Count, references.Confirm.Count));
        Assert.Equal(500, references.Explore.Concat(references.Confirm).Distinct().Count());
    }

    [Fact]
    public void A_text_keeps_its_part_whatever_the_seed()
    {
        var one = SweepReferences.Draw(Addition, 3000, 3000, new RunSeed(1));
        var two = SweepReferences.Draw(Addition, 3000, 3000, new RunSeed(2));
        Assert.NotEmpty(one.Explore.Intersect(two.Explore));
        Assert.Empty(one.Explore.Intersect(two.Confirm));
        Assert.Empty(one.Confirm.Intersect(two.Explore));
    }

    [Fact]
    public void The_same_seed_draws_the_same_references() =>
        Assert.Equal(
            SweepReferences.Draw(Addition, 20, 20, new RunSeed(7)).Confirm,
            SweepReferences.Draw(Addition, 20, 20, new RunSeed(7)).Confirm);

    [Fact]
    public void Chosen_references_have_the_value_and_share_no_text_between_the_parts()
    {
        // One text in forty, as harmful instructions among harmless ones.
        var task = new TextFileTask("marked", "test", Enumerable.Range(0, 8_000).Select(i => new WeightedText(
            $"text {i}", 1, new Dictionary<string, string> { ["harmful"] = i % 40 == 0 ? "true" : "false", ["kind"] = $"{i % 3}" })));
        var references = SweepReferences.Draw(task, 50, 60, new RunSeed(1), new Dictionary<string, string> { ["harmful"] = "true" });
        Assert.Equal((50, 60), (references.Explore.Count, references.Confirm.Count));
        Assert.Empty(references.Explore.Intersect(references.Confirm));
        Assert.All(references.Explore.Concat(references.Confirm), text => Assert.Equal("true", task.ValueOf("harmful", text)));
        var all = SweepReferences.Draw(task, 500, 500, new RunSeed(1), new Dictionary<string, string> { ["harmful"] = "true", ["kind"] = "0" });
        Assert.InRange(all.Explore.Count + all.Confirm.Count, 40, 67);
        Assert.Empty(all.Explore.Intersect(references.Confirm));
    }

    [Theory]
    [InlineData("harmfull", "true", "no such variable. Did you mean 'harmful'?")]
    [InlineData("harmful", "yes", "has harmful: yes. Values there are: harmful: false, true")]
    public void Values_that_no_text_has_are_refused_with_those_there_are(string name, string value, string message)
    {
        var task = new TextFileTask("marked", "test", Enumerable.Range(0, 100).Select(i => new WeightedText(
            $"text {i}", 1, new Dictionary<string, string> { ["harmful"] = i % 2 == 0 ? "true" : "false" })));
        var where = new Dictionary<string, string> { [name] = value };
        Assert.Contains(message, Assert.Throws<BadInputException>(
            () => SweepReferences.Draw(task, 20, 20, new RunSeed(1), where)).Message, StringComparison.Ordinal);
        Assert.Contains("has no such variable", Assert.Throws<BadInputException>(
            () => SweepReferences.Draw(Addition, 20, 20, new RunSeed(1), where)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_prior_without_enough_texts_is_refused()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["tiny.txt"], "one\n");
        var tiny = new TaskCatalog().Find(folder["tiny.txt"]);
        Assert.Contains("too few different texts", Assert.Throws<BadInputException>(
            () => SweepReferences.Draw(tiny, 20, 20, new RunSeed(1))).Message, StringComparison.Ordinal);
    }
}
