using System.CommandLine;
using InverseScope.Cli.Output;
using InverseScope.Core;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;

namespace InverseScope.Cli.Commands;

/// <summary><c>report</c>: the report of a sweep, in any of its forms.</summary>
internal static class ReportCommand
{
    public static Command Create(Shell shell)
    {
        var id = new Argument<string>("ID") { Description = "The sweep, as 'sweep list' shows it." };
        var names = Enum.GetNames<ReportFormat>().Select(n => n.ToLowerInvariant()).ToArray();
        var format = new Option<string>("--format")
        {
            Description = $"Comma-separated: {string.Join(", ", names)}. Default html.",
            HelpName = "FORMAT",
            DefaultValueFactory = _ => "html",
        };
        var folder = new Option<string?>("--out") { Description = "Folder for the files. Default: the sweep's own.", HelpName = "DIR" };
        var command = new Command("report", "Write the report of a sweep and say where it lies.") { id, format, folder };
        Invocation.SetAction(command, shell, invocation =>
        {
            var formats = invocation.Parse.GetValue(format)!.Split(',', StringSplitOptions.TrimEntries).Select(name =>
                Array.IndexOf(names, name) is >= 0 and var index
                    ? Enum.GetValues<ReportFormat>()[index]
                    : throw new BadInputException($"--format is one of {string.Join(", ", names)}; found '{name}'.{NearestName.Hint(name, names)}")).ToArray();
            var saved = SavedReport.Read(invocation.Home, invocation.Parse.GetValue(id)!);
            var report = Reviewed(invocation, saved);
            var target = invocation.Parse.GetValue(folder) ?? invocation.Home.Sweep(saved.Sweep.Id);
            // Where another process has the store, its report.json is the one that it goes on to write.
            ReportFiles.Write(target, report ?? saved, report is null && invocation.Parse.GetValue(folder) is null ? [.. formats.Where(f => f != ReportFormat.Json)] : formats);
            if (formats.Contains(ReportFormat.Html))
                TranscriptPages.Copy(invocation.Home.Sweep(saved.Sweep.Id), target);
            var files = formats.Select(f => Path.GetFullPath(Path.Combine(target, ReportWriter.FileName(f)))).ToArray();
            if (invocation.Json)
                Json.WriteDocument(invocation.Out, new { saved.Sweep.Id, Files = files });
            else
                invocation.Out.WriteLine(string.Join(Environment.NewLine, files));
            return ExitCode.Done;
        });
        return command;
    }

    // The store belongs to one process; a report can be written while another one has it. Null then.
    private static ReportDocument? Reviewed(Invocation invocation, ReportDocument report)
    {
        if (!File.Exists(invocation.Home.Store))
            return report;
        SweepStore store;
        try
        {
            store = SweepStore.Open(invocation.Home.Store);
        }
        catch (Exception e) when (e is BadInputException or OutsideServiceException)
        {
            invocation.Shell.Error.WriteLine($"{CommandLine.Name}: reviews given since the report was last written are left out: {e.Message}");
            return null;
        }

        using (store)
            return ReportReviews.Apply(report, store.Reviews, invocation.Home);
    }
}
