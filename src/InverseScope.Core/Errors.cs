namespace InverseScope.Core;

/// <summary>
/// What a user gave cannot be used: a missing file, an unknown site, a malformed spec. The command line prints the
/// message and ends with exit code 2.
/// </summary>
public class BadInputException : Exception
{
    /// <param name="what">What is wrong, and where: names the file, option or value.</param>
    /// <param name="fix">How to mend it, as advice; null when <paramref name="what"/> says it all.</param>
    /// <param name="inner">The failure underneath, if any.</param>
    public BadInputException(string what, string? fix = null, Exception? inner = null)
        : base(fix is null ? what : $"{what} {fix}", inner) => (What, Fix) = (what, fix);

    /// <summary>What is wrong, and where.</summary>
    public string What { get; }

    /// <summary>How to mend it.</summary>
    public string? Fix { get; }
}

/// <summary>A service or resource outside the process failed after retries; exit code 3.</summary>
public class OutsideServiceException(string message, Exception? inner = null) : Exception(message, inner);
