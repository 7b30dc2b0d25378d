namespace InverseScope.Service.Mcp;

/// <summary>What agents may use at most. A study may ask for less.</summary>
internal static class StudyLimits
{
    /// <summary>Calls of one study that read, try or score.</summary>
    public const int Calls = 200;

    /// <summary>Samples of one study.</summary>
    public const int Samples = 200_000;

    /// <summary>Minutes of one study, from its begin.</summary>
    public const int Minutes = 120;

    /// <summary>Specs that one study may submit.</summary>
    public const int Submitted = 6;

    /// <summary>Studies of all sessions that may be open at once: each holds the texts of its prior.</summary>
    public const int Open = 8;

    /// <summary>Studies that are begun at once, each with a model; others wait.</summary>
    public const int Begun = 2;

    /// <summary>Sessions over HTTP without an open stream; the one not used for longest ends where there are more.</summary>
    public const int Sessions = 64;

    /// <summary>Longest result of a call, in characters.</summary>
    public const int LongestResult = 6_000;

    /// <summary>Longest begin of a study, without waiting for others.</summary>
    public static TimeSpan Begin { get; } = TimeSpan.FromMinutes(10);

    /// <summary>A study that nobody asks anything of for so long is closed.</summary>
    public static TimeSpan Idle { get; } = TimeSpan.FromMinutes(30);
}
