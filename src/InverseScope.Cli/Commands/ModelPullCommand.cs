using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Sweeps.Hub;

namespace InverseScope.Cli.Commands;

/// <summary><c>model pull OWNER/NAME</c>: a model of the Hugging Face hub becomes a model of this home.</summary>
internal static class ModelPullCommand
{
    private const int ShownDigits = 12;

    public static Command Create(Shell shell)
    {
        var repository = new Argument<string>("repository")
        {
            Description = "A model of the hub, e.g. openai-community/gpt2.",
            HelpName = "OWNER/NAME",
        };
        var revision = OptionOf.Text("--revision", "A branch, tag or commit. Default: the main branch.", "REVISION");
        var name = OptionOf.Text("--name", "The model's name. Default: the repository's, without its owner.", "NAME");
        var force = new Option<bool>("--force") { Description = "Replace an imported or pulled model of that name." };
        var offline = new Option<bool>("--offline")
        {
            Description = $"Ask nothing of the hub, as with {HubOptions.OfflineVariable}=1: only look whether the model is here.",
        };
        var command = new Command(
            "pull",
            $"Fetch a model from the Hugging Face hub, verified; goes on where it was broken off. {HubOptions.TokenVariable} may hold a token, {HubOptions.EndpointVariable} another hub.")
        {
            repository, revision, name, force, offline,
        };
        Invocation.SetAction(command, shell, invocation => Run(
            invocation,
            new HubRepository(invocation.Parse.GetRequiredValue(repository)),
            invocation.Parse.GetValue(revision),
            invocation.Parse.GetValue(name),
            invocation.Parse.GetValue(force),
            invocation.Parse.GetValue(offline)));
        return command;
    }

    private static int Run(Invocation invocation, HubRepository repository, string? revision, string? givenName, bool force, bool offline)
    {
        var name = givenName ?? repository.Name;
        NameRule.Check(name, "model");
        var options = HubOptions.FromEnvironment(invocation.Shell.Variable);
        options = options with { Offline = options.Offline || offline };
        PulledModel pulled;
        try
        {
            using var progress = invocation.StartProgress();
            pulled = new ModelPull(options, invocation.Home.Models, invocation.Shell.Clock)
                .RunAsync(new PullRequest(repository, revision, name, force), progress, invocation.Cancel)
                .GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            invocation.Say("Stopped; what has arrived is kept. The same command goes on with it.");
            throw;
        }

        if (invocation.Json)
        {
            Json.WriteDocument(invocation.Out, new
            {
                pulled.Entry.Name,
                pulled.Entry.Folder,
                pulled.Outcome,
                pulled.Source.Repository,
                pulled.Source.Revision,
                pulled.Source.Commit,
                UpstreamCommit = pulled.Upstream,
                pulled.Source.Bytes,
                pulled.Source.Files,
            });
        }
        else
        {
            invocation.Out.WriteLine(Sentence(pulled));
        }

        return ExitCode.Done;
    }

    private static string Sentence(PulledModel pulled)
    {
        var (entry, source) = (pulled.Entry, pulled.Source);
        return pulled.Outcome switch
        {
            PullOutcome.Pulled => string.Create(
                CultureInfo.InvariantCulture,
                $"Model '{entry.Name}' is kept in {entry.Folder}: {source.Repository} at commit {source.Commit[..ShownDigits]}, {source.Files.Count} files, {source.Bytes / 1e6:N1} MB."),
            PullOutcome.Kept => $"Model '{entry.Name}' is here already, at commit {source.Commit[..ShownDigits]}: nothing to do.",
            _ => $"Model '{entry.Name}' stays at commit {source.Commit[..ShownDigits]}, though {source.Repository} is at {pulled.Upstream![..ShownDigits]} by now. "
                + "Replace it with --force, or keep both by giving the new one another name with --name.",
        };
    }
}
