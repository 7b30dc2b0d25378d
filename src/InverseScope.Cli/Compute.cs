using System.CommandLine;
using System.Text.RegularExpressions;
using InverseScope.Cli.Options;
using InverseScope.Core;
using InverseScope.Torch.Runtime;

namespace InverseScope.Cli;

/// <summary>The device that a command computes on.</summary>
internal static partial class Compute
{
    private const string Cpu = "cpu";
    private const string Cuda = "cuda";

    /// <summary>
    /// The thread of the device that was asked for. On the CPU libtorch is loaded when it first computes; another device is
    /// tried at once, before anything else is done in vain.
    /// </summary>
    /// <exception cref="BadInputException">The program cannot compute there.</exception>
    public static TorchThread Start(ParseResult parse)
    {
        var thread = Open(parse);
        try
        {
            if (thread.Device != Cpu)
                thread.Run(() => { });
            return thread;
        }
        catch
        {
            thread.Dispose();
            throw;
        }
    }

    /// <summary>The thread of the device that was asked for, which is not tried.</summary>
    /// <exception cref="BadInputException">There is no such device.</exception>
    public static TorchThread Open(ParseResult parse)
    {
        var device = parse.GetValue(MeasurementArguments.Device) ?? Cpu;
        if (!Known().IsMatch(device))
        {
            throw new BadInputException(
                $"--device {device}: a device is {Cpu}, {Cuda}, or {Cuda}:N with N from 0.{NearestName.Hint(device, [Cpu, Cuda])}");
        }

        return new TorchThread((int?)parse.GetValue(MeasurementArguments.Threads), device, parse.GetValue(MeasurementArguments.WeightType) ?? NumberType.Float32);
    }

    [GeneratedRegex("^(cpu|cuda(:[0-9]{1,3})?)$")]
    private static partial Regex Known();
}
