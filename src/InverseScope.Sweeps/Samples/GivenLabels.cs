using System.Text.Json.Nodes;
using InverseScope.Core.Specs;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Samples;

/// <summary>Labels that people write, as the spec that they are of takes them: two spellings of one label must not count as two.</summary>
public static class GivenLabels
{
    /// <summary>Whether new labels of the spec may not be told from known ones without a language model or embeddings.</summary>
    public static bool AreJudged(HypothesisRecord hypothesis) => EquivalenceOf(hypothesis) switch
    {
        JsonObject => true,
        JsonValue name => name.ToString() == "judged",
        _ => false,
    };

    /// <summary>The label that one which was given is by the spec; the one given where it is none of those known.</summary>
    /// <param name="known">Labels that the hypothesis has by now.</param>
    public static string AsKnown(HypothesisRecord hypothesis, IReadOnlyList<string> known, string label)
    {
        if (hypothesis.Spec?["llm"] is null || known.Contains(label, StringComparer.Ordinal))
            return label;
        if (EquivalenceOf(hypothesis) is JsonValue name)
        {
            switch (name.ToString())
            {
                case "exact":
                    return label;
                case "normalised":
                    return FormOf(label);
            }
        }

        var form = FormOf(label);
        IEnumerable<string> all = hypothesis.Spec["llm"]?["labels"] is JsonArray closed ? closed.Select(l => l!.ToString()) : known;
        string[] same = [.. all.Where(l => l == label || FormOf(l) == form).Distinct(StringComparer.Ordinal)];
        return same.Contains(label, StringComparer.Ordinal) ? label : same is [var only] ? only : label;
    }

    /// <summary>The form that all spellings of a label share.</summary>
    public static string FormOf(string label) => LabelEquivalence.Normalised.Of(label) ?? label;

    private static JsonNode? EquivalenceOf(HypothesisRecord hypothesis) => hypothesis.Spec?["llm"]?["equivalence"];
}
