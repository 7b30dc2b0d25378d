using System.CommandLine;
using InverseScope.Cli.Doctor;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;

namespace InverseScope.Cli.Commands;

/// <summary><c>doctor</c>: what works on this machine, what does not, and the cure.</summary>
internal static class DoctorCommand
{
    public static Command Create(Shell shell)
    {
        var name = OptionOf.Text("--language-model", "Also ask this language model whether it can do what sweeps ask of it.", "NAME");
        var ollama = OptionOf.Address("--ollama", "Address of Ollama. Default http://127.0.0.1:11434.");
        var command = new Command("doctor", "Find out what works on this machine, what does not, and the cure.") { name, ollama };
        Invocation.SetAction(command, shell, invocation => Run(invocation, invocation.Parse.GetValue(name), invocation.Parse.GetValue(ollama)));
        return command;
    }

    private static int Run(Invocation invocation, string? languageModel, Uri? ollama)
    {
        Finding[] findings =
        [
            .. MachineFindings.All(),
            .. HomeFindings.All(invocation.Home),
            .. LanguageModelFindings.All(languageModel, ollama, invocation.Shell),
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
