using System.CommandLine;
using System.Net;
using InverseScope.Cli.Options;
using InverseScope.Core;
using InverseScope.Service;
using InverseScope.Service.Desk;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace InverseScope.Cli.Commands;

/// <summary><c>serve</c>: the service with its review pages.</summary>
internal static class ServeCommand
{
    /// <summary>What people type.</summary>
    public const string Name = "serve";

    public static Command Create(Shell shell)
    {
        var listen = OptionOf.Address("--listen", "Where to listen. Default http://127.0.0.1:5290. Other than loopback needs a key in INVERSESCOPE_API_KEY.");
        var hosts = OptionOf.Texts("--allow-host", "Names, without ports, under which browsers may reach it, beside those of loopback and of --listen.", "NAME");
        var proxies = OptionOf.Texts("--proxy", "Addresses of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. Default none.", "IP");
        var keys = OptionOf.Texts("--key-variable", "Environment variables whose values plans may have sent to their language models. Default OPENAI_API_KEY.", "NAME");
        var cluster = ClusterArguments.Cluster();
        var (address, port) = ClusterArguments.Reached();
        var command = new Command(Name, "Serve the review pages, the API and MCP, and run sweeps that are begun there.") { listen, hosts, proxies, keys, cluster, address, port };
        MeasurementArguments.AddCompute(command);
        Invocation.SetAction(command, shell, invocation =>
        {
            var options = new ServiceOptions
            {
                Home = invocation.Home,
                ApiKey = shell.Variable(ServiceOptions.KeyVariable),
                AllowedHosts = invocation.Parse.GetValue(hosts) ?? [],
                Proxies = [.. (invocation.Parse.GetValue(proxies) ?? []).Select(ProxyOf)],
                Version = CommandLine.Version,
                Variable = shell.Variable,
                Clock = shell.Clock,
            };
            if (invocation.Parse.GetValue(cluster) is { } database)
                options = options with { Cluster = ClusterArguments.Settings(database, invocation.Parse.GetValue(address), invocation.Parse.GetValue(port)) };
            if (invocation.Parse.GetValue(keys) is { Length: > 0 } named)
                options = options with { KeyVariables = named };
            if (invocation.Parse.GetValue(listen) is { } given)
                options = options with { Address = given };
            using var compute = WorkerCommand.Compute(invocation);
            using var app = ServiceApp.Build(options, _ => compute);
            try
            {
                app.StartAsync(invocation.Cancel).GetAwaiter().GetResult();
            }
            catch (IOException e)
            {
                throw new BadInputException($"It cannot listen at {options.Address}: {e.Message}", "Stop what listens there, or name another port: --listen http://127.0.0.1:5291.", e);
            }

            invocation.Say($"{CommandLine.Name}: serving {invocation.Home.Path} at {string.Join(", ", app.Urls)}");
            app.WaitForShutdownAsync(invocation.Cancel).GetAwaiter().GetResult();
            // Where it ended because sweeps are no longer worked on, that is a fault.
            if (app.Services.GetService<SweepQueue>()?.ExecuteTask is { IsFaulted: true } broken)
                broken.GetAwaiter().GetResult();
            return ExitCode.Done;
        });
        return command;
    }

    private static IPAddress ProxyOf(string text) => IPAddress.TryParse(text, out var address)
        ? address
        : throw new BadInputException($"--proxy takes the IP address of a reverse proxy, found '{text}'.");
}
