using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Tests.Evaluation;

public sealed class TaskVectorPairTests
{
    private static readonly ITask Translation = new TaskCatalog().Find("icl-translation");

    [Fact]
    public void A_source_asks_another_task_that_knows_the_targets_query()
    {
        var known = (TranslationTask)Translation;
        var pairs = TaskVectorPair.Draw(Translation, 150, Seed("a"));
        Assert.Equal(150, pairs.Select(p => p.Target).Distinct().Count());
        Assert.All(pairs, p =>
        {
            var (target, source, same) = (known.AskedBy(p.Target)!.Value, known.AskedBy(p.Source)!.Value, known.AskedBy(p.SameTask)!.Value);
            Assert.NotEqual(target.Operation, source.Operation);
            Assert.Equal(target.Operation, same.Operation);
            Assert.Equal(3, new[] { target.Query, source.Query, p.MovedAnswer }.Distinct().Count());
            Assert.NotEqual(target.Query, same.Query);
            Assert.Equal(known.AnswerTo(target.Operation, target.Query), p.OwnAnswer);
            Assert.Equal(known.AnswerTo(source.Operation, source.Query), p.SourceAnswer);
            Assert.Equal(known.AnswerTo(source.Operation, target.Query), p.MovedAnswer);
            Assert.Equal(known.AnswerTo(same.Operation, same.Query), p.SameTaskAnswer);
            Assert.Equal(3, new[] { p.OwnAnswer, p.MovedAnswer, p.SourceAnswer }.Distinct().Count());
            Assert.Equal(3, new[] { p.OwnAnswer, p.MovedAnswer, p.SameTaskAnswer }.Distinct().Count());
        });
    }

    [Fact]
    public void No_source_and_no_donor_of_the_control_is_taken_twice_while_there_are_others()
    {
        var pairs = TaskVectorPair.Draw(Translation, 150, Seed("a"));
        Assert.Equal(150, pairs.Select(p => p.Source).Distinct().Count());
        Assert.Equal(150, pairs.Select(p => p.SameTask).Distinct().Count());
        // Each target has two sources that fit; of three targets the last may find both taken.
        var few = TaskVectorPair.Draw(
            Own([.. "abc".SelectMany(q => new[] { ("up", $"{q}", $"{char.ToUpperInvariant(q)}"), ("next", $"{q}", $"{(char)(q + 1)}") })]), 6, Seed("few"));
        Assert.InRange(few.Select(p => p.Source).Distinct().Count(), few.Count - 2, few.Count);
    }

    [Fact]
    public void Trials_that_share_a_text_count_as_one_at_worst()
    {
        RateRecord Rate(int texts) => TaskVectorExperiment.Rate([.. Enumerable.Range(0, 40).Select(i => (i < 20, $"{i % texts}"))])!;
        Assert.Equal((0.5, 20, 40, 40.0), (Rate(40).Rate, Rate(40).Count, Rate(40).Of, Rate(40).Independent!.Value));
        Assert.Equal((0.5, 20, 40, 10.0), (Rate(10).Rate, Rate(10).Count, Rate(10).Of, Rate(10).Independent!.Value));
        // Wilson's of 20 in 40, and of 5 in 10.
        Assert.Equal(0.3520, Rate(40).Ci.Lower, 1e-4);
        Assert.Equal(0.2366, Rate(10).Ci.Lower, 1e-4);
        Assert.Null(TaskVectorExperiment.Rate([]));
    }

    [Fact]
    public void Pairs_depend_on_the_seed_alone()
    {
        Assert.Equal(TaskVectorPair.Draw(Translation, 20, Seed("a")), TaskVectorPair.Draw(Translation, 20, Seed("a")));
        Assert.NotEqual(TaskVectorPair.Draw(Translation, 20, Seed("a")), TaskVectorPair.Draw(Translation, 20, Seed("b")));
    }

    [Fact]
    public void Texts_of_ones_own_tell_their_tasks_by_fields()
    {
        var pairs = TaskVectorPair.Draw(Own(("up", "a", "A"), ("up", "b", "B"), ("next", "a", "b"), ("next", "b", "c")), 100, Seed("own"));
        Assert.All(pairs, p => Assert.NotEqual(p.Target[..2], p.Source[..2]));
        Assert.Equal(pairs.Count, pairs.Select(p => p.Target).Distinct().Count());
        var pair = pairs.First(p => p.Target == "up a:");
        Assert.Equal(("next b:", "up b:", "A", "c", "b", "B"), (pair.Source, pair.SameTask, pair.OwnAnswer, pair.SourceAnswer, pair.MovedAnswer, pair.SameTaskAnswer));
    }

    [Fact]
    public void A_model_that_copies_the_query_cannot_seem_to_succeed()
    {
        var pairs = TaskVectorPair.Draw(Own(("up", "a", "A"), ("up", "b", "B"), ("same", "a", "a"), ("same", "b", "b")), 10, Seed("own"));
        Assert.All(pairs, p => Assert.StartsWith("same", p.Target, StringComparison.Ordinal));
    }

    [Fact]
    public void Texts_that_disagree_on_an_answer_have_none()
    {
        var known = VariableOperations.Of(new TextFileTask("own", "f", [Text("x", "up", "a", "A"), Text("y", "up", "a", "Ä"), Text("z", "up", "b", "B")]))!;
        Assert.Equal((null, "B", null), (known.AnswerTo("up", "a"), known.AnswerTo("up", "b"), known.AnswerTo("down", "b")));
    }

    [Theory]
    [InlineData("addition")]
    [InlineData("ioi")]
    public void A_task_without_tasks_within_it_is_refused_with_the_cure(string task)
    {
        var refused = Assert.Throws<BadInputException>(() => TaskVectorPair.Draw(new TaskCatalog().Find(task), 10, Seed("a")));
        Assert.Contains($"'{task}'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("icl-translation", refused.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void Tasks_that_share_no_query_are_refused() =>
        Assert.Contains("no pair", Assert.Throws<BadInputException>(() =>
            TaskVectorPair.Draw(Own(("up", "a", "A"), ("up", "b", "B"), ("next", "c", "d"), ("next", "d", "e")), 10, Seed("a"))).Message, StringComparison.Ordinal);

    [Fact]
    public void Fields_that_no_text_has_a_value_in_are_named()
    {
        var task = new TextFileTask("own", "own.jsonl", [new WeightedText("a", 1, new Dictionary<string, string> { ["task"] = "up", ["query"] = "a" })]);
        Assert.Contains("no text of task 'own' has a value in the field 'answer'", Assert.Throws<BadInputException>(() => TaskVectorPair.Draw(task, 10, Seed("a"))).Message, StringComparison.Ordinal);
    }

    private static RandomStream Seed(string name) => new RunSeed(3).Stream(name);

    private static TextFileTask Own(params (string Task, string Query, string Answer)[] texts) =>
        new("own", "file", texts.Select(t => Text($"{t.Task} {t.Query}:", t.Task, t.Query, t.Answer)));

    private static WeightedText Text(string text, string task, string query, string answer) =>
        new(text, 1, new Dictionary<string, string> { ["task"] = task, ["query"] = query, ["answer"] = answer });
}
