using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using InverseScope.Cli.Options;
using InverseScope.Core;
using InverseScope.Service;
using InverseScope.Service.Artifacts;
using InverseScope.Service.Cluster;
using InverseScope.Service.Compute;

namespace InverseScope.Cli.Commands;

/// <summary>
/// <c>worker</c>: computes for a cluster on one device; or for the service that started it, over its standard input and output, until that input
/// ends, which is not for people.
/// </summary>
internal static class WorkerCommand
{
    private const string Name = "worker";

    // How a service starts the process that computes for it.
    private static readonly Option<bool> ForService = new("--for-service") { Hidden = true };

    public static Command Create(Shell shell)
    {
        var cluster = ClusterArguments.Cluster();
        var (address, port) = ClusterArguments.Reached();
        var service = OptionOf.Address("--service", "Fetch models, generators and tasks that this machine lacks from the service at this address, with the key in INVERSESCOPE_API_KEY.");
        var shared = OptionOf.Text("--shared", "Folder laid out as a home, e.g. on a disk that all machines have, whose models, generators and tasks are used in place.", "DIR");
        var command = new Command(Name, "Compute on one device for the services of a cluster.") { cluster, address, port, service, shared, ForService };
        MeasurementArguments.AddCompute(command);
        command.SetAction(parse => parse.GetValue(cluster) is { } database
            ? Invocation.Run(parse, shell, invocation => Join(
                invocation, ClusterArguments.Settings(database, parse.GetValue(address), parse.GetValue(port)), new ArtifactOptions
                {
                    Service = parse.GetValue(service),
                    Shared = parse.GetValue(shared),
                    ApiKey = shell.Variable(ServiceOptions.KeyVariable),
                }))
            : parse.GetValue(ForService)
                ? Run(new Invocation(parse, shell))
                : Invocation.Run(parse, shell, _ => throw new BadInputException(
                    "worker computes for a cluster, and none is named.", $"Name its database: --cluster 'Host=…;Database=…;Username=…', or --cluster env for what {ClusterArguments.Variable} holds.")));
        return command;
    }

    /// <summary>Models that run in a worker, as the command that runs now was told to; a device that was asked for is tried at once.</summary>
    /// <exception cref="BadInputException">It cannot compute there.</exception>
    public static WorkerCompute Compute(Invocation invocation)
    {
        var shell = invocation.Shell;
        var compute = new WorkerCompute(invocation.Home, Launch(invocation), Cli.Compute.Open(invocation.Parse), shell.Clock, shell.Error.WriteLine);
        try
        {
            if (invocation.Parse.GetValue(MeasurementArguments.Device) is not null)
                compute.Start();
            return compute;
        }
        catch
        {
            compute.Dispose();
            throw;
        }
    }

    private static int Join(Invocation invocation, ClusterSettings settings, ArtifactOptions artifacts)
    {
        invocation.Home.Make();
        using var compute = Compute(invocation);
        using var files = new WorkerFiles(invocation.Home, artifacts, invocation.Shell.Clock);
        using var host = WorkerSilo.Build(settings, files, compute, CommandLine.Version, invocation.Shell.Clock);
        host.StartAsync(invocation.Cancel).GetAwaiter().GetResult();
        if (artifacts is { Service: null, Shared: null })
            invocation.Say("Without --service or --shared it can compute only with the models and generators of its own home, and with those shipped.");
        invocation.Say($"{CommandLine.Name}: computing on {compute.Health.Device} for the cluster of {settings.Database.Place}");
        WorkerSilo.Wait(host, invocation.Cancel);
        return ExitCode.Done;
    }

    private static WorkerLaunch Launch(Invocation invocation) => WorkerLaunch.OfThisProgram(
    [
        Name, ForService.Name, "--home", invocation.Home.Path,
        .. Given(MeasurementArguments.Device, invocation.Parse.GetValue(MeasurementArguments.Device)),
        .. Given(MeasurementArguments.WeightType, invocation.Parse.GetValue(MeasurementArguments.WeightType)?.ToString().ToLowerInvariant()),
        .. Given(MeasurementArguments.Threads, invocation.Parse.GetValue(MeasurementArguments.Threads)?.ToString(CultureInfo.InvariantCulture)),
    ]);

    private static string[] Given(Option option, string? value) => value is null ? [] : [option.Name, value];

    private static int Run(Invocation invocation)
    {
        // Signals come to the whole group of processes: the service decides, and this process ends with it.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => signal.Cancel = true);
        using var input = Console.OpenStandardInput();
        using var output = Console.OpenStandardOutput();
        // What is not a message must not stand among them.
        Console.SetOut(Console.Error);
        LocalCompute compute;
        string device;
        try
        {
            var thread = Cli.Compute.Start(invocation.Parse);
            (compute, device) = (new LocalCompute(invocation.Home, thread), thread.Device);
        }
#pragma warning disable CA1031 // The service tells why, as it would of itself.
        catch (Exception e)
#pragma warning restore CA1031
        {
            WorkerHost.Refuse(output, e);
            return ExitCode.BadInput;
        }

        var code = ExitCode.Done;
        try
        {
            new WorkerHost(input, output, compute, invocation.Tasks).Run(device);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            invocation.Shell.Error.WriteLine($"{CommandLine.Name}: {e.Message}");
            code = ExitCode.Fault;
        }

        // What is still being computed is for nobody.
        Interruption.EndAtOnce(code);
        return code;
    }
}
