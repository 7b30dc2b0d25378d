using System.Globalization;
using System.Numerics.Tensors;
using System.Text.Json.Nodes;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Prompts;
using InverseScope.Core;
using InverseScope.Core.Specs;

namespace InverseScope.Agent.Labels;

/// <summary>
/// Says which labels of an open set are one: each is the same as the first before it that its equivalence allows, or the first
/// of a new class. What was decided is kept, so that a label is in the same class whenever it comes.
/// </summary>
internal sealed class LabelClasses(LlmQuestion question, string specHash, IChat chat, ILabelCache cache, ILabelEmbedder? embedder)
{
    // Shown at once to whoever judges.
    private const int MostShown = 50;

    private static readonly PromptFile Prompt = ShippedPrompts.Find(LabelDecisions.JudgePrompt);

    /// <param name="labels">In the order in which they came, each once.</param>
    /// <param name="keeps">Whether new decisions are kept.</param>
    /// <returns>The first label of its class by label; or an answer that is none, where nobody could judge.</returns>
    /// <exception cref="BadInputException">Nothing is there to compare by.</exception>
    /// <exception cref="OutsideServiceException">Whoever compares is out of reach.</exception>
    public async Task<IReadOnlyDictionary<string, LabelAnswer>> ResolveAsync(IReadOnlyList<string> labels, bool keeps, CancellationToken cancel)
    {
        switch (question.Equivalence)
        {
            case null or LabelEquivalence.Exact:
                return labels.ToDictionary(l => l, LabelAnswer.Of, StringComparer.Ordinal);
            case LabelEquivalence.Normalised:
                return labels.ToDictionary(
                    l => l,
                    l => LabelEquivalence.Normalised.Of(l) is { } form ? LabelAnswer.Of(form) : new LabelAnswer(AnswerKind.Malformed, null),
                    StringComparer.Ordinal);
            case LabelEquivalence.Embedding(var threshold):
                if (embedder is null)
                {
                    throw new BadInputException(
                        "The spec compares labels by their embeddings, and no model for embeddings is set.",
                        "Name one, or write equivalence: normalised or judged.");
                }

                var vectors = new Dictionary<string, float[]>(StringComparer.Ordinal);
                return await SortAsync(
                    ScopeOf(embedder.Identity, string.Create(CultureInfo.InvariantCulture, $"{LabelDecisions.ByEmbedding}{threshold:R}")), labels, keeps,
                    async (label, classes) => await NearestAsync(vectors, label, classes, labels, threshold, cancel));
            default:
                return await SortAsync(
                    ScopeOf(LabelScope.ModelOf(chat.Model), Prompt.Hash), labels, keeps, async (label, classes) => await JudgeAsync(label, classes, cancel));
        }
    }

    private LabelScope ScopeOf(string model, string how) => new(specHash, model, how, 0);

    /// <param name="find">The class of a label among those before it; null: none; no label: it cannot be said.</param>
    private async Task<IReadOnlyDictionary<string, LabelAnswer>> SortAsync(
        LabelScope scope, IReadOnlyList<string> labels, bool keeps, Func<string, IReadOnlyList<string>, Task<LabelAnswer?>> find)
    {
        var sorted = new Dictionary<string, LabelAnswer>(cache.All(scope), StringComparer.Ordinal);
        var classes = new List<string>(cache.All(scope).Select(a => a.Value.Label!).Distinct(StringComparer.Ordinal));
        var byForm = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var known in classes)
            byForm.TryAdd(FormOf(known), known);
        foreach (var label in labels)
        {
            if (sorted.ContainsKey(label))
                continue;
            // What differs in case or an article only is not worth a question.
            LabelAnswer? found = byForm.TryGetValue(FormOf(label), out var same)
                ? LabelAnswer.Of(same)
                : classes.Count == 0 ? null : await find(label, classes);
            var answer = found ?? LabelAnswer.Of(label);
            sorted[label] = answer;
            if (answer.Kind != AnswerKind.Labelled)
                continue;
            if (found is null)
            {
                classes.Add(label);
                byForm.TryAdd(FormOf(label), label);
            }

            if (keeps)
                cache.Add(scope, [new(label, answer)]);
        }

        return sorted;
    }

    private static string FormOf(string label) => LabelEquivalence.Normalised.Of(label) ?? label;

    private async Task<LabelAnswer?> NearestAsync(
        Dictionary<string, float[]> vectors, string label, IReadOnlyList<string> classes, IReadOnlyList<string> all, double threshold, CancellationToken cancel)
    {
        // Those to come are embedded with it, all in one request.
        var missing = classes.Concat(all).Append(label).Distinct(StringComparer.Ordinal).Where(l => !vectors.ContainsKey(l)).ToList();
        if (missing.Count > 0)
        {
            foreach (var (text, vector) in missing.Zip(await embedder!.EmbedAsync(missing, cancel)))
                vectors[text] = vector;
        }

        var (nearest, similarity) = classes.Select(c => (c, TensorPrimitives.CosineSimilarity(vectors[c], vectors[label]))).MaxBy(c => c.Item2);
        return similarity >= threshold ? LabelAnswer.Of(nearest) : null;
    }

    private async Task<LabelAnswer?> JudgeAsync(string label, IReadOnlyList<string> classes, CancellationToken cancel)
    {
        foreach (var shown in classes.Chunk(MostShown))
        {
            var schema = JsonNode.Parse(Prompt.Reply!.Json)!;
            schema["properties"]!["same_as"]!["maximum"] = shown.Length;
            var reply = await chat.AskAsync(
                new ChatRequest
                {
                    Purpose = "same label",
                    Prompt = Prompt.Render(new Dictionary<string, JsonNode?>
                    {
                        ["instruction"] = question.Instruction,
                        ["label"] = label,
                        ["known"] = new JsonArray([.. shown.Select((l, i) => (JsonNode)new JsonObject { ["id"] = i + 1, ["label"] = l })]),
                    }),
                    Schema = ReplySchema.Parse(schema.ToJsonString()),
                    MaxReplyTokens = 64,
                },
                cancel);
            switch (reply.Outcome)
            {
                case ChatOutcome.Answered when (int)reply.Json!.Value.GetProperty("same_as").GetDouble() is > 0 and var same:
                    return LabelAnswer.Of(shown[same - 1]);
                case ChatOutcome.Answered:
                    break;
                default:
                    return new LabelAnswer(LabelJob.KindOf(reply), null);
            }
        }

        return null;
    }
}
