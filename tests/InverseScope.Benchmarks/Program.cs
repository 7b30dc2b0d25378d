using System.Globalization;
using BenchmarkDotNet.Running;
using InverseScope.Benchmarks;

switch (args)
{
    case ["sampling", var batch, var repeats]:
        SamplingSpeed.Run(int.Parse(batch, CultureInfo.InvariantCulture), int.Parse(repeats, CultureInfo.InvariantCulture));
        break;
    case ["training", var steps, var rounds]:
        TrainingSpeed.Run(int.Parse(steps, CultureInfo.InvariantCulture), int.Parse(rounds, CultureInfo.InvariantCulture));
        break;
    case ["sampling-memory"]:
        SamplingMemory.Run();
        break;
    case ["collection", var batches, var repeats]:
        CollectionSpeed.Run(int.Parse(batches, CultureInfo.InvariantCulture), int.Parse(repeats, CultureInfo.InvariantCulture));
        break;
    case ["loading-memory"]:
        LoadingMemory.Run();
        break;
    case ["agent", var answering, var calls, var rounds]:
        await AgentOverhead.RunAsync(
            int.Parse(answering, CultureInfo.InvariantCulture), int.Parse(calls, CultureInfo.InvariantCulture), int.Parse(rounds, CultureInfo.InvariantCulture));
        break;
    case ["service-readers", var readers, var seconds]:
        await ServiceLoad.ReadersAsync(int.Parse(readers, CultureInfo.InvariantCulture), int.Parse(seconds, CultureInfo.InvariantCulture));
        break;
    case ["service-sweep", var readers, var rounds]:
        await ServiceLoad.SweepAsync(int.Parse(readers, CultureInfo.InvariantCulture), int.Parse(rounds, CultureInfo.InvariantCulture));
        break;
    case ["cluster-scaling", var idle, var busy, .. var workers]:
        await ClusterScaling.RunAsync(
            int.Parse(idle, CultureInfo.InvariantCulture), int.Parse(busy, CultureInfo.InvariantCulture), [.. workers.Select(w => int.Parse(w, CultureInfo.InvariantCulture))]);
        break;
    case [ClusterProcess.Service, var connection, var home]:
        await ClusterProcess.ServeAsync(connection, home);
        break;
    case [ClusterProcess.Worker, var connection, var home]:
        await ClusterProcess.WorkAsync(connection, home);
        break;
    default:
        BenchmarkSwitcher.FromAssembly(System.Reflection.Assembly.GetExecutingAssembly()).Run(args);
        break;
}
