using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;

namespace InverseScope.Core.Tests.Specs;

/// <summary>What the guide says is what the code does.</summary>
public sealed class SpecGuideTests
{
    private static readonly string[] Tasks = ["addition", "counting", "ioi"];

    private static CompileContext Context { get; } = new(new Dictionary<string, IReadOnlyList<string>>(new TaskCatalog().Find("ioi").Lexicons))
    {
        Variables = SpecGens.Described,
        Tokenizer = static text => [.. text.Select(c => c.ToString())],
        Labeller = new FakeLabeller(static _ => LabelAnswer.Of("none")),
    };

    public static TheoryData<int> Specs => [.. Enumerable.Range(0, SpecGuide.Specs.Count)];

    public static TheoryData<int> Rows => [.. Enumerable.Range(0, SpecGuide.Rows.Count)];

    [Theory]
    [MemberData(nameof(Specs))]
    public void Example_specs_compile_with_their_own_tests(int index) =>
        FeatureCompiler.Compile(SpecGuide.Specs[index], Context).OrThrow();

    [Theory]
    [MemberData(nameof(Rows))]
    public void Example_rules_give_the_labels_that_are_shown(int index)
    {
        var row = SpecGuide.Rows[index];
        var spec = $"schema: {FeatureSpec.SchemaId}\nid: example\nrule: {row.Rule}\n";
        Assert.Contains(row.Step, row.Rule, StringComparison.Ordinal);
        Assert.Equal(row.Label, FeatureCompiler.Compile(spec, Context).OrThrow(row.Rule).Feature.Label(row.Text));
    }

    [Fact]
    public void Every_step_has_an_example() =>
        Assert.Equal(Rules.StepNames.Order(), SpecGuide.Rows.Select(r => r.Step).Distinct().Order());

    [Fact]
    public void Every_built_in_task_has_a_spec_with_tests() => Assert.All(Tasks, task =>
        Assert.Contains(SpecGuide.Specs, s => s.Contains($"id: {task}.", StringComparison.Ordinal) && s.Contains("tests:", StringComparison.Ordinal)));
}
