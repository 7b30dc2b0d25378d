using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using InverseScope.Agent.Chat;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Store;

namespace InverseScope.Cli.Commands;

/// <summary><c>sweep</c>: unattended sweeps from one declarative file.</summary>
internal static class SweepCommands
{
    private const string BrokenOff = "broken_off";

    public static Command Create(Shell shell) => new("sweep", "Run unattended sweeps from one declarative file.")
    {
        RunCommand(shell), ResumeCommand(shell), ReplayCommand(shell), SweepTranscriptCommand.Create(shell, IdArgument()), StatusCommand(shell), ListCommand(shell), StopCommand(shell),
    };

    private static Command RunCommand(Shell shell)
    {
        var file = new Argument<string>("FILE") { Description = "The sweep's plan, YAML or JSON." };
        var languageModel = OptionOf.Text("--language-model", "A language model that proposes beside the search, by its name at the service; in place of the plan's.", "NAME");
        var ollama = OptionOf.Address("--ollama", "Address of Ollama, where the language model is. Default http://127.0.0.1:11434.");
        var command = new Command("run", "Begin a sweep and run it to its report.") { file, languageModel, ollama };
        MeasurementArguments.AddCompute(command);
        Invocation.SetAction(command, shell, invocation =>
        {
            var path = invocation.Parse.GetValue(file)!;
            var plan = SweepPlanFile.Read(path);
            if (invocation.GivenSeed is { } seed)
                plan = plan with { Seed = seed };
            plan = WithLanguageModel(plan, invocation.Parse.GetValue(languageModel), invocation.Parse.GetValue(ollama));
            // A mistyped model must not leave a sweep behind.
            invocation.Models.Find(plan.Model);
            return SweepSession.Run(invocation, runner =>
                runner.Begin(plan, string.Create(CultureInfo.InvariantCulture, $"{CommandLine.Name} sweep run {path} --seed {plan.Seed}{Given("--language-model", invocation.Parse.GetValue(languageModel))}{Given("--ollama", invocation.Parse.GetValue(ollama))}")).Id);

            static string Given(string option, object? value) => value is null ? "" : $" {option} {value}";
        });
        return command;
    }

    private static SweepPlan WithLanguageModel(SweepPlan plan, string? name, Uri? address)
    {
        if (name is null && address is null)
            return plan;
        var given = plan.LanguageModel ?? new LanguageModelPlan();
        if (name is null && given.Chat.Model.Length == 0)
            throw new BadInputException("--ollama gives the address of a language model that is not named.", "Name it with --language-model, as 'ollama list' shows it.");
        return plan with
        {
            LanguageModel = given with
            {
                Chat = given.Chat with { Model = name ?? given.Chat.Model, Address = address ?? given.Chat.Address, Provider = address is null ? given.Chat.Provider : ChatProvider.Ollama },
            },
        };
    }

    private static Command ReplayCommand(Shell shell)
    {
        var id = IdArgument();
        var command = new Command("replay", "Run a sweep once more with the stored answers of its language model, and compare the verdicts.") { id };
        MeasurementArguments.AddCompute(command);
        Invocation.SetAction(command, shell, invocation => SweepReplay.Run(invocation, invocation.Parse.GetValue(id)!));
        return command;
    }

    private static Command ResumeCommand(Shell shell)
    {
        var id = IdArgument();
        var command = new Command("resume", "Go on with a sweep that was stopped, or that broke off.") { id };
        MeasurementArguments.AddCompute(command);
        Invocation.SetAction(command, shell, invocation =>
            SweepSession.Run(invocation, _ => invocation.Parse.GetValue(id)!));
        return command;
    }

    private static Command StatusCommand(Shell shell)
    {
        var id = new Argument<string?>("ID") { Description = "The sweep; all if none is given.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("status", "Show where sweeps stand, also while another process runs them.") { id };
        Invocation.SetAction(command, shell, invocation =>
        {
            var all = SweepProgress.ReadAll(invocation.Home);
            var wanted = invocation.Parse.GetValue(id) is { } one ? [Known(invocation, all, one)] : all;
            if (invocation.Json)
            {
                Json.WriteDocument(invocation.Out, wanted.Select(p => new
                {
                    p.Id,
                    State = StateOf(p),
                    p.Stage,
                    p.SitesDone,
                    p.Sites,
                    p.Process,
                    p.Updated,
                }));
                return ExitCode.Done;
            }

            if (wanted.Count == 0)
            {
                invocation.Out.WriteLine(NoneIn(invocation.Home));
                return ExitCode.Done;
            }

            Tables.Write(
                invocation.Shell,
                ["sweep", "state", "#sites", "now at", "updated"],
                wanted.Select(p => new[]
                {
                    p.Id, StateOf(p).Replace('_', ' '), $"{p.SitesDone}/{p.Sites}", p.Stage,
                    p.Updated.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
                }));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command ListCommand(Shell shell)
    {
        var command = new Command("list", "List all sweeps of this home.");
        Invocation.SetAction(command, shell, invocation =>
        {
            if (!File.Exists(invocation.Home.Store))
            {
                if (invocation.Json)
                    Json.WriteDocument(invocation.Out, Array.Empty<object>());
                else
                    invocation.Out.WriteLine(NoneIn(invocation.Home));
                return ExitCode.Done;
            }

            using var store = SweepStore.Open(invocation.Home.Store);
            var sweeps = store.Sweeps();
            if (invocation.Json)
            {
                Json.WriteDocument(invocation.Out, sweeps.Select(s => new { s.Id, s.Name, State = StateOf(s), s.StopReason, s.Started, s.Finished, s.WorkSeconds, s.Command }));
                return ExitCode.Done;
            }

            Tables.Write(
                invocation.Shell,
                ["sweep", "state", "why", "started", "#work"],
                sweeps.Select(s => new[]
                {
                    s.Id, StateOf(s).Replace('_', ' '), s.StopReason ?? "", s.Started,
                    string.Create(CultureInfo.InvariantCulture, $"{s.WorkSeconds:0} s"),
                }));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command StopCommand(Shell shell)
    {
        var id = IdArgument();
        var command = new Command("stop", "Ask the process that runs a sweep to stop at the next site; nothing is lost.") { id };
        Invocation.SetAction(command, shell, invocation =>
        {
            var progress = Known(invocation, SweepProgress.ReadAll(invocation.Home), invocation.Parse.GetValue(id)!);
            if (StateOf(progress) != "running")
                throw new BadInputException($"Sweep '{progress.Id}' is not running: it is {StateOf(progress).Replace('_', ' ')}.");
            SweepProgress.AskToStop(invocation.Home, progress.Id);
            invocation.Say($"Asked process {progress.Process} to stop '{progress.Id}' at the next site.");
            return ExitCode.Done;
        });
        return command;
    }

    private static Argument<string> IdArgument() => new("ID") { Description = "The sweep, as 'sweep list' shows it." };

    private static SweepProgress Known(Invocation invocation, IReadOnlyList<SweepProgress> all, string id) =>
        all.FirstOrDefault(p => p.Id == id) ?? throw new BadInputException(
            $"There is no sweep '{id}' in {invocation.Home.Path}.{NearestName.Hint(id, all.Select(p => p.Id))}",
            all.Count == 0 ? "It has none yet." : $"Known: {string.Join(", ", all.Select(p => p.Id))}.");

    // Whoever has the store open knows that no other process runs a sweep of it.
    private static string StateOf(StoredSweep sweep) =>
        sweep.State == SweepState.Running ? BrokenOff : sweep.State.ToString().ToLowerInvariant();

    // The file of a process that was killed says "running" for ever.
    private static string StateOf(SweepProgress progress)
    {
        if (progress.State != SweepState.Running)
            return progress.State.ToString().ToLowerInvariant();
        try
        {
            using var process = Process.GetProcessById(progress.Process);
            return "running";
        }
        catch (ArgumentException)
        {
            return BrokenOff;
        }
    }

    private static string NoneIn(Home home) => File.Exists(home.Cluster)
        ? $"The sweeps of {home.Path} are in its cluster ({File.ReadLines(home.Cluster).FirstOrDefault()}): ask one of its services."
        : $"No sweep in {home.Path} yet. Begin one with '{CommandLine.Name} sweep run FILE'.";
}
