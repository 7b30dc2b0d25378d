using System.CommandLine;
using System.Globalization;
using System.Text;
using InverseScope.Agent.Transcripts;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;

namespace InverseScope.Cli.Commands;

/// <summary><c>sweep transcript</c>: what a sweep asked its language model, and what came of it.</summary>
internal static class SweepTranscriptCommand
{
    private const int HashShown = 12;

    public static Command Create(Shell shell, Argument<string> id)
    {
        var site = OptionOf.Text("--site", "Only questions about this site.", "SITE");
        var proposer = OptionOf.Text("--proposer", "Only questions of this one: llm_loop, llm_tools, llm_one_shot, or labels.", "NAME");
        var request = OptionOf.Text("--request", "Show one question whole, by its hash or the beginning of it.", "HASH");
        var file = OptionOf.Text("--out", "Write all that is shown to a file of JSON lines.", "FILE");
        var command = new Command("transcript", "Show what a sweep asked its language model, and what came of it.") { id, site, proposer, request, file };
        Invocation.SetAction(command, shell, invocation => Run(
            invocation, invocation.Parse.GetValue(id)!, new Wanted(invocation.Parse.GetValue(site), invocation.Parse.GetValue(proposer), invocation.Parse.GetValue(request)),
            invocation.Parse.GetValue(file)));
        return command;
    }

    private static int Run(Invocation invocation, string id, Wanted wanted, string? file)
    {
        if (!File.Exists(invocation.Home.Store))
            throw new BadInputException($"There is no sweep in {invocation.Home.Path} yet.", $"Begin one with '{CommandLine.Name} sweep run FILE'.");
        using var store = SweepStore.Open(invocation.Home.Store);
        var transcripts = store.Transcripts;
        var all = transcripts.Calls(store.Sweep(id).Id);
        StoredCall[] calls = [.. all.Where(wanted.Has)];
        if (calls.Length == 0 && all.Count > 0)
            throw new BadInputException($"Sweep '{id}' asked nothing like that.{wanted.Hint(all)}", $"'{CommandLine.Name} sweep transcript {id}' lists its {all.Count} questions.");
        if (file is not null)
        {
            Write(file, calls.Select(c => TranscriptFile.Write(transcripts.Entry(c.Id))));
            invocation.Say($"{calls.Length} {(calls.Length == 1 ? "question" : "questions")} to {Path.GetFullPath(file)}.");
        }
        else if (invocation.Json)
        {
            Json.WriteDocument(invocation.Out, calls.Select(c => new { Call = c, Entry = wanted.Request is null ? null : transcripts.Entry(c.Id) }));
        }
        else if (calls.Length == 0)
        {
            invocation.Out.WriteLine($"Sweep '{id}' asked no language model.");
        }
        else if (wanted.Request is null)
        {
            Tables.Write(
                invocation.Shell,
                ["#question", "site", "proposer", "for", "outcome", "#tokens", "#seconds"],
                calls.Select(c => new[]
                {
                    c.RequestHash[..HashShown], c.Site, c.Proposer, c.Purpose, c.Outcome.ToString().ToLowerInvariant(),
                    string.Create(CultureInfo.InvariantCulture, $"{c.PromptTokens} + {c.ReplyTokens}"), c.Seconds.ToString("0.0", CultureInfo.InvariantCulture),
                }));
            invocation.Say($"One of them whole: {CommandLine.Name} sweep transcript {id} --request {calls[0].RequestHash[..HashShown]}");
        }
        else
        {
            foreach (var call in calls)
                Show(invocation.Out, call, transcripts.Entry(call.Id));
        }

        return ExitCode.Done;
    }

    private static void Show(TextWriter output, StoredCall call, TranscriptEntry entry)
    {
        output.WriteLine($"{call.Purpose} of {call.Proposer}{(call.Site.Length == 0 ? "" : $" at {call.Site}")}, {call.At}: {call.Outcome.ToString().ToLowerInvariant()}");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{entry.Model.Name} ({entry.Model.Digest}), prompt {entry.PromptId} {entry.PromptHash[..HashShown]}, seed {entry.Seed}, temperature {entry.Temperature}"));
        Part("instructions", entry.System);
        Part("question", entry.User);
        foreach (var round in entry.Earlier ?? [])
        {
            Part("it said", round.Said);
            foreach (var (asked, result) in round.Calls.Zip(round.Results))
                Part($"it called {VisibleText.Of(asked.Name)}", $"{asked.Arguments}\n→ {result}");
            Part("it was told", round.Told);
        }

        foreach (var attempt in entry.Attempts)
        {
            Part(attempt.IsRepair ? "reply, after it was told its errors" : "reply", attempt.Text);
            Part("what is wrong with it", attempt.Problem);
        }

        foreach (var asked in entry.Calls ?? [])
            Part($"it calls {VisibleText.Of(asked.Name)}", asked.Arguments);
        if (entry.Attempts.Count == 0)
            Part("what is wrong", entry.Problem);
        output.WriteLine();

        void Part(string name, string? text)
        {
            if (string.IsNullOrEmpty(text))
                return;
            output.WriteLine($"--- {name}");
            // What a model wrote must not move the cursor of a terminal, or colour it.
            output.WriteLine(VisibleText.Of(text, keepLines: true));
        }
    }

    private static void Write(string file, IEnumerable<string> lines)
    {
        try
        {
            // A plan, or the store itself, is easily named by mistake.
            using var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
            using var writer = new StreamWriter(stream, new UTF8Encoding(false));
            foreach (var line in lines)
                writer.Write(line + "\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new BadInputException($"'{file}' cannot be written: {e.Message}", "Give another file with --out.", e);
        }
    }

    private sealed record Wanted(string? Site, string? Proposer, string? Request)
    {
        public bool Has(StoredCall call) =>
            (Site is null || call.Site == Site || call.Site == $"{Site}@last") && (Proposer is null || call.Proposer == Proposer)
            && (Request is null || call.RequestHash.StartsWith(Request, StringComparison.OrdinalIgnoreCase));

        public string Hint(IReadOnlyList<StoredCall> all) =>
            Proposer is { } proposer && all.All(c => c.Proposer != proposer) ? $"{NearestName.Hint(proposer, all.Select(c => c.Proposer).Distinct())} Proposers: {string.Join(", ", all.Select(c => c.Proposer).Distinct())}."
            : Site is { } site && all.All(c => c.Site != site) ? NearestName.Hint(site, all.Select(c => c.Site).Distinct())
            : "";
    }
}
