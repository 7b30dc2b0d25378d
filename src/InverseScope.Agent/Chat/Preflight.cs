namespace InverseScope.Agent.Chat;

/// <summary>How one thing stands before a language model is asked in earnest.</summary>
public enum PreflightState
{
    Good,

    /// <summary>It works, but not as well as it could.</summary>
    Doubtful,

    /// <summary>Nothing will work until it is mended.</summary>
    Bad,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Name">e.g. <c>model</c>.</param>
/// <param name="What">What was found, as a sentence.</param>
/// <param name="Cure">What to do about it; null where nothing needs to be done.</param>
public sealed record PreflightFinding(string Name, PreflightState State, string What, string? Cure = null);

/// <summary>What was found out about a language model and its service before a run.</summary>
public sealed record PreflightReport
{
    public required IReadOnlyList<PreflightFinding> Findings { get; init; }

    /// <summary>Of the service; null if it does not tell.</summary>
    public string? Version { get; init; }

    /// <summary>What the model can do, in the words of the service, e.g. <c>tools</c>; null if it does not tell.</summary>
    public IReadOnlyList<string>? Capabilities { get; init; }

    /// <summary>Tokens that the model was made for; null if the service does not tell.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Whether the model can be asked.</summary>
    public bool IsReady => Findings.All(f => f.State != PreflightState.Bad);

    /// <summary>Whether the model can call functions; false where nothing tells.</summary>
    public bool HasTools => Capabilities?.Contains("tools") == true;
}
