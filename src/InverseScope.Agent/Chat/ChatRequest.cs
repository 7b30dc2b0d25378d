using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using InverseScope.Agent.Prompts;
using InverseScope.Core;

namespace InverseScope.Agent.Chat;

/// <summary>One question to a language model.</summary>
public sealed record ChatRequest
{
    /// <summary>What the answer is for, for records, metrics and scripts, e.g. <c>label</c>.</summary>
    public required string Purpose { get; init; }

    /// <summary>The text that is sent, with the prompt it was made from.</summary>
    public required RenderedPrompt Prompt { get; init; }

    /// <summary>What the reply must be; null: any text. It is sent, repeated below the prompt, and checked here.</summary>
    public ReplySchema? Schema { get; init; }

    /// <summary>
    /// A stricter form that the service is asked to hold the reply to, where it can; neither repeated below the prompt nor checked
    /// here. Null: <see cref="Schema"/>.
    /// </summary>
    public ReplySchema? Format { get; init; }

    /// <summary>Functions that the model may ask for in place of an answer; the calls are in the reply. Not together with a schema. Default none.</summary>
    public IReadOnlyList<ChatTool> Tools { get; init; } = [];

    /// <summary>What was asked for and told since the prompt, in order. Default nothing.</summary>
    public IReadOnlyList<ChatRound> Earlier { get; init; } = [];

    /// <summary>Which of several questions of one conversation, from 0. Default 0.</summary>
    public int Step { get; init; }

    /// <summary>At least 0. The same seed is no promise of the same answer, but another one asks for another. Default 0.</summary>
    public int Seed { get; init; }

    /// <summary>0 to 2. Default 0.</summary>
    public double Temperature { get; init; }

    /// <summary>Tokens after which a reply is cut off, at least 1; a second attempt at a reply that was cut has twice as many. Default 1024.</summary>
    public int MaxReplyTokens { get; init; } = 1024;

    internal int EstimatedPromptTokens =>
        TokenEstimate.About(Prompt.System) + TokenEstimate.About(Prompt.User) + TokenEstimate.About(Schema?.Json ?? "")
        + TokenEstimate.About(ToolsJson ?? "") + TokenEstimate.About(EarlierJson ?? "");

    /// <summary>The functions as JSON; null without any.</summary>
    internal string? ToolsJson => Tools.Count == 0
        ? null
        : new JsonArray([.. Tools.Select(t => new JsonObject
        {
            ["name"] = t.Name,
            ["description"] = t.Description,
            ["arguments"] = JsonNode.Parse(t.Arguments.Json),
        })]).ToJsonString();

    private string? EarlierJson => Earlier.Count == 0 ? null : JsonSerializer.Serialize(Earlier);

    /// <summary>
    /// SHA-256, hex, of what is asked of whom: model, messages, schema, functions, seed, temperature and length. How the model is reached
    /// does not matter.
    /// </summary>
    public string HashFor(ChatModel model) => ContentHash.Of([
        model.Identity, Purpose, Prompt.Hash, Prompt.System, Prompt.User, Schema?.Json ?? "", Format?.Json ?? "",
        Step.ToString(CultureInfo.InvariantCulture),
        Seed.ToString(CultureInfo.InvariantCulture),
        Temperature.ToString("R", CultureInfo.InvariantCulture),
        MaxReplyTokens.ToString(CultureInfo.InvariantCulture),
        // Nothing without functions, as questions were found by before there were any.
        .. ToolsJson is { } tools ? [tools, EarlierJson ?? ""] : Array.Empty<string>()]);
}
