using System.CommandLine;
using InverseScope.Cli.Options;
using InverseScope.Core;
using InverseScope.Torch.Runtime;

namespace InverseScope.Cli;

/// <summary>The device that a command computes on.</summary>
internal static class Compute
{
    private const string Cpu = "cpu";

    /// <summary>The thread of the device that was asked for; libtorch is loaded when it first computes.</summary>
    /// <exception cref="BadInputException">The program cannot compute there.</exception>
    public static TorchThread Start(ParseResult parse)
    {
        if (parse.GetValue(MeasurementArguments.Device) is { } device and not Cpu)
        {
            throw new BadInputException(
                $"--device {device}: this program computes on {Cpu} only.{NearestName.Hint(device, [Cpu])}");
        }

        return new TorchThread((int?)parse.GetValue(MeasurementArguments.Threads), Cpu);
    }
}
