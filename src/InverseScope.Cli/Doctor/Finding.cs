namespace InverseScope.Cli.Doctor;

/// <summary>How one part of the machine or the home stands.</summary>
internal enum FindingState
{
    Ok,

    /// <summary>Works, but something about it is worth knowing; or it is not set up, and needs not be.</summary>
    Note,

    /// <summary>Something will not work.</summary>
    Fault,
}

/// <summary>What was found about one part.</summary>
/// <param name="Part">e.g. <c>libtorch</c>.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Cure">What to do about it; null if nothing.</param>
internal sealed record Finding(string Part, FindingState State, string Detail, string? Cure = null)
{
    public static Finding Ok(string part, string detail) => new(part, FindingState.Ok, detail);

    public static Finding Note(string part, string detail, string? cure = null) => new(part, FindingState.Note, detail, cure);

    public static Finding Fault(string part, string detail, string? cure) => new(part, FindingState.Fault, detail, cure);
}
