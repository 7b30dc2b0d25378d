using System.Text;
using InverseScope.Core.Specs;
using InverseScope.Testing;

namespace InverseScope.Core.Tests.Specs;

/// <summary>What people and language models read when a spec is wrong. The messages lie beside this file.</summary>
public sealed class SpecErrorTests
{
    private static readonly (string What, string Spec)[] Broken =
    [
        ("misspelt steps and keys", """
            shema: inversescope/feature-spec/v1
            id: misspelt
            titel: A title
            rule:
              - wrods
              - {nht: 1}
              - {occuring: 1}
              - frist
            """),
        ("types that do not fit", """
            schema: inversescope/feature-spec/v1
            id: types
            applies: [words, count]
            rule:
              - first
              - words
              - {ge: 3}
              - {sum: [[chars], [words, {nth: 0}]]}
            """),
        ("a rule that ends in a list", """
            schema: inversescope/feature-spec/v1
            id: list
            rule: [words, {in: nams}]
            """),
        ("arguments of the wrong kind", """
            schema: inversescope/feature-spec/v1
            id: arguments
            rule:
              - {after: 5}
              - {replace: {pattern: a}}
              - words: 3
              - {nth: first}
              - {if: {when: [length], then: [length], otherwise: [lower]}}
              - nth
              - {div: 0}
            """),
        ("several keys in one step, and one step not in a list", """
            schema: inversescope/feature-spec/v1
            id: shape
            applies: {contains: {words: [gave]}}
            rule:
              - words:
                in: names
              - {sum: [chars, int]}
            """),
        ("two ways to make a label, and a test of the wrong form", """
            schema: inversescope/feature-spec/v1
            id: both ways
            rule: [words, first]
            script: "function label(x) { return 1 }"
            tests:
              - {text: 5, label: [a]}
              - {text: a}
            """),
        ("no way to make a label", """
            schema: inversescope/feature-spec/v2
            id: none
            """),
        ("regular expressions", """
            schema: inversescope/feature-spec/v1
            id: regex
            rule:
              - {match: {pattern: '(\d+', group: 1}}
              - {where: [it, {contains: {regex: '(?=a)'}}]}
              - {where: [it, {match: {pattern: '(?<digit>\d)', group: digits}}, count, {ge: 1}]}
              - first
            """),
        ("a script that cannot be parsed", """
            schema: inversescope/feature-spec/v1
            id: script
            script: |
              function label(x) {
                  return x.split(' ')[0;
              }
            """),
        ("tests that fail", """
            schema: inversescope/feature-spec/v1
            id: tests
            rule: [words, {in: names}, first]
            tests:
              - {text: Mary left, label: John}
              - {text: Nobody left, label: Nobody}
              - {text: John left, label: null}
              - {text: John left, label: John}
            """),
        ("a question", """
            schema: inversescope/feature-spec/v1
            id: question
            llm:
              instruction: ""
              labels: [a, a]
              equivalence: fuzzy
              votes: 2
            """),
        ("lexicons and sites", """
            schema: inversescope/feature-spec/v1
            id: lexicons
            sites: [L9, banana]
            rule: [words, {in: firsts}, {not_in: second}, first]
            lexicons:
              first: {list: []}
              second: {from: web}
              third: {file: ../names.txt}
            """),
        ("quotes and escapes", """
            schema: inversescope/feature-spec/v1
            id: escapes
            rule: [{match: "\d+"}, first]
            """),
        ("indentation", """
            schema: inversescope/feature-spec/v1
            id: indentation
            rule:
              - words
             - first
            """),
        ("a colon in a text", """
            schema: inversescope/feature-spec/v1
            id: colon
            hypothesis: The head: it carries a name
            rule: [words, first]
            """),
        ("a bracket left open", """
            schema: inversescope/feature-spec/v1
            id: bracket
            rule: [words, {nth: 1, first]
            """),
        ("JSON with a comma too many", """
            {"schema": "inversescope/feature-spec/v1", "id": "json", "rule": ["words", "first",]}
            """),
        ("JSON with misspelt steps", """
            {
              "schema": "inversescope/feature-spec/v1",
              "id": "json", "tests": [{"text": "größer", "label": 1, "why": "?"}],
              "rule": ["word", {"nth": "1"}]
            }
            """),
    ];

    [Fact]
    public void Messages_say_where_what_was_found_what_was_expected_and_how_to_mend_it()
    {
        var text = new StringBuilder();
        foreach (var (what, spec) in Broken)
        {
            var result = FeatureCompiler.Compile(spec, Rules.Ioi);
            Assert.Null(result.Value);
            text.Append("=== ").Append(what).Append('\n').Append(spec).Append("\n---\n");
            foreach (var error in result.Errors)
                text.Append(error.Format("spec.yaml")).Append('\n');
            text.Append('\n');
        }

        Golden.Verify(text.ToString(), "txt");
    }

    [Fact]
    public void Errors_without_a_file_name_their_path() => Assert.Equal(
        "line 3, column 8: rule[0]: unknown step 'wrods'. Did you mean 'words'?",
        FeatureCompiler.Compile("schema: inversescope/feature-spec/v1\nid: a\nrule: [wrods, first]\n", Rules.Ioi)
            .Errors[0].ToString().Split(" Steps:")[0]);
}
