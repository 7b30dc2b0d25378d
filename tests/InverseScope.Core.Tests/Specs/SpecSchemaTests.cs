using System.Text.Json.Nodes;
using InverseScope.Core.Specs;
using InverseScope.Testing;
using NJsonSchema;

namespace InverseScope.Core.Tests.Specs;

/// <summary>The shipped schema, read by a validator of others, agrees with the parser.</summary>
public sealed class SpecSchemaTests
{
    private static readonly Lazy<JsonSchema> Schema = new(() => JsonSchema.FromJsonAsync(
        File.ReadAllText(Repository.Path("feature-specs", "feature-spec.schema.json"))).GetAwaiter().GetResult());

    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Repository.Path("feature-specs"), "*.yaml", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Repository.Root, f)).Order(StringComparer.Ordinal)];

    public static TheoryData<string> Wrong =>
    [
        """{}""",
        """[]""",
        """{"schema": "inversescope/feature-spec/v2", "id": "a", "rule": ["words", "first"]}""",
        """{"schema": "inversescope/feature-spec/v1", "rule": ["words", "first"]}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a b", "rule": ["words", "first"]}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a"}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "rule": ["words", "first"], "script": "function label(x) { return 1 }"}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "rule": []}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "rule": "words"}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "rule": ["wrods", "first"]}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "rule": ["words", {"nth": "1"}]}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "rule": ["words", {"nth": 1, "in": "names"}]}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "rule": ["words", {"words": 1}]}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "rule": [{"sum": ["chars", "int"]}]}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "rule": [{"difference": [["length"]]}]}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "rule": [{"if": {"when": ["length"]}}]}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "rule": [{"contains": {"words": ["a"], "text": "b"}}]}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "rule": ["length", {"div": 0}]}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "rule": ["words", "first"], "titel": "A"}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "rule": ["words", "first"], "tests": [{"text": "a"}]}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "rule": ["words", "first"], "lexicons": {"a": {"from": "web"}}}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "llm": {"instruction": "What?", "labels": ["a", "b"], "equivalence": "exact"}}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "llm": {"instruction": "What?", "labels": ["a", "a"]}}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "llm": {"instruction": "What?", "equivalence": {"embedding": 2}}}""",
        """{"schema": "inversescope/feature-spec/v1", "id": "a", "script": ""}""",
    ];

    [Theory]
    [MemberData(nameof(Files))]
    public void Shipped_specs_pass(string file) => Assert.Empty(Schema.Value.Validate(
        FeatureSpecText.Print(FeatureSpecText.Parse(File.ReadAllText(Repository.Path(file))).OrThrow().Spec, SpecFormat.Json)));

    [Fact]
    public void Random_specs_pass_with_every_kind_of_step()
    {
        _ = Schema.Value;
        CsCheck.Check.Sample(
            SpecGens.WildSpec,
            spec => Assert.Empty(Schema.Value.Validate(FeatureSpecText.Print(spec, SpecFormat.Json))),
            iter: 40, print: spec => FeatureSpecText.Print(spec, SpecFormat.Json));
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_the_parser_refuses_fails(string json)
    {
        Assert.NotEmpty(FeatureSpecText.Parse(json, SpecFormat.Json).Errors);
        Assert.NotEmpty(Schema.Value.Validate(JsonNode.Parse(json)!.ToJsonString()));
    }
}
