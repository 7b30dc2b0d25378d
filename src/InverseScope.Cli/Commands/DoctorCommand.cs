using System.CommandLine;
using InverseScope.Cli.Doctor;
using InverseScope.Cli.Output;

namespace InverseScope.Cli.Commands;

/// <summary><c>doctor</c>: what works on this machine, what does not, and the cure.</summary>
internal static class DoctorCommand
{
    public static Command Create(Shell shell)
    {
        var command = new Command("doctor", "Find out what works on this machine, what does not, and the cure.");
        Invocation.SetAction(command, shell, Run);
        return command;
    }

    private static int Run(Invocation invocation)
    {
        Finding[] findings =
        [
            .. MachineFindings.All(),
            .. HomeFindings.All(invocation.Home),
            Finding.Note("language model", "not configured; the symbolic search and hand-written specs need none"),
        ];
        var healthy = findings.All(f => f.State != FindingState.Fault);
        if (invocation.Json)
        {
            Json.WriteDocument(invocation.Out, new { Healthy = healthy, Findings = findings });
        }
        else
        {
            Tables.Write(
                invocation.Shell,
                ["", "part", "found"],
                findings.Select(f => new[] { Mark(f.State), f.Part, f.Cure is null ? f.Detail : $"{f.Detail}\n→ {f.Cure}" }));
            invocation.Out.WriteLine(healthy ? "All that is needed works." : "Something will not work: see the faults above.");
        }

        return healthy ? ExitCode.Done : ExitCode.Negative;
    }

    private static string Mark(FindingState state) => state switch
    {
        FindingState.Ok => "ok",
        FindingState.Note => "note",
        _ => "FAULT",
    };
}
