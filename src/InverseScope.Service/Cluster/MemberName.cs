using System.Globalization;

namespace InverseScope.Service.Cluster;

/// <summary>What a member of the cluster is called: what it is, where, and of which version, so that all of it can be seen in the database.</summary>
/// <param name="Role">One of those below, or whatever else a process of the program does.</param>
/// <param name="Host">Name of its machine.</param>
/// <param name="Process">Number of its process there.</param>
/// <param name="Version">Of the program.</param>
public sealed record MemberName(string Role, string Host, int Process, string Version)
{
    public const string Service = "service";
    public const string Worker = "worker";

    /// <summary>Mark of the home that a service works in; empty for others.</summary>
    public string Home { get; init; } = "";

    /// <summary>This process.</summary>
    public static MemberName Own(string role, string version) => new(role, Environment.MachineName, Environment.ProcessId, version);

    /// <summary>Null where a name is none of ours.</summary>
    public static MemberName? Read(string name) =>
        name.Split('/') is [var role, var host, var number, var version, .. var home] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var process)
            ? new MemberName(role, host, process, version) { Home = string.Concat(home) }
            : null;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Role}/{Host}/{Process}/{Version}{(Home.Length > 0 ? "/" : "")}{Home}");
}
