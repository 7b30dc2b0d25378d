using System.Globalization;
using BenchmarkDotNet.Running;
using InverseScope.Benchmarks;

switch (args)
{
    case ["sampling", var batch, var repeats]:
        SamplingSpeed.Run(int.Parse(batch, CultureInfo.InvariantCulture), int.Parse(repeats, CultureInfo.InvariantCulture));
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
    default:
        BenchmarkSwitcher.FromAssembly(System.Reflection.Assembly.GetExecutingAssembly()).Run(args);
        break;
}
