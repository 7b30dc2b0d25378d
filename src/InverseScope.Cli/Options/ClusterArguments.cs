using System.CommandLine;
using System.Net;
using InverseScope.Core;
using InverseScope.Service.Cluster;

namespace InverseScope.Cli.Options;

/// <summary>How a process is a member of a cluster.</summary>
internal static class ClusterArguments
{
    /// <summary>By whom the database is named where its password must not stand on a command line.</summary>
    public const string Variable = "INVERSESCOPE_CLUSTER";

    private const int LastPort = 65535;

    public static Option<string?> Cluster() => OptionOf.Text(
        "--cluster", $"Join the cluster of this PostgreSQL database: 'Host=db;Database=inversescope;Username=NAME;Password=…', or 'env' for what {Variable} holds.", "CONNECTION");

    public static (Option<string?> Address, Option<long?> Port) Reached() => (
        OptionOf.Text("--member-address", "Address at which other members of the cluster reach this one. Default: this machine's first, or loopback beside a local database.", "IP"),
        OptionOf.Integer("--member-port", "Port at which other members reach this one. Default: a free one.", 1, LastPort));

    /// <exception cref="BadInputException">The connection or the address is none.</exception>
    public static ClusterSettings Settings(string database, string? address, long? port) => new(database == "env"
        ? Environment.GetEnvironmentVariable(Variable) ?? throw new BadInputException($"--cluster env: {Variable} is not set.", "Set it to a connection string of PostgreSQL.")
        : database)
    {
        Address = address is null ? null : IPAddress.TryParse(address, out var parsed) ? parsed : throw new BadInputException($"--member-address takes an IP address, found '{address}'."),
        Port = (int?)port,
    };
}
