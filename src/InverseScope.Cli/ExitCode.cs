namespace InverseScope.Cli;

/// <summary>What the process tells its caller. Scripts depend on these numbers.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>It ran, and its answer is no: a spec's tests failed, a fault was found on this machine.</summary>
    public const int Negative = 1;

    /// <summary>Bad usage or bad input.</summary>
    public const int BadInput = 2;

    /// <summary>A service or resource outside the process failed after retries; a full disk is one.</summary>
    public const int Unreachable = 3;

    /// <summary>Stopped by the user or a budget; what was done is kept.</summary>
    public const int Stopped = 4;

    /// <summary>A fault of this program.</summary>
    public const int Fault = 70;
}
