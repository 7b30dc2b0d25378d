using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Prompts;
using InverseScope.Core;
using InverseScope.Core.Specs;

namespace InverseScope.Agent.Labels;

/// <summary>One question about texts, put to a language model in batches.</summary>
internal sealed class LabelJob(LlmQuestion question, IChat chat)
{
    private const string Purpose = "label";
    private const string ClosedPrompt = "label-texts";
    private const string OpenPrompt = "label-texts-open";

    // Brackets and quotes of the reply, and of each answer with a label of usual length.
    private const int TokensOfReply = 64;
    private const int TokensOfAnswer = 48;

    private readonly ConcurrentDictionary<int, ReplySchema> _schemas = new();

    public PromptFile Prompt { get; } = ShippedPrompts.Find(question.Labels.Count > 0 ? ClosedPrompt : OpenPrompt);

    public IChat Chat => chat;

    public int Votes => question.Votes;

    /// <summary>Asks about texts. A batch that has no answers is asked in halves, so that one odd text does not speak for others.</summary>
    /// <param name="answered">Told answers, as many as texts, as they come: before the next question.</param>
    /// <exception cref="BadInputException">The service does not take such requests.</exception>
    /// <exception cref="OutsideServiceException">The service is out of reach.</exception>
    public async Task AskAsync(
        IReadOnlyList<string> texts, int seed, double temperature, Action<IReadOnlyList<string>, IReadOnlyList<LabelAnswer>> answered, CancellationToken cancel)
    {
        var reply = await chat.AskAsync(
            new ChatRequest
            {
                Purpose = Purpose,
                Prompt = Prompt.Render(Values(texts)),
                Schema = _schemas.GetOrAdd(texts.Count, SchemaFor),
                Seed = seed,
                Temperature = temperature,
                MaxReplyTokens = TokensOfReply + TokensOfAnswer * texts.Count,
            },
            cancel);
        var kind = KindOf(reply);
        if (kind == AnswerKind.Labelled && Read(reply, texts.Count) is { } answers)
        {
            answered(texts, answers);
            return;
        }

        if (kind == AnswerKind.Labelled)
            kind = AnswerKind.Malformed;
        if (texts.Count == 1 || kind is AnswerKind.Failed or AnswerKind.NotAsked)
        {
            answered(texts, [.. texts.Select(_ => new LabelAnswer(kind, null))]);
            return;
        }

        var half = texts.Count / 2;
        await AskAsync([.. texts.Take(half)], seed, temperature, answered, cancel);
        await AskAsync([.. texts.Skip(half)], seed, temperature, answered, cancel);
    }

    /// <summary>What a reply means for the texts that it is about.</summary>
    /// <exception cref="BadInputException">The service does not take such requests.</exception>
    /// <exception cref="OutsideServiceException">The service is out of reach.</exception>
    public static AnswerKind KindOf(ChatReply reply) => reply.Outcome switch
    {
        ChatOutcome.Answered => AnswerKind.Labelled,
        ChatOutcome.Refused => AnswerKind.Refused,
        ChatOutcome.Malformed => AnswerKind.Malformed,
        ChatOutcome.Truncated or ChatOutcome.PromptTooLong => AnswerKind.Truncated,
        ChatOutcome.Failed => AnswerKind.Failed,
        ChatOutcome.OutOfBudget => AnswerKind.NotAsked,
        ChatOutcome.Unavailable => throw new OutsideServiceException($"The language model {reply.Model.Name} cannot be reached: {reply.Problem}"),
        _ => throw new BadInputException($"The language model {reply.Model.Name} cannot be asked: {reply.Problem}"),
    };

    private Dictionary<string, JsonNode?> Values(IReadOnlyList<string> texts)
    {
        var values = new Dictionary<string, JsonNode?>
        {
            ["instruction"] = question.Instruction,
            ["texts"] = new JsonArray([.. texts.Select((text, i) => (JsonNode)new JsonObject { ["id"] = i + 1, ["text"] = text })]),
        };
        if (question.Labels.Count > 0)
            values["labels"] = new JsonArray([.. question.Labels.Select(l => (JsonNode)l)]);
        return values;
    }

    private ReplySchema SchemaFor(int texts)
    {
        var schema = JsonNode.Parse(Prompt.Reply!.Json)!;
        var answers = schema["properties"]!["answers"]!;
        (answers["minItems"], answers["maxItems"]) = (texts, texts);
        var properties = answers["items"]!["properties"]!;
        (properties["id"]!["minimum"], properties["id"]!["maximum"]) = (1, texts);
        if (question.Labels.Count > 0)
            properties["label"]!["enum"] = new JsonArray([.. question.Labels.Select(l => (JsonNode)l)]);
        return ReplySchema.Parse(schema.ToJsonString());
    }

    /// <returns>Null unless each text has one answer: which is whose is not guessed.</returns>
    private LabelAnswer[]? Read(ChatReply reply, int texts)
    {
        var answers = new LabelAnswer?[texts];
        foreach (var answer in reply.Json!.Value.GetProperty("answers").EnumerateArray())
        {
            // A whole number may be written as 1.0.
            var at = (int)answer.GetProperty("id").GetDouble() - 1;
            if (answers[at] is not null)
                return null;
            answers[at] = Judge(answer.GetProperty("label").GetString()!.Trim());
        }

        return [.. answers.Select(a => a!.Value)];
    }

    private LabelAnswer Judge(string label) => (question.Labels.Count > 0, label) switch
    {
        (false, "") => new LabelAnswer(AnswerKind.Malformed, null),
        (false, _) when RefusalText.Is(label) => new LabelAnswer(AnswerKind.Refused, null),
        _ => LabelAnswer.Of(label),
    };
}
