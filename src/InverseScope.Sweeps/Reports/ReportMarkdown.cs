using System.Text;

namespace InverseScope.Sweeps.Reports;

/// <summary>The report as Markdown (GitHub's dialect): the morning summary first, then the tables.</summary>
internal static class ReportMarkdown
{
    private const int ShownMismatches = 3;
    private const int ShownTextLength = 160;

    public static string Write(ReportDocument document)
    {
        var md = new StringBuilder();
        md.Append($"# {Escaped(ReportProse.Title(document))}\n\n");
        md.Append($"Task {Code(document.Sweep.Task)}, sweep {Code(document.Sweep.Id)}, begun {ReportNumbers.Time(document.Sweep.Started)},");
        md.Append($" ended {ReportNumbers.Time(document.Sweep.Finished)}.");
        md.Append($" {Escaped(ReportProse.Morning(document))} {Escaped(ReportProse.Ending(document.Sweep))}\n");
        Established(md, document);
        Proposers(md, document.Summary.Proposers);
        Attention(md, "Needs a person", document.Summary.NeedsAPerson, "Nothing does.");
        Attention(md, "Broke", document.Summary.Broke, "Nothing did.");
        md.Append($"\n## Cost\n\n{ReportProse.Cost(document.Sweep.Cost)}.\n");
        Sites(md, document);
        Tokens(md, document);
        Hypotheses(md, document);
        TaskVector(md, document.TaskVector);
        KnownSites(md, document);
        Reviews(md, document);
        Findings(md, document);
        Reproduce(md, document);
        return md.ToString();
    }

    private static void Established(StringBuilder md, ReportDocument document)
    {
        md.Append("\n## Established\n\n");
        var carrying = ReportProse.Carrying(document.TaskVector).ToArray();
        foreach (var (site, rates) in carrying)
            md.Append($"- {Code(site)} carries which task it is ({Escaped(rates)})\n");
        if (document.Summary.Established.Count == 0)
        {
            md.Append(carrying.Length == 0 ? "Nothing was.\n" : "");
            return;
        }

        if (carrying.Length > 0)
            md.Append('\n');
        md.Append("| site | feature | κ | interval | raw | chance | bits |\n|---|---|--:|---|--:|--:|--:|\n");
        foreach (var f in document.Summary.Established)
        {
            md.Append($"| {Cell(Code(f.Site))} | {Escaped(f.Title)} | {ReportNumbers.Rate(f.Kappa)} | {ReportNumbers.Interval(f.KappaCi)}");
            md.Append($" | {ReportNumbers.Rate(f.Fcr)} | {ReportNumbers.Rate(f.Chance)} | {ReportNumbers.Rate(f.Bits)} |\n");
        }
    }

    private static void Proposers(StringBuilder md, IReadOnlyList<ProposerRecord> proposers)
    {
        if (proposers.Count < 2)
            return;
        md.Append("\n## Who found what\n\n| proposer | tested | confirmed | it alone | faulty | calls | tokens |\n|---|--:|--:|--:|--:|--:|--:|\n");
        foreach (var p in proposers)
            md.Append($"| {ReportProse.Proposer(p.Proposer)} | {p.Tested} | {p.Confirmed} | {p.OnlyItsOwn} | {Given(p.Faulty)} | {Given(p.Calls)} | {Given(p.Tokens)} |\n");
    }

    private static string Given(long? count) => count is null ? "–" : ReportNumbers.Count(count);

    private static void Attention(StringBuilder md, string heading, IReadOnlyList<AttentionRecord> matters, string none)
    {
        md.Append($"\n## {heading}\n\n");
        if (matters.Count == 0)
            md.Append($"{none}\n");
        foreach (var matter in matters)
        {
            var where = matter.Site is null ? "the sweep" : Code(matter.Site);
            md.Append($"- {where}: {ReportNumbers.Words(matter.Reason)}. {Escaped(matter.Detail)}\n");
        }
    }

    private static void Sites(StringBuilder md, ReportDocument document)
    {
        if (document.Sites.Count == 0)
            return;
        md.Append("\n## Sites\n\n| site | verdict | bits | unexplained | ESS | refusal | confirmed | tried | why |\n");
        md.Append("|---|---|--:|--:|--:|--:|--:|--:|---|\n");
        foreach (var s in document.Sites)
        {
            var verdict = s.Verdict is { } v ? ReportNumbers.Words(v) : ReportNumbers.Words(s.Status);
            var confirmed = s.Hypotheses.Count(h => h.Verdict == HypothesisVerdict.Confirmed);
            md.Append($"| {Cell(Code(s.Site))} | {verdict} | {ReportNumbers.Rate(s.Bits)} | {ReportNumbers.Rate(s.ResidualBits)}");
            md.Append($" | {ReportNumbers.Ess(s.Ess)} | {ReportNumbers.Share(s.RefusalRate)} | {ReportNumbers.Count(confirmed)}");
            md.Append($" | {ReportNumbers.Count(s.Hypotheses.Count)} | {Escaped(s.VerdictReason ?? "")} |\n");
        }
    }

    private static void Tokens(StringBuilder md, ReportDocument document)
    {
        var told = document.Sites.Where(s => s.TokenBits is not null).ToArray();
        if (told.Length == 0)
            return;
        md.Append("\n## What activations say of each token\n\nBits by the generator, below tokens of a few references.\n");
        foreach (var site in told)
        {
            md.Append($"\n### {Code(site.Site)}\n");
            foreach (var reference in site.TokenBits!.References)
            {
                md.Append($"\n| {string.Join(" | ", reference.Tokens.Select(t => t.Token.Length == 0 ? "(end)" : Cell(Code(t.Token))))} | all |\n");
                md.Append($"|{string.Concat(Enumerable.Repeat("--:|", reference.Tokens.Count + 1))}\n");
                md.Append($"| {string.Join(" | ", reference.Tokens.Select(t => ReportNumbers.Signed(t.Bits)))} | {ReportNumbers.Signed(reference.Bits)} |\n");
            }

            if (ReportProse.Positions(site.TokenBits) is { } positions)
                md.Append($"\n{Escaped(positions)}\n");
        }
    }

    private static void Hypotheses(StringBuilder md, ReportDocument document)
    {
        if (!document.Sites.Any(s => s.Hypotheses.Count > 0))
            return;
        md.Append("\n## Hypotheses\n\n| site | feature | author | verdict | κ | interval | raw | chance | E | FDR | references");
        md.Append(" | undefined | failed | truncated | why |\n|---|---|---|---|--:|---|--:|--:|--:|---|--:|--:|--:|--:|---|\n");
        foreach (var h in document.Sites.SelectMany(s => s.Hypotheses))
        {
            var fdr = h.PassesFdr switch { true => "passes", false => "does not pass", null => ReportNumbers.NotMeasured };
            var review = h.Reviews is [.., var last] ? $" ({ReportProse.Sign(last.Verdict)} {ReportProse.Reviewed(last.Verdict)})" : "";
            md.Append($"| {Cell(Code(h.Site))} | {Escaped(h.Title)} | {ReportNumbers.Words(h.Author)} | {ReportNumbers.Words(h.Verdict)}{review}");
            md.Append($" | {ReportNumbers.Rate(h.Kappa)} | {ReportNumbers.Interval(h.KappaCi)} | {ReportNumbers.Rate(h.Fcr)}");
            md.Append($" | {ReportNumbers.Rate(h.Chance)} | {ReportNumbers.EValue(h.EValue, h.Log10EValue)} | {fdr}");
            md.Append($" | {ReportNumbers.Count(h.Counts.References)} | {ReportNumbers.Count(h.Counts.Undefined)}");
            md.Append($" | {ReportNumbers.Count(h.Counts.Failed)} | {ReportNumbers.Count(h.Counts.Truncated)}");
            md.Append($" | {Escaped(h.VerdictReason)} |\n");
        }
    }

    private static void TaskVector(StringBuilder md, TaskVectorRecord? experiment)
    {
        if (experiment is null)
            return;
        md.Append($"\n## Task-vector experiment\n\n{Escaped(experiment.Statement)}\n\n");
        md.Append("| site | success | source's answer | own answer kept | another | pairs | control: success | control: donor's answer | control: kept | pairs |\n");
        md.Append("|---|---|---|---|---|--:|---|---|---|--:|\n");
        foreach (var s in experiment.Sites)
        {
            var rates = new[] { s.Success, s.SourceAnswer, s.Kept, s.Other };
            var control = new[] { s.SameTaskSuccess, s.SameTaskAnswer, s.SameTaskKept };
            md.Append($"| {Cell(Code(s.Site))} | {string.Join(" | ", rates.Select(r => Escaped(ReportProse.Rate(r))))} | {ReportNumbers.Count(s.Success?.Of)}");
            md.Append($" | {string.Join(" | ", control.Select(r => Escaped(ReportProse.Rate(r))))} | {ReportNumbers.Count(s.SameTaskSuccess?.Of)} |\n");
        }

        foreach (var s in experiment.Sites.Where(s => s.Reason is not null))
            md.Append($"\n- {Code(s.Site)}: {ReportNumbers.Words(s.Status)}, {Escaped(s.Reason!)}\n");
        md.Append("\nA few of the pairs:\n\n| target | its answer | source | its answer | success is |\n|---|---|---|---|---|\n");
        foreach (var pair in experiment.Examples)
        {
            md.Append($"| {Cell(Text(pair.Target))} | {Cell(Code(pair.OwnAnswer))} | {Cell(Text(pair.Source))} | {Cell(Code(pair.SourceAnswer))}");
            md.Append($" | {Cell(Code(pair.MovedAnswer))} |\n");
        }
    }

    private static void KnownSites(StringBuilder md, ReportDocument document)
    {
        if (document.KnownSites is not { Count: > 0 } sites)
            return;
        md.Append($"\n## Control sites\n\n{ReportProse.KnownSites(sites)}\n\n");
        md.Append("| made of | result | κ | interval | of | confirmed | tested |\n|---|---|--:|---|---|--:|--:|\n");
        foreach (var s in sites)
        {
            md.Append($"| {Escaped(ReportProse.MadeOf(s))} | {ReportNumbers.Words(s.Result)} | {ReportNumbers.Rate(s.Kappa)} | {ReportNumbers.Interval(s.KappaCi)}");
            md.Append($" | {Escaped(s.Feature ?? "")} | {ReportNumbers.Count(s.Confirmed)} | {ReportNumbers.Count(s.Tested)} |\n");
        }
    }

    private static void Reviews(StringBuilder md, ReportDocument document)
    {
        var reviewed = document.Sites.SelectMany(s => s.Hypotheses).Where(h => h.Reviews.Count > 0 || h.Corrected is not null).ToArray();
        if (reviewed.Length == 0)
            return;
        md.Append("\n## Reviews\n");
        foreach (var h in reviewed)
        {
            md.Append($"\n### {Code(h.Site)}: {Escaped(h.Title)}\n\n");
            foreach (var review in h.Reviews)
            {
                md.Append($"- {ReportProse.Sign(review.Verdict)} **{ReportProse.Reviewed(review.Verdict)}** by {Code(review.Author)}, {ReportNumbers.Time(review.Time)}");
                md.Append($"{(review.Comment.Length == 0 ? "" : $": {Escaped(review.Comment)}")}\n");
            }

            if (h.Corrected is { } corrected)
                md.Append($"{(h.Reviews.Count == 0 ? "" : "\n")}{Escaped(ReportProse.Corrected(corrected, h))}\n");
        }
    }

    private static void Findings(StringBuilder md, ReportDocument document)
    {
        var confirmed = document.Sites.SelectMany(s => s.Hypotheses).Where(h => h.Verdict == HypothesisVerdict.Confirmed);
        foreach (var h in confirmed)
        {
            md.Append($"\n### {Code(h.Site)}: {Escaped(h.Title)}\n\n");
            if (h.Statement is { } statement)
                md.Append($"Claim: {Escaped(statement)} ({ReportProse.Author(h)}, spec {Code(h.SpecHash)})\n\n");
            md.Append($"{ReportProse.VerdictLine(h, document.Sweep.Options)} {Escaped(h.VerdictReason)}\n");
            if (h.SpecYaml is { } yaml)
                md.Append($"\n{Fenced(VisibleText.Of(yaml.TrimEnd(), keepLines: true), "yaml")}\n");
            var mismatches = h.Samples
                .SelectMany(e => e.Samples.Where(s => !s.Match).Take(1).Select(s => (Example: e, Sample: s)))
                .Take(ShownMismatches).ToList();
            if (mismatches.Count > 0)
                md.Append("\nMismatches:\n\n");
            foreach (var (example, sample) in mismatches)
            {
                md.Append($"- {Text(example.Reference)} is {Code(example.Label)}; sample {Text(sample.Text)} is ");
                md.Append($"{(sample.Label is { } label ? Code(label) : "undefined")}, distance {(sample.Distance is null ? "infinite" : ReportNumbers.Distance(sample.Distance))}\n");
            }

            if (h.Command is { } command)
                md.Append($"\nAgain: {Code(command)}\n");
        }
    }

    private static void Reproduce(StringBuilder md, ReportDocument document)
    {
        md.Append($"\n## Reproduce\n\n{Fenced(VisibleText.Of(document.Sweep.Command), "sh")}\n\n");
        foreach (var (name, value) in ReportFacts.Of(document.Sweep, document.TaskVector))
            md.Append($"- {Escaped(name)}: {Code(value)}\n");
    }

    private static string Text(string text)
    {
        var (head, left) = VisibleText.Cut(text, ShownTextLength);
        return left == 0 ? Code(head) : $"{Code(head)} (and {ReportNumbers.Of(left, "character")} more)";
    }

    // Backslash escapes hold for every ASCII punctuation mark; these are the ones that can begin or end markup, a link
    // that makes itself, or a table cell.
    private static string Escaped(string text)
    {
        var escaped = new StringBuilder();
        foreach (var c in VisibleText.Of(text))
        {
            if (c is '\\' or '`' or '*' or '_' or '{' or '}' or '[' or ']' or '<' or '>' or '#' or '|' or '~' or '&' or '@'
                or '!' or '$')
            {
                escaped.Append('\\');
            }

            escaped.Append(c);
        }

        return escaped.ToString().Replace("://", "\\://", StringComparison.Ordinal)
            .Replace("www.", "www\\.", StringComparison.OrdinalIgnoreCase);
    }

    private static string Code(string text)
    {
        var visible = VisibleText.Of(text);
        var ticks = new string('`', LongestRun(visible) + 1);
        var pad = visible.Length == 0 || visible[0] is '`' or ' ' || visible[^1] is '`' or ' ' ? " " : "";
        return $"{ticks}{pad}{visible}{pad}{ticks}";
    }

    // Inside a table a bar ends the cell even within code.
    private static string Cell(string code) => code.Replace("|", "\\|", StringComparison.Ordinal);

    private static string Fenced(string text, string language)
    {
        var ticks = new string('`', Math.Max(3, LongestRun(text) + 1));
        return $"{ticks}{language}\n{text}\n{ticks}";
    }

    private static int LongestRun(string text)
    {
        int longest = 0, run = 0;
        foreach (var c in text)
        {
            run = c == '`' ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }

        return longest;
    }
}
