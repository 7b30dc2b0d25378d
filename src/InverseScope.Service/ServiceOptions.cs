using InverseScope.Sweeps;

namespace InverseScope.Service;

/// <summary>What a service is started with.</summary>
public sealed record ServiceOptions
{
    /// <summary>Name of the variable that holds the key; a key on a command line would be seen by everybody on the machine.</summary>
    public const string KeyVariable = "INVERSESCOPE_API_KEY";

    public required Home Home { get; init; }

    /// <summary>Where it listens, e.g. <c>http://127.0.0.1:5290</c>; port 0 takes a free one.</summary>
    public Uri Address { get; init; } = new("http://127.0.0.1:5290");

    /// <summary>The key that every request needs; null only where the address is a loopback one.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Of the program, as it stands in records.</summary>
    public required string Version { get; init; }

    /// <summary>Values of environment variables by name, for keys of language models.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
