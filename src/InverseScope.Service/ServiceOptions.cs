using System.Net;
using InverseScope.Agent.Chat;
using InverseScope.Service.Cluster;
using InverseScope.Sweeps;

namespace InverseScope.Service;

/// <summary>What a service is started with.</summary>
public sealed record ServiceOptions
{
    /// <summary>Name of the variable that holds the key; a key on a command line would be seen by everybody on the machine.</summary>
    public const string KeyVariable = "INVERSESCOPE_API_KEY";

    /// <summary>Characters that a key has at least.</summary>
    public const int ShortestKey = 16;

    public required Home Home { get; init; }

    /// <summary>Where it listens, e.g. <c>http://127.0.0.1:5290</c>; port 0 takes a free one.</summary>
    public Uri Address { get; init; } = new("http://127.0.0.1:5290");

    /// <summary>The key that every request needs; null only where the address is a loopback one.</summary>
    public string? ApiKey { get; init; }

    /// <summary>
    /// Names, without ports, under which browsers may reach it, beside those of loopback and that of <see cref="Address"/>. None, on
    /// an address that stands for all of the machine's: any name, since a key is needed there.
    /// </summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Addresses of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. Default none.</summary>
    public IReadOnlyList<IPAddress> Proxies { get; init; } = [];

    public RequestLimits Limits { get; init; } = new();

    /// <summary>Of the program, as it stands in records.</summary>
    public required string Version { get; init; }

    /// <summary>
    /// Names of variables whose values plans may have sent to their language models, regardless of case. Whoever writes a plan names the
    /// address too: all others, and <see cref="KeyVariable"/> always, are kept from them.
    /// </summary>
    public IReadOnlyList<string> KeyVariables { get; init; } = [new ChatOptions().KeyVariable];

    /// <summary>Values of environment variables by name, for keys of language models.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>The cluster whose sweeps it works on, whose store is its store, and whose workers compute; null: it is alone.</summary>
    public ClusterSettings? Cluster { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>How much one remote address may ask for, and what is done at once for all of them.</summary>
public sealed record RequestLimits
{
    /// <summary>Requests that only read, in one second over time; four times as many at once. Default 2,000.</summary>
    public int ReadsPerSecond { get; init; } = 2000;

    /// <summary>Requests that change or compute something, in one second over time; ten times as many at once. Default 20.</summary>
    public int WritesPerSecond { get; init; } = 20;

    /// <summary>Wrong keys at once; after that one more every three seconds; the right one is taken at any time. Default 20.</summary>
    public int WrongKeys { get; init; } = 20;

    /// <summary>Listeners to events of sweeps at the same time, and as many open streams of MCP beside them. Default 32.</summary>
    public int Listeners { get; init; } = 32;

    /// <summary>
    /// Connections that are open at the same time; the next one is closed at once. Of all addresses together there are 1,000; those of
    /// <see cref="ServiceOptions.Proxies"/> have no other limit. Default 256.
    /// </summary>
    public int Connections { get; init; } = 256;

    /// <summary>The same of this machine's own, where one address may stand for all visitors. Default 1,000.</summary>
    public int LocalConnections { get; init; } = 1000;

    /// <summary>How long one request may compute. Default 2 minutes.</summary>
    public TimeSpan Computing { get; init; } = TimeSpan.FromMinutes(2);
}
