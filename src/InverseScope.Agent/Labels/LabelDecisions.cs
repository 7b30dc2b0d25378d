using InverseScope.Agent.Prompts;

namespace InverseScope.Agent.Labels;

/// <summary>Decisions about which labels of an open set are one. They are kept beside the answers, by label in place of text.</summary>
public static class LabelDecisions
{
    internal const string JudgePrompt = "same-label";
    internal const string ByEmbedding = "embedding ";

    /// <summary>Whether what is kept under a scope are such decisions, and no answers about texts.</summary>
    public static bool AreIn(LabelScope scope) =>
        scope.PromptHash.StartsWith(ByEmbedding, StringComparison.Ordinal) || scope.PromptHash == ShippedPrompts.Find(JudgePrompt).Hash;
}
