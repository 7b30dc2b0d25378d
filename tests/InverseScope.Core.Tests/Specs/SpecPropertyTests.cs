using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using InverseScope.Core.Specs;

namespace InverseScope.Core.Tests.Specs;

public sealed class SpecPropertyTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    [Fact]
    public void Every_step_is_among_the_random_specs()
    {
        foreach (var rules in new[] { SpecGens.TypedRule, SpecGens.WildRule })
        {
            var seen = new System.Collections.Concurrent.ConcurrentDictionary<string, bool>();
            rules.Sample(
                rule =>
                {
                    var text = CanonicalForm.Of(Rules.Spec(rule));
                    foreach (var name in Rules.StepNames.Where(n => text.Contains($"\"{n}\"", StringComparison.Ordinal)))
                        seen[name] = true;
                },
                iter: 700);
            Assert.Empty(Rules.StepNames.Except(seen.Keys));
        }
    }

    [Theory]
    [InlineData(SpecFormat.Yaml)]
    [InlineData(SpecFormat.Json)]
    public void Parsing_what_was_printed_gives_the_same_spec(SpecFormat format) =>
        SpecGens.WildSpec.Sample(
            spec => Assert.Equal(spec, FeatureSpecText.Parse(FeatureSpecText.Print(spec, format), format).OrThrow().Spec),
            iter: 400, print: spec => FeatureSpecText.Print(spec, format));

    [Fact]
    public void Compiling_never_throws_and_says_where_every_error_is() =>
        SpecGens.WildSpec.Sample(
            spec =>
            {
                var result = FeatureCompiler.Compile(FeatureSpecText.Print(spec, SpecFormat.Yaml), SpecGens.Context);
                Assert.Equal(result.Value is null, result.Errors.Count > 0);
                Assert.All(result.Errors, e => Assert.True(e is { Line: >= 1, Column: >= 1, Path.Length: > 0 }, e.ToString()));
            },
            iter: 200, print: Print);

    [Fact]
    public void Specs_without_type_errors_compile() =>
        SpecGens.TypedSpec.Sample(
            spec => FeatureCompiler.Compile(spec, SpecGens.Context).OrThrow(), iter: 200, print: Print);

    /// <summary>A step that reads a value as another type than its own throws.</summary>
    [Fact]
    public void A_step_never_sees_a_value_of_the_wrong_type() =>
        Gen.OneOf(SpecGens.TypedSpec, SpecGens.WildSpec).Sample(
            spec =>
            {
                if (FeatureCompiler.Compile(spec, SpecGens.Context).Value is not { } feature)
                    return;
                foreach (var text in SpecGens.Inputs)
                    feature.Label(text);
            },
            iter: 300, print: Print);

    [Fact]
    public void Labels_are_the_same_every_time_in_any_order_and_however_they_are_read() =>
        SpecGens.TypedSpec.Sample(
            spec =>
            {
                var feature = FeatureCompiler.Compile(spec, SpecGens.Context).OrThrow();
                var labels = SpecGens.Inputs.Select(feature.Label).ToArray();
                Assert.Equal(labels, SpecGens.Inputs.Reverse().Select(feature.Label).Reverse().ToArray());
                var other = FeatureCompiler.Compile(spec, SpecGens.Context).OrThrow();
                Assert.Equal(labels, SpecGens.Inputs.Select(other.Label).ToArray());
                var pool = new Core.Sampling.TextPool();
                int[] ids = [.. SpecGens.Inputs.Select(pool.Add)];
                var column = new LabelColumn(feature, pool);
                Assert.Equal(labels, ids.Select(column.Label).ToArray());
            },
            iter: 120, print: Print);

    [Fact]
    public void Hash_stays_under_another_notation_layout_order_of_keys_comments_and_description() =>
        Gen.Select(SpecGens.WildSpec, Gen.UInt).Sample(
            (spec, seed) =>
            {
                var hash = spec.ComputeHash();
                var json = FeatureSpecText.Print(spec, SpecFormat.Json);
                var yaml = FeatureSpecText.Print(spec, SpecFormat.Yaml);
                Assert.Equal(hash, HashOf(json));
                Assert.Equal(hash, HashOf(yaml));
                Assert.Equal(hash, HashOf(Shuffled(JsonNode.Parse(json)!, new Random((int)seed)).ToJsonString(Indented)));
                Assert.Equal(hash, HashOf(WithComments(yaml).Replace("\n", "\r\n", StringComparison.Ordinal)));
                var other = spec with { Id = "other", Title = "Another", Hypothesis = null, Sites = ["L1H1"], Tests = [] };
                Assert.Equal(hash, other.ComputeHash());
            },
            iter: 150, print: pair => Print(pair.Item1));

    [Fact]
    public void Hash_changes_with_the_rule() =>
        Gen.Select(SpecGens.WildRule, SpecGens.WildRule).Sample(
            (one, other) =>
            {
                Assert.Equal(one.Equals(other), Rules.Spec(one).ComputeHash() == Rules.Spec(other).ComputeHash());
                Assert.NotEqual(Rules.Spec(one).ComputeHash(), Rules.Spec([.. one, .. other]).ComputeHash());
                Assert.NotEqual(Rules.Spec(one).ComputeHash(), (Rules.Spec(one) with { Applies = other }).ComputeHash());
            },
            iter: 400);

    [Fact]
    public void Hash_changes_with_each_part_of_a_script_and_a_question_and_the_words_of_a_lexicon()
    {
        var script = new FeatureSpec { Id = "s", Script = new FeatureScript("function label(x) { return 1 }") };
        var question = new FeatureSpec { Id = "q", Llm = new LlmQuestion("What?", ["a", "b"], null) };
        var rule = Rules.Spec(Rules.IndirectObject) with { Lexicons = [new Lexicon("names", new LexiconSource.Words(["Mary", "John"]))] };
        FeatureSpec[] all =
        [
            script,
            script with { Script = script.Script with { Source = "function label(x) { return 2 }" } },
            script with { Script = script.Script with { MaxFailures = 0.5 } },
            question,
            question with { Llm = question.Llm with { Instruction = "Who?" } },
            question with { Llm = question.Llm with { Labels = ["a", "c"] } },
            question with { Llm = question.Llm with { Votes = 3 } },
            question with { Llm = question.Llm with { Model = "small" } },
            question with { Llm = question.Llm with { Labels = [], Equivalence = new LabelEquivalence.Exact() } },
            question with { Llm = question.Llm with { Labels = [], Equivalence = new LabelEquivalence.Normalised() } },
            question with { Llm = question.Llm with { Labels = [], Equivalence = new LabelEquivalence.Judged() } },
            question with { Llm = question.Llm with { Labels = [], Equivalence = new LabelEquivalence.Embedding(0.8) } },
            question with { Llm = question.Llm with { Labels = [], Equivalence = new LabelEquivalence.Embedding(0.9) } },
            rule,
            rule with { Lexicons = [new Lexicon("names", new LexiconSource.Words(["Mary", "Anna"]))] },
            rule with { Lexicons = [] },
        ];
        Assert.Equal(all.Length, all.Select(s => s.ComputeHash()).Distinct().Count());
        var reordered = rule with { Lexicons = [new Lexicon("names", new LexiconSource.File("names.txt", ["John", "Mary", "John"]))] };
        Assert.Equal(rule.ComputeHash(), reordered.ComputeHash());
    }

    [Theory]
    [InlineData("[length, {ge: -0}]", "[length, {ge: 0.0}]")]
    [InlineData("[length, {ge: 1e1}]", "[length, {ge: 10}]")]
    [InlineData("[words, {nth: 0}]", "- words\n- nth: 0 # the first")]
    [InlineData("[{match: '\\d'}, first]", "[{match: {pattern: \"\\\\d\", group: 0}}, first]")]
    [InlineData("[{after: a}]", "[{after: {text: a}}]")]
    [InlineData("[words, {occurring: 2}, first]", "[words, {occurring: {max: 2, min: 2}}, first]")]
    [InlineData("[length, {map: {1: a, 2: b}}]", "[length, {map: {'2': 'b', '1': 'a'}}]")]
    public void Hash_is_that_of_the_meaning_not_of_the_spelling(string one, string other) =>
        Assert.Equal(HashOf(Rule(one)), HashOf(Rule(other)));

    private static string Rule(string rule) => $"schema: {FeatureSpec.SchemaId}\nid: a\nrule:\n  {rule.Replace("\n", "\n  ", StringComparison.Ordinal)}\n";

    private static string Print(FeatureSpec spec) => FeatureSpecText.Print(spec, SpecFormat.Yaml);

    private static string HashOf(string text) => FeatureSpecText.Parse(text).OrThrow().Spec.ComputeHash();

    private static string WithComments(string yaml) => string.Concat(
        yaml.Split('\n').Select(line => line.Length > 0 && char.IsAsciiLetter(line[0]) ? $"\n# about {line[0]}\n{line}\n" : line + "\n"));

    private static JsonNode Shuffled(JsonNode node, Random random)
    {
        switch (node)
        {
            case JsonObject map:
                var keys = map.Select(e => e.Key).ToArray();
                random.Shuffle(keys);
                return new JsonObject(keys.Select(k => KeyValuePair.Create(k, map[k] is { } value ? Shuffled(value, random) : null)));
            case JsonArray list:
                return new JsonArray([.. list.Select(i => i is null ? null : Shuffled(i, random))]);
            default:
                return node.DeepClone();
        }
    }
}
