using System.Text.Json.Nodes;
using InverseScope.Sweeps.Samples;
using InverseScope.Sweeps.Tests.Reports;

namespace InverseScope.Sweeps.Tests.Samples;

public sealed class GivenLabelsTests
{
    [Theory]
    [InlineData("""{"rule":["chars"]}""", "Yes", "Yes", false)]
    [InlineData("""{"llm":{"equivalence":"exact"}}""", "Yes", "Yes", false)]
    [InlineData("""{"llm":{"equivalence":"normalised"}}""", " The Yes!", "yes", false)]
    [InlineData("""{"llm":{"equivalence":"normalised"}}""", "Perhaps.", "perhaps", false)]
    [InlineData("""{"llm":{"equivalence":"judged"}}""", "Yes", "yes", true)]
    [InlineData("""{"llm":{"equivalence":"judged"}}""", "Perhaps.", "Perhaps.", true)]
    [InlineData("""{"llm":{"equivalence":{"embedding":0.8}}}""", "NO", "No!", true)]
    [InlineData("""{"llm":{"labels":["Yes","no"]}}""", "yes ", "Yes", false)]
    [InlineData("""{"llm":{"labels":["Yes","no"]}}""", "NO", "no", false)]
    public void A_label_that_a_person_spells_otherwise_is_the_one_that_the_spec_takes_it_for(string spec, string given, string label, bool isJudged)
    {
        var hypothesis = ReportFixture.Tiny().Sites.SelectMany(s => s.Hypotheses).First() with { Spec = JsonNode.Parse(spec)!.AsObject() };
        var known = spec.Contains("labels", StringComparison.Ordinal) ? ["no"] : new[] { "yes", "No!" };
        Assert.Equal((label, isJudged), (GivenLabels.AsKnown(hypothesis, known, given), GivenLabels.AreJudged(hypothesis)));
    }
}
