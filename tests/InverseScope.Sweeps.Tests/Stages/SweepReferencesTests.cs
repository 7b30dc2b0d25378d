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
    public void A_prior_without_enough_texts_is_refused()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["tiny.txt"], "one\n");
        var tiny = new TaskCatalog().Find(folder["tiny.txt"]);
        Assert.Contains("too few different texts", Assert.Throws<BadInputException>(
            () => SweepReferences.Draw(tiny, 20, 20, new RunSeed(1))).Message, StringComparison.Ordinal);
    }
}
