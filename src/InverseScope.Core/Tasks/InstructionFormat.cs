namespace InverseScope.Core.Tasks;

/// <summary>
/// How a model reads texts that are instructions to it: the text alone, or as the user's message in the chat template of
/// an instructed model, up to where the model's reply begins. Stands in the first line of a file of JSON lines.
/// </summary>
public sealed record InstructionFormat
{
    /// <summary>The value of the key <c>schema</c> of that line.</summary>
    public const string Schema = "inversescope/instructions/v1";

    private const string NoTemplate = "none";

    private InstructionFormat(string? template) => Template = template;

    /// <summary>Values of the key <c>template</c>.</summary>
    public static IReadOnlyList<string> Templates { get; } = [NoTemplate, "llama-3-instruct", "gemma-it"];

    /// <summary>Name of the chat template, in lower case; null: models read the text alone.</summary>
    public string? Template { get; }

    /// <summary>The format of one of <see cref="Templates"/>, else null.</summary>
    public static InstructionFormat? Of(string template) =>
        !Templates.Contains(template) ? null : new InstructionFormat(template == NoTemplate ? null : template);

    public override string ToString() => Template ?? NoTemplate;
}
