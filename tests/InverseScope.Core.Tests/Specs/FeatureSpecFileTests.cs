using System.Text;
using InverseScope.Core.Specs;
using InverseScope.Testing;

namespace InverseScope.Core.Tests.Specs;

public sealed class FeatureSpecFileTests
{
    private const string Spec = $"schema: {FeatureSpec.SchemaId}\nid: a\nrule: [words, {{in: w}}, first]\nlexicons: {{w: {{file: words.txt}}}}\n";

    [Fact]
    public void Lexicon_files_lie_beside_the_spec_and_count_by_their_words()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["words.txt"], "\ufeffcar\r\n\n bus \n");
        File.WriteAllText(folder["spec.yaml"], Spec);
        var compiled = FeatureSpecFile.Compile(folder["spec.yaml"], Rules.Ioi).OrThrow();
        Assert.Equal("bus", compiled.Feature.Label("a bus and a car"));
        var listed = compiled.Spec with { Lexicons = [new Lexicon("w", new LexiconSource.Words(["bus", "car"]))] };
        Assert.Equal(listed.ComputeHash(), compiled.Feature.Hash);
        File.WriteAllText(folder["words.txt"], "car\n");
        Assert.NotEqual(compiled.Feature.Hash, FeatureSpecFile.Compile(folder["spec.yaml"], Rules.Ioi).OrThrow().Feature.Hash);
    }

    [Theory]
    [InlineData("spec.yaml", SpecFormat.Yaml)]
    [InlineData("spec.YML", SpecFormat.Yaml)]
    [InlineData("spec.json", SpecFormat.Json)]
    [InlineData("spec.txt", SpecFormat.Json)]
    [InlineData("spec", SpecFormat.Json)]
    public void The_format_goes_by_the_extension_else_by_the_first_character(string name, SpecFormat format)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder[name], $$"""  {"schema": "{{FeatureSpec.SchemaId}}", "id": "a", "rule": ["words", "first"]}""");
        Assert.Equal(format, FeatureSpecFile.Parse(folder[name]).OrThrow().Format);
    }

    [Theory]
    [InlineData("missing.yaml", "there is no such file.")]
    [InlineData("specc.yaml", "there is no such file. Did you mean 'spec.yaml'?")]
    [InlineData("nowhere/spec.yaml", "either.")]
    [InlineData("", "this is a folder.")]
    [InlineData("binary.yaml", "this is not UTF-8 text. A spec is a text file: save it as UTF-8.")]
    [InlineData("utf16.yaml", "this is not UTF-8 text.")]
    [InlineData("empty.yaml", "1:1: the file is empty. Expected a feature spec.")]
    [InlineData("empty.json", "1:1: the file is empty. Expected a feature spec.")]
    [InlineData("comment.yaml", "1:1: the file is empty. Expected a feature spec.")]
    [InlineData("large.yaml", "1:1: the spec has more than 64 KiB.")]
    [InlineData("twice.yaml", "3:1: the key 'id' is there already, at line 2.")]
    [InlineData("tab.yaml", "4:1: this is not YAML: While scanning a mapping, found invalid tab as indentation. Indent with spaces.")]
    [InlineData("open.yaml", "2:1: this is not YAML: a key stands where a ',' or a closing bracket is expected.")]
    [InlineData("two.yaml", "4:1: a second document begins here. Write one spec in each file.")]
    public void What_cannot_be_read_is_told_with_the_cure(string name, string message)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["spec.yaml"], Spec);
        File.WriteAllBytes(folder["binary.yaml"], [1, 2, 0xff, 0xfe, 0]);
        File.WriteAllText(folder["utf16.yaml"], Spec, Encoding.Unicode);
        File.WriteAllText(folder["empty.yaml"], "");
        File.WriteAllText(folder["empty.json"], " \n");
        File.WriteAllText(folder["comment.yaml"], "# nothing but this\n");
        File.WriteAllText(folder["large.yaml"], new string('#', (64 << 10) + 1));
        File.WriteAllText(folder["twice.yaml"], $"schema: {FeatureSpec.SchemaId}\nid: a\nid: b\nrule: [words, first]\n");
        File.WriteAllText(folder["tab.yaml"], $"schema: {FeatureSpec.SchemaId}\nid: a\nrule:\n\t- words\n");
        File.WriteAllText(folder["open.yaml"], "a: [1, 2\nb: 3\n");
        File.WriteAllText(folder["two.yaml"], $"schema: {FeatureSpec.SchemaId}\nid: a\nrule: [words, first]\n---\nid: b\n");
        var error = FeatureSpecFile.Parse(folder[name]).Errors[0];
        Assert.Contains(message, error.Format("FILE"));
    }

    [Theory]
    [InlineData("\n", false)]
    [InlineData("\r\n", false)]
    [InlineData("\n", true)]
    public void Line_ends_and_a_byte_order_mark_mean_nothing(string lineEnd, bool hasMark)
    {
        using var folder = new TempFolder();
        var text = $"schema: {FeatureSpec.SchemaId}\nid: a\nrule: [words, first]\ntests: [{{text: a b, label: b}}]\n".Replace("\n", lineEnd, StringComparison.Ordinal);
        File.WriteAllText(folder["spec.yaml"], text, new UTF8Encoding(hasMark));
        var error = Assert.Single(FeatureSpecFile.Compile(folder["spec.yaml"], Rules.Ioi).Errors);
        Assert.Equal((4, 9), (error.Line, error.Column));
    }
}
