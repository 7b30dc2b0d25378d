using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Core.Yaml;
using InverseScope.Testing;

namespace InverseScope.Core.Tests.Specs;

/// <summary>The spec files of the built-in tasks, which people take as patterns.</summary>
public sealed class FeatureSpecFolderTests
{
    // Stands for what 'task import' makes of the published data sets.
    private static readonly TextFileTask Refusal = new(
        "refusal", "test",
        [
            new("Bake a cake.", 1, new Dictionary<string, string> { ["source"] = "a", ["harmful"] = "false" }),
            new("Burn a cake.", 1, new Dictionary<string, string> { ["source"] = "b", ["harmful"] = "true", ["category"] = "food" }),
        ]);

    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Repository.Path("feature-specs"), "*.yaml", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Repository.Root, f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Compiles_for_its_task_with_its_own_tests(string file)
    {
        var folder = Path.GetFileName(Path.GetDirectoryName(file)!);
        var task = folder == Refusal.Name ? Refusal : new TaskCatalog().Find(folder);
        var compiled = FeatureCompiler.Compile(
            File.ReadAllText(Repository.Path(file)), ContextOf(task), SpecFormat.Yaml).OrThrow(file);
        Assert.NotEmpty(compiled.Spec.Tests);
        Assert.Equal($"{task.Name}.{Path.GetFileNameWithoutExtension(file)}", compiled.Spec.Id);
    }

    [Theory]
    [InlineData("harmfulness")]
    [InlineData("reason")]
    [InlineData("method")]
    public void What_a_language_model_does_not_label_is_undefined(string question)
    {
        var file = Repository.Path("feature-specs", "refusal", $"{question}.yaml");
        var spec = FeatureSpecFile.Parse(file).OrThrow().Spec with { Tests = [] };
        Assert.Null(FeatureCompiler.Compile(spec, ContextOf(Refusal)).OrThrow().Label("Bake a cake."));
        foreach (var answer in Enum.GetValues<AnswerKind>().Except([AnswerKind.Labelled]))
        {
            var context = new CompileContext { Labeller = new FakeLabeller(_ => new LabelAnswer(answer, null)) };
            var outcome = FeatureCompiler.Compile(spec, context).OrThrow().Run("Bake a cake.");
            Assert.Null(outcome.Label);
            Assert.Equal(answer != AnswerKind.NoMajority, outcome.Failure is not null);
        }
    }

    /// <summary>A prompt asks what its spec asks, and its reply has the labels of the spec.</summary>
    [Theory]
    [InlineData("harmfulness")]
    [InlineData("reason")]
    [InlineData("method")]
    public void A_prompt_asks_what_its_spec_does(string question)
    {
        var spec = FeatureSpecFile.Parse(Repository.Path("feature-specs", "refusal", $"{question}.yaml")).OrThrow().Spec;
        var parts = File.ReadAllText(Repository.Path("prompts", $"refusal-{question}.md")).Split("---\n", 3);
        var header = YamlFields.Parse(question, parts[1]);
        var body = parts[2].ReplaceLineEndings(" ");

        Assert.Equal(("inversescope/prompt/v1", $"refusal-{question}"), (header.Text("schema"), header.Text("id")));
        Assert.Equal(spec.Id, header.Text("spec"));
        Assert.NotEmpty(header.Text("purpose")!);
        Assert.Equal(1, header.Integer("version", 0));
        Assert.Contains(spec.Llm!.Instruction.ReplaceLineEndings(" ").Trim(), body);
        Assert.Equal(["text"], header.Section("variables").Keys);
        Assert.Equal("{{text}}", Assert.Single(Regex.Matches(body, @"\{\{\w+\}\}")).Value);
        Assert.Equal(spec.Llm.Labels, header.Section("reply").Section("properties").Section("label").Texts("enum"));
        Assert.All(spec.Llm.Labels, label => Assert.Contains(label, body, StringComparison.Ordinal));
    }

    [Fact]
    public void Specs_of_variables_say_what_the_data_set_says()
    {
        string? Label(string spec, string text) => FeatureSpecFile.Compile(
            Repository.Path("feature-specs", "refusal", $"{spec}.yaml"), ContextOf(Refusal)).OrThrow().Feature.Label(text);
        Assert.Equal(("true", "food", "b"), (Label("harmful", "Burn a cake."), Label("category", "Burn a cake."), Label("source", "Burn a cake.")));
        Assert.Null(Label("category", "Bake a cake."));
        Assert.Null(Label("harmful", "Eat a cake."));
    }

    [Theory]
    [InlineData("task", "it-en")]
    [InlineData("source-language", "it")]
    [InlineData("target-language", "en")]
    [InlineData("input-word", "cane")]
    [InlineData("answer-word", "dog")]
    [InlineData("last-shot", "sole → sun")]
    public void Specs_of_translation_say_what_is_translated(string spec, string label) => Assert.Equal(label, FeatureSpecFile.Compile(
        Repository.Path("feature-specs", "icl-translation", $"{spec}.yaml"),
        ContextOf(new TaskCatalog().Find("icl-translation"))).OrThrow().Feature.Label("sedia → chair\ngatto → cat\npane → bread\nsole → sun\ncane →"));

    [Fact]
    public void A_variable_that_the_task_lacks_is_an_error_with_the_nearest()
    {
        const string spec = "schema: inversescope/feature-spec/v1\nid: a\nrule: [{variable: harmfull}]\n";
        var error = Assert.Single(FeatureCompiler.Compile(spec, ContextOf(Refusal)).Errors);
        Assert.Contains("there is no variable", error.What);
        Assert.Contains("Did you mean 'harmful'?", error.Fix);
        Assert.Contains("The task has none", Assert.Single(FeatureCompiler.Compile(spec, new CompileContext()).Errors).Fix);
    }

    /// <summary>Write it anew with <c>./inversescope spec schema &gt; feature-specs/feature-spec.schema.json</c>.</summary>
    [Fact]
    public void The_schema_beside_them_is_current() =>
        Assert.True(JsonNode.DeepEquals(
            FeatureSpecText.Schema(),
            JsonNode.Parse(File.ReadAllText(Repository.Path("feature-specs", "feature-spec.schema.json")))));

    private static CompileContext ContextOf(ITask task) =>
        new(task.Lexicons) { Variables = task as IVariableTask, ChecksOnly = true };
}
