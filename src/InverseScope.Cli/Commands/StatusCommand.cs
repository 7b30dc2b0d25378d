using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Service;
using InverseScope.Service.Api;
using InverseScope.Service.Cluster;
using InverseScope.Service.Desk;
using InverseScope.Sweeps;

namespace InverseScope.Cli.Commands;

/// <summary><c>status</c>: what a service and its cluster do.</summary>
internal static class StatusCommand
{
    private const double Gigabyte = 1e9;

    private static readonly Uri Usual = new("http://127.0.0.1:5290");

    public static Command Create(Shell shell)
    {
        var service = OptionOf.Address("--service", "The service. Default: the one that serves the home, else http://127.0.0.1:5290. Its key is in INVERSESCOPE_API_KEY.");
        var command = new Command("status", "Show the workers, queue and rates of a service and its cluster.") { service };
        Invocation.SetAction(command, shell, invocation =>
        {
            var address = invocation.Parse.GetValue(service) ?? ServiceAddress.Read(invocation.Home) ?? Usual;
            var state = StatusClient.ReadAsync(address, shell.Variable(ServiceOptions.KeyVariable), invocation.Cancel).GetAwaiter().GetResult();
            if (invocation.Json)
                Json.WriteDocument(invocation.Out, state);
            else
                Show(invocation, state);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Show(Invocation invocation, ServiceState state)
    {
        if (state.Cluster is { } cluster)
        {
            ShowCluster(invocation, state.Service, cluster);
            return;
        }

        invocation.Out.WriteLine($"The service at {state.Service} is alone: it is in no cluster.");
        if (state.Sweeps.Count == 0)
        {
            invocation.Out.WriteLine("No sweep runs or waits.");
            return;
        }

        Tables.Write(invocation.Shell, ["sweep", "state", "#sites", "doing"], state.Sweeps.Select(s => new[]
        {
            s.Id, s.Status == SweepStatus.Running ? "running" : "waiting", $"{s.Pace.SitesDone}/{s.Pace.Sites}", s.Pace.Doing ?? "",
        }));
    }

    private static void ShowCluster(Invocation invocation, Uri service, ClusterOverview cluster)
    {
        var output = invocation.Out;
        output.WriteLine($"The cluster of {service}, version {cluster.Version}; services: {string.Join(", ", cluster.Services.Select(s => $"{s.Host} (process {s.Process})"))}.");
        if (cluster.Workers.Count == 0)
            output.WriteLine($"No worker: sweeps wait until one joins with '{CommandLine.Name} worker --cluster …'.");
        else
        {
            Tables.Write(invocation.Shell, ["worker", "#process", "device", "#free", "loaded", "#busy", "#calls", "#a minute"], cluster.Workers.Select(w => new[]
            {
                w.Host, Number($"{w.Process}"), w.Device, w.FreeBytes is { } bytes ? Number($"{bytes / Gigabyte:0.0} GB") : "", string.Join("; ", w.Loaded),
                Number($"{w.Busy:0%}"), Number($"{w.Calls}"), Number($"{w.CallsPerMinute:0}"),
            }));
        }

        // A cluster remembers for a while who asked it for workers.
        var owners = cluster.Sweeps.Select(s => s.Id).Union(cluster.Queue.Where(q => q.Waiting + q.Running > 0).Select(q => q.Owner)).ToArray();
        if (owners.Length == 0)
        {
            output.WriteLine("No sweep runs.");
            return;
        }

        Tables.Write(invocation.Shell, ["sweep", "priority", "#sites", "#waiting", "#running", "#seconds", "service"], owners.Select(owner =>
        {
            var sweep = cluster.Sweeps.FirstOrDefault(s => s.Id == owner);
            var share = cluster.Queue.FirstOrDefault(q => q.Owner == owner);
            return new[]
            {
                owner, sweep?.Priority.ToString().ToLowerInvariant() ?? "", sweep is null ? "" : Number($"{sweep.Pace.SitesDone}/{sweep.Pace.Sites}"),
                Number($"{share?.Waiting ?? 0}"), Number($"{share?.Running ?? 0}"), Number($"{share?.Seconds ?? 0:0}"), sweep?.Service ?? "",
            };
        }));
    }

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
