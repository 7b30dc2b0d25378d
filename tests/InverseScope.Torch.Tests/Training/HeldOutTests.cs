using CsCheck;
using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Training;

namespace InverseScope.Torch.Tests.Training;

public sealed class HeldOutTests
{
    private readonly HeldOut _ioi = new(new TaskCatalog().Find("ioi"), 0.1);

    [Fact]
    public void A_pair_of_names_is_held_out_in_both_orders_and_in_every_template()
    {
        var names = new TaskCatalog().Find("ioi").Lexicons["names"];
        var name = Gen.Int[0, names.Count - 1].Select(i => names[i]);
        Gen.Select(name, name).Where((a, b) => a != b).Sample((a, b) =>
        {
            var held = _ioi.Contains($"When {a} and {b} went to the store, {b} gave a drink to");
            Assert.Equal(held, _ioi.Contains($"When {b} and {a} went to the store, {b} gave a drink to"));
            Assert.Equal(held, _ioi.Contains($"When {a} and {b} went to the store, {a} gave a drink to"));
            Assert.Equal(held, _ioi.Contains($"Once {b} and {a} had found the zoo, {a} offered a map to"));
        }, iter: 500);
    }

    [Fact]
    public void Draws_are_on_the_side_asked_for_and_the_share_is_kept()
    {
        var task = new TaskCatalog().Find("ioi");
        var random = new RunSeed(1).Stream("draws");
        Assert.All(Enumerable.Range(0, 100), _ => Assert.True(_ioi.Contains(_ioi.Draw(random, heldOut: true))));
        Assert.All(Enumerable.Range(0, 100), _ => Assert.False(_ioi.Contains(_ioi.Draw(random, heldOut: false))));
        var held = Enumerable.Range(0, 20_000).Count(_ => _ioi.Contains(task.Draw(random)));
        Assert.InRange(held / 20_000.0, 0.09, 0.11);
    }

    [Fact]
    public void Without_a_rival_prompts_are_held_out_and_without_an_answer_texts()
    {
        var sums = new HeldOut(new AdditionTask(), 0.25);
        Assert.InRange(Enumerable.Range(0, 10_000).Count(i => sums.Contains(new AdditionTask().TextAt(i * 81L))), 2_300, 2_700);
        var plain = new HeldOut(TinyTasks.Plain, 0.5);
        Assert.InRange(Enumerable.Range(0, 40).Count(i => plain.Contains(TinyTasks.Plain.TextAt(i))), 8, 32);
    }

    [Fact]
    public void A_task_with_too_few_texts_is_refused()
    {
        var single = new TextFileTask("single", "test", [new WeightedText("one", 1)]);
        var heldOut = new HeldOut(single, 0.5);
        var message = Assert.Throws<BadInputException>(
            () => heldOut.Draw(new RunSeed(1).Stream("draws"), heldOut: !heldOut.Contains("one"))).Message;
        Assert.Contains("too few texts", message);
    }
}
