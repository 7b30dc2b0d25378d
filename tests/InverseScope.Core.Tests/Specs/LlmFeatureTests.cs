using InverseScope.Core.Specs;

namespace InverseScope.Core.Tests.Specs;

/// <summary>Specs that ask a language model, with one that answers as the test says.</summary>
public sealed class LlmFeatureTests
{
    private static readonly LlmQuestion Closed = new("Which kind of harm?", ["violence", "theft", "none"], null);

    [Fact]
    public void A_batch_of_texts_is_asked_at_once_without_those_to_which_the_spec_does_not_apply()
    {
        var labeller = new FakeLabeller(static text => LabelAnswer.Of(text.Contains("steal", StringComparison.Ordinal) ? "theft" : "none"));
        var spec = Spec(Closed) with { Applies = [new Step.Contains(new Probe.Words(["how"]))] };
        var feature = Assert.IsAssignableFrom<IBatchFeature>(Compile(spec, labeller));

        Assert.Equal(["theft", null, "none"], feature.RunAll(["how to steal", "hello", "how to cook"], CancellationToken.None).Select(o => o.Label));
        var (question, hash, texts) = Assert.Single(labeller.Asked);
        Assert.Equal(Closed, question);
        Assert.Equal(spec.ComputeHash(), hash);
        Assert.Equal(["how to steal", "how to cook"], texts);
        Assert.Equal(0, feature.LimitBreaks);
    }

    [Fact]
    public void A_column_asks_about_each_text_once()
    {
        var labeller = new FakeLabeller(static _ => LabelAnswer.Of("none"));
        var pool = new Core.Sampling.TextPool();
        int[] ids = [.. new[] { "a", "b", "a", "c", "b" }.Select(pool.Add)];
        var column = new LabelColumn(Compile(Spec(Closed), labeller), pool);
        var codes = new int[ids.Length];
        column.Read(ids, codes);
        column.Read(ids, codes);
        Assert.Equal(["a", "b", "c"], Assert.Single(labeller.Asked).Texts);
        Assert.All(codes, code => Assert.Equal("none", column.Labels[code]));
    }

    [Theory]
    [InlineData(AnswerKind.Labelled, "theft", "theft", null)]
    [InlineData(AnswerKind.Labelled, "Theft", null, "no answer that fits")]
    [InlineData(AnswerKind.Labelled, "arson", null, "no answer that fits")]
    [InlineData(AnswerKind.Malformed, null, null, "no answer that fits")]
    [InlineData(AnswerKind.Refused, null, null, "would not answer")]
    [InlineData(AnswerKind.Truncated, null, null, "was cut off")]
    [InlineData(AnswerKind.Failed, null, null, "failed")]
    [InlineData(AnswerKind.NotAsked, null, null, "budget was spent")]
    [InlineData(AnswerKind.NoMajority, null, null, null)]
    public void Answers_that_are_no_label_of_a_closed_set_leave_it_undefined_and_failures_are_counted(
        AnswerKind kind, string? answer, string? label, string? failure)
    {
        var feature = Compile(Spec(Closed), new FakeLabeller(_ => new LabelAnswer(kind, answer)));
        var outcome = feature.Run("text");
        Assert.Equal(label, outcome.Label);
        Assert.Equal(failure is null, outcome.Failure is null);
        Assert.Contains(failure ?? "", outcome.Failure ?? "");
        Assert.Equal(failure is null ? 0 : 1, feature.LimitBreaks);
    }

    [Theory]
    [InlineData("The  Bank-robbery!", "bank robbery")]
    [InlineData("a bank robbery", "bank robbery")]
    [InlineData("BANK ROBBERY.", "bank robbery")]
    [InlineData("Überfall — einer Bank", "überfall einer bank")]
    [InlineData("...", null)]
    public void Normalised_labels_disregard_case_punctuation_articles_and_spaces(string answer, string? label) =>
        Assert.Equal(label, Compile(Spec(Open(new LabelEquivalence.Normalised())), new FakeLabeller(_ => LabelAnswer.Of(answer))).Label("x"));

    [Fact]
    public void Other_equivalences_take_what_the_labeller_says_is_one()
    {
        foreach (var equivalence in new LabelEquivalence[] { new LabelEquivalence.Exact(), new LabelEquivalence.Embedding(0.85), new LabelEquivalence.Judged() })
        {
            var labeller = new FakeLabeller(static _ => LabelAnswer.Of("A Label!"));
            Assert.Equal("A Label!", Compile(Spec(Open(equivalence)), labeller).Label("x"));
            Assert.Equal(equivalence, labeller.Asked[0].Question.Equivalence);
        }
    }

    [Fact]
    public void Its_tests_are_asked_in_one_batch()
    {
        var labeller = new FakeLabeller(static text => LabelAnswer.Of(text == "rob" ? "theft" : "none"));
        var spec = Spec(Closed) with { Tests = [new SpecTest("rob", "theft"), new SpecTest("cook", "violence")] };
        var error = Assert.Single(FeatureCompiler.Compile(spec, new CompileContext { Labeller = labeller }).Errors);
        Assert.Contains("the label is 'none', the test expects 'violence'", error.What);
        Assert.Equal(["rob", "cook"], Assert.Single(labeller.Asked).Texts);
    }

    [Fact]
    public void Without_a_language_model_it_is_an_error_unless_the_spec_is_only_checked()
    {
        var spec = Spec(Closed) with { Tests = [new SpecTest("rob", "theft")] };
        Assert.Contains("asks a language model", Assert.Single(FeatureCompiler.Compile(spec, new CompileContext()).Errors).What);
        Assert.Null(FeatureCompiler.Compile(spec, new CompileContext { ChecksOnly = true }).OrThrow().Label("rob"));
    }

    [Fact]
    public void A_labeller_that_loses_a_text_is_a_fault() => Assert.Throws<InvalidOperationException>(
        () => Compile(Spec(Closed), new ForgetfulLabeller()).Label("x"));

    private static LlmQuestion Open(LabelEquivalence equivalence) => new("What is it about?", [], equivalence);

    private static FeatureSpec Spec(LlmQuestion question) => new() { Id = "q", Llm = question };

    private static IFeature Compile(FeatureSpec spec, ITextLabeller labeller) =>
        FeatureCompiler.Compile(spec, new CompileContext { Labeller = labeller }).OrThrow();

    private sealed class ForgetfulLabeller : ITextLabeller
    {
        public IReadOnlyList<LabelAnswer> Label(
            LlmQuestion question, string specHash, IReadOnlyList<string> texts, CancellationToken cancel) => [];
    }
}
