using BenchmarkDotNet.Running;
using InverseScope.Benchmarks;

if (args is ["sampling", ..])
    SamplingSpeed.Run(args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 7);
else
    BenchmarkSwitcher.FromAssembly(System.Reflection.Assembly.GetExecutingAssembly()).Run(args);
