namespace InverseScope.Agent.Chat;

/// <summary>A function that a model may ask for. Whoever asked the model runs it, or not.</summary>
/// <param name="Name">Letters, digits and underscores.</param>
/// <param name="Description">What it gives, for the model.</param>
/// <param name="Arguments">An object, whose properties are the arguments. Sent to the service; what a model gives is not checked by it.</param>
public sealed record ChatTool(string Name, string Description, ReplySchema Arguments);

/// <summary>A call that a model asks for.</summary>
/// <param name="Name">As the model wrote it: there may be no such function.</param>
/// <param name="Arguments">As the model wrote them: a JSON object if all is well, else any text.</param>
public sealed record ChatCall(string Name, string Arguments);

/// <summary>What a model did in answer to a prompt, and what it was told then.</summary>
/// <param name="Said">What it wrote beside its calls; empty if nothing.</param>
/// <param name="Calls">What it asked for, each with arguments that are a JSON object.</param>
/// <param name="Results">What came of each call, in the same order.</param>
/// <param name="Told">What it was told beyond results; null if nothing.</param>
public sealed record ChatRound(string Said, IReadOnlyList<ChatCall> Calls, IReadOnlyList<string> Results, string? Told);
