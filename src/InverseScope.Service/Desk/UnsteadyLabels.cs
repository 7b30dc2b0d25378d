using InverseScope.Agent.Labels;
using InverseScope.Core.Specs;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Samples;

namespace InverseScope.Service.Desk;

/// <summary>Texts that a language model labelled otherwise when it was asked again, or in another vote.</summary>
internal static class UnsteadyLabels
{
    /// <summary>For each text of the site whether it is one. Read anew each time: votes go on coming.</summary>
    public static bool[] Of(Workspace workspace, string sweep, KeptSite kept, HypothesisRecord hypothesis)
    {
        var unsteady = new bool[kept.Texts.Count];
        var isExact = hypothesis.Spec?["llm"]?["equivalence"]?.ToString() == "exact";
        var model = workspace.Store.Sweep(sweep).LanguageModel;
        var all = workspace.Store.Labels.ScopesOf(hypothesis.SpecHash);
        // Decisions about which labels are one are kept beside the answers, by label in place of text.
        var classes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var scope in all.Where(LabelDecisions.AreIn))
        {
            foreach (var (label, answer) in workspace.Store.Labels.All(scope))
            {
                if (answer.Label is { } one)
                    classes.TryAdd(label, one);
            }
        }

        string ClassOf(string label) => isExact ? label : GivenLabels.FormOf(classes.GetValueOrDefault(label, label));
        foreach (var votes in all
            .Where(s => !LabelDecisions.AreIn(s) && (model is null || s.Model.StartsWith(model, StringComparison.Ordinal)))
            .GroupBy(s => (s.Model, s.PromptHash)).Where(g => g.Count() > 1))
        {
            var first = new Dictionary<int, string>();
            foreach (var (text, answer) in votes.OrderBy(s => s.Vote).SelectMany(workspace.Store.Labels.All))
            {
                if (answer is not { Kind: AnswerKind.Labelled, Label: { } label } || kept.IdOf(text) is not { } id)
                    continue;
                if (first.TryGetValue(id, out var before))
                    unsteady[id] |= before != ClassOf(label);
                else
                    first.Add(id, ClassOf(label));
            }
        }

        return unsteady;
    }
}
