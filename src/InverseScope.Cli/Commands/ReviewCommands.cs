using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;

namespace InverseScope.Cli.Commands;

/// <summary><c>review …</c>: what people make of hypotheses.</summary>
internal static class ReviewCommands
{
    private static readonly string[] Verdicts = [.. Enum.GetValues<ReviewVerdict>().Select(NameOf)];

    public static Command Create(Shell shell) => new("review", "Say what you make of hypotheses, and see what others said.")
    {
        ListCommand(shell), AddCommand(shell), ExportCommand(shell),
    };

    private static Command ListCommand(Shell shell)
    {
        var id = new Argument<string?>("ID") { Description = "The sweep; all if none is given.", Arity = ArgumentArity.ZeroOrOne };
        var page = OptionOf.Integer("--page", "Which page of the list, from 1. Default 1.", 1, int.MaxValue);
        var size = OptionOf.Integer("--size", "Hypotheses on a page, 1 to 500. Default 50.", 1, 500);
        var command = new Command("list", "List hypotheses: those that wait for a person first, then those without a review, then the others.") { id, page, size };
        Invocation.SetAction(command, shell, invocation => WithDesk(invocation, desk =>
        {
            var queue = desk.Queue(new ReviewFilter(
                invocation.Parse.GetValue(id), Page: (int)(invocation.Parse.GetValue(page) ?? 1), Size: (int)(invocation.Parse.GetValue(size) ?? 50)));
            if (invocation.Json)
            {
                Json.WriteDocument(invocation.Out, new
                {
                    queue.Total,
                    queue.Waiting,
                    queue.Unreviewed,
                    queue.Reviewed,
                    Hypotheses = queue.Items.Select(i => new
                    {
                        i.Sweep,
                        Hypothesis = i.Hypothesis.Id,
                        i.Hypothesis.Site,
                        i.Hypothesis.Title,
                        i.Hypothesis.Verdict,
                        i.Hypothesis.Kappa,
                        i.QueuedBecause,
                        Reviews = i.History.Select(ReportReviews.Of),
                    }),
                });
                return ExitCode.Done;
            }

            if (queue.Total == 0)
            {
                invocation.Out.WriteLine("No sweep here has a report with hypotheses yet.");
                return ExitCode.Done;
            }

            Tables.Write(
                shell,
                ["sweep", "hypothesis", "feature", "verdict", "#κ", "review", "why"],
                queue.Items.Select(i => new[]
                {
                    i.Sweep, VisibleText.Of(i.Hypothesis.Id), VisibleText.Of(i.Hypothesis.Title), NameOf(i.Hypothesis.Verdict),
                    i.Hypothesis.Kappa?.ToString("0.00", CultureInfo.InvariantCulture) ?? "–",
                    i.Last is { } last ? $"{NameOf(last.Verdict)} ({VisibleText.Of(last.Author)})" : "–",
                    VisibleText.Of(string.Join(' ', i.QueuedBecause)),
                }));
            invocation.Say($"{queue.Waiting} wait for a person, {queue.Unreviewed} have no review, {queue.Reviewed} have one.");
            return ExitCode.Done;
        }));
        return command;
    }

    private static Command AddCommand(Shell shell)
    {
        var id = IdArgument();
        var hypothesis = new Argument<string>("HYPOTHESIS") { Description = "The hypothesis, as 'review list' shows it." };
        var verdict = new Option<string>("--verdict") { Description = $"What you make of it: {string.Join(", ", Verdicts)}.", HelpName = string.Join('|', Verdicts), Required = true };
        var author = new Option<string>("--author") { Description = "Your name.", HelpName = "NAME", Required = true };
        var comment = OptionOf.Text("--comment", "What you say of it.", "TEXT");
        var command = new Command("add", "Add your verdict on a hypothesis. No number and no verdict of the sweep changes by it.") { id, hypothesis, verdict, author, comment };
        Invocation.SetAction(command, shell, invocation =>
        {
            var said = invocation.Parse.GetValue(verdict)!;
            if (Array.IndexOf(Verdicts, said) is not (>= 0 and var index))
                throw new BadInputException($"--verdict is one of {string.Join(", ", Verdicts)}; found '{said}'.{NearestName.Hint(said, Verdicts)}");
            return WithDesk(invocation, desk =>
            {
                var item = desk.Find(invocation.Parse.GetValue(id)!, invocation.Parse.GetValue(hypothesis)!);
                var review = desk.Add(
                    item.Sweep, item.Hypothesis.Id, Enum.GetValues<ReviewVerdict>()[index], invocation.Parse.GetValue(author)!, invocation.Parse.GetValue(comment) ?? "", item.Version);
                if (invocation.Json)
                    Json.WriteDocument(invocation.Out, new { item.Sweep, Hypothesis = item.Hypothesis.Id, Review = ReportReviews.Of(review) });
                else
                    invocation.Out.WriteLine($"{item.Sweep} {VisibleText.Of(item.Hypothesis.Id)}: {NameOf(review.Verdict)} by {VisibleText.Of(review.Author)}");
                invocation.Say($"'{CommandLine.Name} report {item.Sweep}' writes it into the report.");
                return ExitCode.Done;
            });
        });
        return command;
    }

    private static Command ExportCommand(Shell shell)
    {
        string[] formats = ["json", "csv"];
        var id = IdArgument();
        var format = new Option<string>("--format") { Description = "json or csv. Default json.", HelpName = "FORMAT", DefaultValueFactory = _ => formats[0] };
        var command = new Command("export", "Print every review and every corrected label of a sweep.") { id, format };
        Invocation.SetAction(command, shell, invocation =>
        {
            var form = invocation.Parse.GetValue(format)!;
            if (!formats.Contains(form))
                throw new BadInputException($"--format is one of {string.Join(", ", formats)}; found '{form}'.{NearestName.Hint(form, formats)}");
            return WithDesk(invocation, desk =>
            {
                var export = desk.Export(invocation.Parse.GetValue(id)!);
                invocation.Out.Write(invocation.Json || form == formats[0] ? export.ToJson() : export.ToCsv());
                return ExitCode.Done;
            });
        });
        return command;
    }

    private static Argument<string> IdArgument() => new("ID") { Description = "The sweep, as 'sweep list' shows it." };

    private static int WithDesk(Invocation invocation, Func<ReviewDesk, int> use)
    {
        if (!File.Exists(invocation.Home.Store))
            throw new BadInputException($"There is no sweep in {invocation.Home.Path} yet.", $"Begin one with '{CommandLine.Name} sweep run FILE'.");
        using var workspace = new Workspace(invocation.Home, SweepStore.Open(invocation.Home.Store), invocation.Shell.Clock, CommandLine.Version);
        return use(new ReviewDesk(workspace, new ReportShelf(workspace)));
    }

    // As in JSON.
    private static string NameOf(ReviewVerdict verdict) => verdict switch
    {
        ReviewVerdict.Accept => "accept",
        ReviewVerdict.Reject => "reject",
        ReviewVerdict.NeedsMore => "needs_more",
        ReviewVerdict.SpecWrong => "spec_wrong",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "No such verdict."),
    };

    private static string NameOf(HypothesisVerdict verdict) => verdict.ToString().ToLowerInvariant();
}
