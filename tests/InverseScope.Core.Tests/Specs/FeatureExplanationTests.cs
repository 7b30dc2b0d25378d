using System.Text;
using InverseScope.Core.Specs;
using InverseScope.Testing;

namespace InverseScope.Core.Tests.Specs;

public sealed class FeatureExplanationTests
{
    /// <summary>One line for each example of the guide, which has every step.</summary>
    [Fact]
    public void Every_step_is_told_in_words()
    {
        var text = new StringBuilder();
        foreach (var row in SpecGuide.Rows)
        {
            var spec = FeatureSpecText.Parse($"schema: {FeatureSpec.SchemaId}\nid: example\nrule: {row.Rule}\n").OrThrow().Spec;
            text.Append(row.Rule).Append('\n').Append("    ").Append(FeatureExplanation.Of(spec)).Append('\n');
        }

        foreach (var example in SpecGuide.Specs)
            text.Append(FeatureExplanation.Of(FeatureSpecText.Parse(example).OrThrow().Spec)).Append('\n');
        Golden.Verify(text.ToString(), "txt");
    }

    [Fact]
    public void What_a_spec_quotes_cannot_control_a_terminal()
    {
        var spec = FeatureSpecText.Parse($"schema: {FeatureSpec.SchemaId}\nid: a\nrule: [{{after: \"\\e[2J\\u202e\"}}]\n").OrThrow().Spec;
        Assert.Equal("From the text, take what follows the first \" [2J \".", FeatureExplanation.Of(spec));
    }
}
