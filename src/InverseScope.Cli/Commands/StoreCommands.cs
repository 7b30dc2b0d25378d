using System.CommandLine;
using System.Security.Cryptography;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Store;

namespace InverseScope.Cli.Commands;

/// <summary><c>store …</c>: what is kept of sweeps, in a home or on PostgreSQL.</summary>
internal static class StoreCommands
{
    private const string Place = "HOME|CONNECTION";

    public static Command Create(Shell shell)
    {
        var sweep = new Argument<string>("sweep") { Description = "The sweep's id.", HelpName = "SWEEP" };
        var to = new Option<string>("--to")
        {
            Description = "Where to: a home folder, a connection string of PostgreSQL ('Host=…;Database=…'), or 'env' for what INVERSESCOPE_CLUSTER holds.",
            HelpName = Place,
            Required = true,
        };
        var from = OptionOf.Text("--from", "Where from. Default: the home of --home.", Place);
        var copy = new Command("copy", "Copy a sweep with all that is known of it to another store, and compare what came back.") { sweep, to, from };
        Invocation.SetAction(copy, shell, invocation => Copy(
            invocation, invocation.Parse.GetRequiredValue(sweep), invocation.Parse.GetRequiredValue(to), invocation.Parse.GetValue(from)));
        return new Command("store", "Stores: what is kept of sweeps, in a home or on PostgreSQL.") { copy };
    }

    private static int Copy(Invocation invocation, string id, string to, string? from)
    {
        (to, from) = (Named(to), from is null ? null : Named(from));
        // The files of a sweep that a server keeps lie in the home of whoever ran it.
        var sourceHome = from is null || PostgresAddress.IsMeant(from) ? invocation.Home : new Home(from);
        var targetHome = PostgresAddress.IsMeant(to) ? null : new Home(to);
        if (from is null || !PostgresAddress.IsMeant(from))
        {
            if (!File.Exists(sourceHome.Store))
                throw new BadInputException($"There is no store in {sourceHome.Path}.", "Name another home, or a connection string of PostgreSQL, with --from.");
            if (targetHome is not null && targetHome.Path == sourceHome.Path)
                throw new BadInputException($"Both stores are that of {sourceHome.Path}.", "Name another home, or a connection string of PostgreSQL, with --to.");
        }

        targetHome?.Make();
        using var source = from is not null && PostgresAddress.IsMeant(from) ? SweepStore.OpenPostgres(from) : SweepStore.Open(sourceHome.Store);
        using var target = targetHome is null ? SweepStore.OpenPostgres(to) : SweepStore.Open(targetHome.Store);
        // Before anything is made of its name.
        var sweep = source.Sweep(id).Id;
        var files = targetHome is null || targetHome.Path == sourceHome.Path ? null : SweepFiles.Of(sourceHome.Sweep(sweep), targetHome.Sweep(sweep));
        CopiedSweep copied;
        try
        {
            files?.Copy(invocation.Cancel);
            invocation.Cancel.ThrowIfCancellationRequested();
            copied = StoreCopy.Copy(source, sweep, target);
        }
        catch
        {
            files?.Forget();
            throw;
        }

        files?.Keep();
        if (invocation.Json)
        {
            Json.WriteDocument(invocation.Out, new { Copied = copied, From = source.Name, To = target.Name, Files = files?.Count ?? 0 });
            return ExitCode.Done;
        }

        invocation.Out.WriteLine($"Sweep '{sweep}' is copied from {source.Name} to {target.Name}, read back and equal: {copied.Steps} steps, {copied.LogLines} lines of its log, "
            + $"{copied.Questions} questions, {copied.Labels} labels, {copied.Reviews} reviews, {copied.Corrections} corrected labels, {files?.Count ?? 0} files.");
        if (copied.LabelsThere > 0)
            invocation.Say($"For {copied.LabelsThere} more texts the target had a label already; its own stay.");
        if (targetHome is not null && files is null && !Directory.Exists(targetHome.Sweep(sweep)))
            invocation.Say($"Its files lie in the home of whoever ran it. Its report is written anew by: {CommandLine.Name} sweep resume {sweep} --home {targetHome.Path}");
        if (targetHome is null && Directory.Exists(sourceHome.Sweep(sweep)))
            invocation.Say($"Its reports and samples stay in {sourceHome.Sweep(sweep)}.");
        return ExitCode.Done;
    }

    // As at --cluster.
    private static string Named(string place) => place == "env" ? ClusterArguments.Settings(place, null, null).Store : place;

    /// <summary>Reports, samples and transcripts beside a sweep, copied beside their place until the sweep is there.</summary>
    private sealed record SweepFiles(string Source, string Target)
    {
        private string Beside => Target + ".copying";

        public int Count { get; private set; }

        /// <returns>Null if the sweep has none.</returns>
        /// <exception cref="BadInputException">The target has some already.</exception>
        public static SweepFiles? Of(string source, string target)
        {
            if (!Directory.Exists(source))
                return null;
            return !Directory.Exists(target)
                ? new SweepFiles(source, target)
                : throw new BadInputException($"There are files of this sweep in {target} already.", "Nothing is overwritten: move them away, or copy to another home.");
        }

        public void Copy(CancellationToken cancel)
        {
            Forget();
            Directory.CreateDirectory(Beside);
            foreach (var file in Directory.EnumerateFiles(Source, "*", SearchOption.AllDirectories))
            {
                cancel.ThrowIfCancellationRequested();
                var copy = Path.Combine(Beside, Path.GetRelativePath(Source, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
                if (HashOf(file) != HashOf(copy))
                    throw new OutsideServiceException($"'{copy}' is not what '{file}' is: it changed meanwhile, or the disk keeps it wrong. Nothing was copied.");
                Count++;
            }
        }

        public void Keep() => Directory.Move(Beside, Target);

        public void Forget()
        {
            if (Directory.Exists(Beside))
                Directory.Delete(Beside, recursive: true);
        }

        private static string HashOf(string file)
        {
            using var stream = File.OpenRead(file);
            return Convert.ToHexString(SHA256.HashData(stream));
        }
    }
}
