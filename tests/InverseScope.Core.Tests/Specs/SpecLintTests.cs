using InverseScope.Core.Specs;

namespace InverseScope.Core.Tests.Specs;

public sealed class SpecLintTests
{
    private static readonly string[] Sample = [.. Enumerable.Range(0, 200).Select(i => $"{i % 10} {i}"), "0 0"];

    [Fact]
    public void A_fit_feature_has_its_labels_counted_and_no_findings()
    {
        var report = Check(Rule("[chars, first]"));
        Assert.Empty(report.Findings);
        Assert.Equal(200, report.Texts);
        Assert.Equal(10, report.Labels);
        Assert.InRange(report.EntropyBits!.Value, 3.3, 3.5);
        Assert.Equal(0, report.UndefinedShare);
        Assert.Equal(10, report.Frequent.Count);
        Assert.Equal(20, report.Frequent[0].Count);
        Assert.InRange(report.MicrosecondsPerText!.Value, 0, SpecLint.SlowMicroseconds);
        Assert.False(report.IsRejected);
    }

    [Theory]
    [InlineData("[{const: a}]", LintKind.Constant, "always 'a' where it is defined")]
    [InlineData("[{after: ' '}]", LintKind.NearlyUnique, "200 labels on 200 texts")]
    [InlineData("[{contains: {text: '77'}}, {map: {'true': '1'}}]", LintKind.MostlyUndefined, "undefined on 99 % of the texts")]
    public void Features_that_cannot_be_tested_are_found(string rule, LintKind kind, string message)
    {
        var finding = Check(Rule(rule)).Findings.Single(f => f.Kind == kind);
        Assert.Contains(message, finding.Message);
    }

    [Fact]
    public void A_feature_that_is_undefined_everywhere_has_no_entropy()
    {
        var report = Check(Rule("[{after: '#'}]"));
        Assert.Null(report.EntropyBits);
        Assert.Equal(1, report.UndefinedShare);
        Assert.Equal(LintKind.MostlyUndefined, Assert.Single(report.Findings).Kind);
    }

    [Fact]
    public void The_same_partition_under_other_labels_is_a_duplicate_of_the_one_before()
    {
        var reports = Lint().Check([
            Compile(Rule("[chars, first]", "digit")), Compile(Rule("[chars, first, int, {bucket: [5]}]", "half")),
            Compile(Rule("[{tuple: [[chars, first, int, {mod: 10}], [{const: x}]]}]", "again")),
        ]);
        Assert.Empty(reports[0].Findings);
        Assert.Empty(reports[1].Findings);
        var finding = Assert.Single(reports[2].Findings);
        Assert.Equal(LintKind.Duplicate, finding.Kind);
        Assert.Equal("makes the same distinctions as digit (adjusted mutual information 1.000)", finding.Message);
    }

    [Fact]
    public void A_slow_feature_is_found_by_the_clock() =>
        Assert.Contains(
            new SpecLint(Sample, new SlowClock()).Check([Compile(Rule("[chars, first]"))])[0].Findings, f => f.Kind == LintKind.Slow);

    [Theory]
    [InlineData(0.0, true)]
    [InlineData(0.04, true)]
    [InlineData(0.05, false)]
    [InlineData(1.0, false)]
    public void A_script_that_breaks_a_limit_on_more_texts_than_it_may_is_rejected(double mayFail, bool isRejected)
    {
        // Ten of the two hundred texts.
        const string Source = "function label(x) { if (x.split(' ')[1] % 20 === 3) while (true); return x[0] }";
        var report = Check(new FeatureSpec { Id = "s", Script = new FeatureScript(Source, mayFail) });
        Assert.Equal(isRejected, report.IsRejected);
        Assert.Equal(isRejected, report.Findings.Any(f => f.Kind == LintKind.Failing));
        Assert.Contains("it ran more than 50000 statements", report.FirstFailure);
        Assert.True(report.FailedTexts > 0);
    }

    [Fact]
    public void A_script_that_always_fails_is_rejected_after_few_texts()
    {
        var report = Check(new FeatureSpec { Id = "s", Script = new FeatureScript("function label(x) { return nothing }") });
        Assert.True(report.IsRejected);
        Assert.InRange(report.Texts, 1, 3);
        Assert.Equal("on '0 0', it threw 'nothing is not defined' at line 1 of the script", report.FirstFailure);
        Assert.Contains("fails on more than 1 % of the texts: on '0 0', it threw", Assert.Single(report.Findings).Message);
    }

    [Fact]
    public void A_question_is_asked_in_one_batch_and_not_timed()
    {
        var labeller = new FakeLabeller(static text => LabelAnswer.Of(text[..1]));
        var spec = new FeatureSpec { Id = "q", Llm = new LlmQuestion("First?", [], new LabelEquivalence.Exact()) };
        var feature = FeatureCompiler.Compile(spec, new CompileContext { Labeller = labeller }).OrThrow();
        var report = Lint().Check([new CompiledSpec(spec, feature)])[0];
        Assert.Equal(10, report.Labels);
        Assert.Null(report.MicrosecondsPerText);
        Assert.Single(labeller.Asked);
    }

    private static SpecLint Lint() => new(Sample, TimeProvider.System);

    private static LintReport Check(FeatureSpec spec) => Lint().Check([Compile(spec)])[0];

    private static CompiledSpec Compile(FeatureSpec spec) => new(spec, FeatureCompiler.Compile(spec, Rules.Ioi).OrThrow());

    private static FeatureSpec Rule(string rule, string id = "r") =>
        FeatureSpecText.Parse($"schema: {FeatureSpec.SchemaId}\nid: {id}\nrule: {rule}\n").OrThrow().Spec;

    /// <summary>A second goes by between any two looks.</summary>
    private sealed class SlowClock : TimeProvider
    {
        private long _seconds;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => ++_seconds;
    }
}
