namespace InverseScope.Testing;

/// <summary>What one run of the command line left.</summary>
/// <param name="Code">Exit code.</param>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
public sealed record CliRun(int Code, string Out, string Error);
