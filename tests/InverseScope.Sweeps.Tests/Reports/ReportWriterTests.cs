using System.Globalization;
using System.Text.RegularExpressions;
using CsCheck;
using InverseScope.Core.Sites;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Reports;

public sealed partial class ReportWriterTests
{
    [Fact]
    public void The_page_reads_as_it_did()
    {
        var page = StyleAndItsHash().Replace(ReportWriter.Write(ReportFixture.Tiny(), ReportFormat.Html), "…");
        Golden.Verify(page, "html");
    }

    [Fact]
    public void The_markdown_reads_as_it_did() =>
        Golden.Verify(ReportWriter.Write(ReportFixture.Tiny(), ReportFormat.Md), "md");

    [Fact]
    public void The_table_reads_as_it_did() =>
        Golden.Verify(ReportWriter.Write(ReportFixture.Tiny(), ReportFormat.Csv), "csv");

    [Fact]
    public void The_page_is_well_formed_and_every_link_in_it_leads_somewhere()
    {
        foreach (var document in new[] { ReportFixture.Tiny(), ReportFixture.Night(3, 4, ["=", "answer"], 3, seed: 4) })
        {
            var page = new HtmlPage(ReportWriter.Write(document, ReportFormat.Html));
            var ids = page.Attributes.Where(a => a.Key == "id").Select(a => a.Value).ToList();
            Assert.Equal(ids.Count, ids.Distinct().Count());
            var links = page.Attributes.Where(a => a.Key == "href").Select(a => a.Value).ToList();
            Assert.NotEmpty(links);
            Assert.All(links, l => Assert.Contains(l.TrimStart('#'), ids));
        }
    }

    [Fact]
    public void The_page_has_no_script_no_inline_style_and_asks_for_nothing_outside()
    {
        var page = new HtmlPage(ReportWriter.Write(ReportFixture.Tiny(), ReportFormat.Html));
        Assert.Empty(page.Tags.Intersect(["script", "img", "iframe", "object", "embed", "link", "form", "base"]));
        Assert.DoesNotContain(page.Attributes, a => a.Key == "style" || a.Key == "src"
            || a.Key.StartsWith("on", StringComparison.OrdinalIgnoreCase));
        Assert.All(page.Attributes.Where(a => a.Key == "href"), a => Assert.StartsWith("#", a.Value));
        var policy = page.Attributes.Single(a => a.Key == "content" && a.Value.Contains("default-src", StringComparison.Ordinal));
        Assert.StartsWith("default-src &#39;none&#39;", policy.Value.Replace("'", "&#39;"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_style_sheet_is_the_one_that_the_policy_allows()
    {
        var page = ReportWriter.Write(ReportFixture.Tiny(), ReportFormat.Html);
        var style = Regex.Match(page, "<style>(.*?)</style>", RegexOptions.Singleline).Groups[1].Value;
        var hash = Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(style)));
        Assert.Contains($"'sha256-{hash}'", page, StringComparison.Ordinal);
        Assert.DoesNotContain("url(http", style, StringComparison.Ordinal);
        Assert.DoesNotContain("@import", style, StringComparison.Ordinal);
    }

    [Fact]
    public void No_text_whatever_adds_an_element_to_the_page()
    {
        var tiny = ReportFixture.Tiny();
        var tags = new HtmlPage(ReportWriter.Write(With(tiny, "plain"), ReportFormat.Html)).Tags;
        var hostile = Gen.Select(
            Gen.OneOf("<script>", "\"><b>", "' onload='x", "]]>", "<!--", "&lt;", "</style>", "\u202E", "\0", "\uD800", ""),
            Gen.String);
        hostile.Sample(
            (sting, noise) => Assert.Equal(
                tags, new HtmlPage(ReportWriter.Write(With(tiny, sting + noise), ReportFormat.Html)).Tags),
            iter: 40);
    }

    [Theory]
    [InlineData(ReportFormat.Html)]
    [InlineData(ReportFormat.Md)]
    [InlineData(ReportFormat.Csv)]
    public void What_would_reorder_or_hide_text_is_spelt_out(ReportFormat format)
    {
        var written = ReportWriter.Write(With(ReportFixture.Tiny(), "a\u202Eb\u0000c\u200Bd"), format);
        Assert.Contains("a⟨U+202E⟩b␀c⟨U+200B⟩d", written, StringComparison.Ordinal);
        Assert.DoesNotContain(written, c => c != '\n' && char.IsControl(c));
        Assert.DoesNotContain(written, c => char.GetUnicodeCategory(c) == UnicodeCategory.Format);
    }

    [Fact]
    public void What_was_not_measured_says_so_and_is_never_nought()
    {
        var tiny = ReportFixture.Tiny();
        var bare = tiny with
        {
            Sites = [tiny.Sites[1] with { Hypotheses = [.. tiny.Sites[1].Hypotheses.Where(h => h.Verdict == HypothesisVerdict.Failed)] }],
        };
        var row = ReportWriter.Write(bare, ReportFormat.Md).Split('\n').Single(l => l.Contains("| failed | not", StringComparison.Ordinal));
        Assert.Equal(10, Regex.Count(row, "not measured"));
        Assert.DoesNotMatch(@"\| 0(\.0+)? \|", row);
        var line = Regex.Match(ReportWriter.Write(bare, ReportFormat.Html), "<summary class=\"row\">.*?</summary>", RegexOptions.Singleline).Value;
        Assert.Equal(2, Regex.Count(line, "<em>not measured</em>"));
        var cells = ReportWriter.Write(bare, ReportFormat.Csv).Split('\n')[1].Split(',');
        Assert.DoesNotContain("0", cells[3..]);
    }

    [Fact]
    public void A_task_vector_experiment_that_says_nothing_has_no_rates()
    {
        var tiny = ReportFixture.Tiny();
        var none = tiny.TaskVector! with
        {
            PairsUsed = 0,
            TargetAccuracy = tiny.TaskVector.TargetAccuracy! with { Rate = 0, Count = 0, Ci = new ReportInterval(0, 0.07) },
            Sites = [TaskVectorSiteRecord.Of(new Site(new SiteAddress(SiteKind.Attention, 0), Position.Last), SiteStatus.Done)],
        };
        var document = ReportDocument.Of(tiny.Sweep, tiny.Sites, taskVector: none);
        Assert.Equal(AttentionReason.TaskVectorSaysNothing, document.Summary.NeedsAPerson[0].Reason);
        var row = ReportWriter.Write(document, ReportFormat.Md).Split('\n').Single(l => l.StartsWith("| `L0.attn@last`", StringComparison.Ordinal));
        Assert.Equal(9, Regex.Count(row, "not measured"));
        Assert.Contains("the experiment says nothing", ReportWriter.Write(document, ReportFormat.Html), StringComparison.Ordinal);
        Assert.DoesNotMatch("0", Regex.Replace(ReportWriter.Write(document, ReportFormat.Csv).TrimEnd().Split('\n')[^1], "L0.attn@last,0,", ""));
        Assert.Contains("\"success\": null", ReportWriter.Write(document, ReportFormat.Json), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ReportFormat.Md, "control: donor's answer")]
    [InlineData(ReportFormat.Html, "control: donor’s answer")]
    [InlineData(ReportFormat.Csv, "task_vector_control_answer")]
    [InlineData(ReportFormat.Json, "\"same_task_answer\"")]
    public void Every_form_tells_how_often_the_controls_donor_gives_its_own_answer(ReportFormat format, string named)
    {
        var text = ReportWriter.Write(ReportFixture.Tiny(), format);
        Assert.Contains(named, text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_task_vector_experiment_alone_is_what_is_established_and_what_decided_the_numbers()
    {
        var tiny = ReportFixture.Tiny();
        var document = ReportDocument.Of(tiny.Sweep with { Sites = [] }, [], taskVector: ReportFixture.TaskVector("x"));
        var md = ReportWriter.Write(document, ReportFormat.Md);
        Assert.Contains("- `L0.attn@last` carries which task it is (success ", md, StringComparison.Ordinal);
        Assert.Contains("- task-vector sites: `L0.attn@last, L1.attn@last, L2.attn@last`", md, StringComparison.Ordinal);
        Assert.Contains("- task-vector pairs: `60`", md, StringComparison.Ordinal);
        foreach (var untrue in new[] { "Nothing was.", "- sites:", "samplers", "measurement", "## Sites", "## Hypotheses" })
            Assert.DoesNotContain(untrue, md, StringComparison.Ordinal);
        var html = ReportWriter.Write(document, ReportFormat.Html);
        Assert.Contains("Established <span>1</span>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("Nothing was.", html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_task_vector_experiment_beside_sites_is_in_the_lead()
    {
        var tiny = ReportFixture.Tiny();
        string Lead(TaskVectorRecord? experiment) => ReportProse.Morning(ReportDocument.Of(tiny.Sweep, tiny.Sites, taskVector: experiment));
        Assert.EndsWith("In the task-vector experiment L0.attn@last carries which task it is.", Lead(tiny.TaskVector), StringComparison.Ordinal);
        Assert.EndsWith("no site alone was seen to carry the task.", Lead(tiny.TaskVector! with { Sites = [tiny.TaskVector.Sites[1]] }), StringComparison.Ordinal);
        Assert.EndsWith("The task-vector experiment says nothing.", Lead(tiny.TaskVector with { Sites = [tiny.TaskVector.Sites[2]] }), StringComparison.Ordinal);
        Assert.DoesNotContain("experiment", Lead(null), StringComparison.Ordinal);
    }

    [Fact]
    public void Pairs_that_share_sources_and_runs_without_an_answer_are_told()
    {
        var whole = ReportFixture.TaskVector();
        Assert.DoesNotContain("too few texts", whole.Statement, StringComparison.Ordinal);
        Assert.DoesNotContain("no answer", whole.Statement, StringComparison.Ordinal);
        var less = whole with { Sources = 7, Sites = [whole.Sites[0] with { NotMeasured = 3, SameTaskNotMeasured = 1 }, whole.Sites[1]] };
        Assert.Contains("different sources (7 for 50 pairs)", less.Statement, StringComparison.Ordinal);
        Assert.Contains("4 patched runs gave no answer", less.Statement, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_row_of_the_table_has_the_cells_of_its_head()
    {
        var lines = ReportWriter.Write(ReportFixture.Night(2, 4, ["="], 3, seed: 2), ReportFormat.Csv).TrimEnd().Split('\n');
        var columns = lines[0].Split(',').Length;
        Assert.All(lines[1..], l => Assert.Equal(columns, Regex.Replace(l, "\"[^\"]*\"", "").Split(',').Length));
    }

    [Theory]
    [InlineData("=HYPERLINK(1)")]
    [InlineData("+1")]
    [InlineData("-1")]
    [InlineData("@SUM")]
    public void A_spreadsheet_does_not_take_a_title_for_a_formula(string title) =>
        Assert.Contains($",'{title},", ReportWriter.Write(With(ReportFixture.Tiny(), title), ReportFormat.Csv), StringComparison.Ordinal);

    [Fact]
    public void A_title_cannot_break_the_tables_of_the_markdown()
    {
        var written = ReportWriter.Write(With(ReportFixture.Tiny(), "a|b\n## c <img> `d [e](http://f)"), ReportFormat.Md);
        var table = written.Split('\n').SkipWhile(l => l != "## Hypotheses").Skip(2).TakeWhile(l => l.Length > 0).ToList();
        var bars = Regex.Count(table[0], @"\|");
        Assert.All(table.Skip(2), l => Assert.Equal(bars, Regex.Count(l, @"(?<!\\)\|")));
        var prose = written.Split('\n').Where(l => l.StartsWith("Claim:", StringComparison.Ordinal) || l.StartsWith("### ", StringComparison.Ordinal) || l.StartsWith('-'));
        Assert.All(table.Concat(prose), l =>
        {
            Assert.DoesNotContain("<img>", l, StringComparison.Ordinal);
            Assert.DoesNotContain("](http://", l, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void The_same_document_gives_the_same_page() => Assert.Equal(
        ReportWriter.Write(ReportFixture.Tiny(), ReportFormat.Html), ReportWriter.Write(ReportFixture.Tiny(), ReportFormat.Html));

    [Fact]
    public void Half_a_thousand_hypotheses_make_a_page_that_a_browser_opens_at_once()
    {
        var night = ReportFixture.Night(12, 12, ["last"], 4, seed: 9);
        var count = night.Summary.Hypotheses.Total;
        var page = ReportWriter.Write(night, ReportFormat.Html);
        Assert.InRange(count, 480, 520);
        Assert.InRange(page.Length / count, 1, 20_000);
        Assert.Equal(count, Regex.Count(page, "<details class=\"hyp "));
        Assert.DoesNotContain("<details class=\"hyp v-confirmed\" open", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sweep_without_any_result_still_has_a_report()
    {
        var site = SiteRecord.Of(ReportFixture.Site(SiteKind.Head, 0, 0, "="), SiteStatus.Queued);
        var sweep = ReportFixture.Tiny().Sweep with
        {
            State = SweepState.Stopped,
            StopReason = "budget",
            Finished = null,
            Cost = new CostRecord(),
        };
        foreach (var sites in new SiteRecord[][] { [], [site] })
        {
            var document = ReportDocument.Of(sweep, sites);
            var page = ReportWriter.Write(document, ReportFormat.Html);
            Assert.NotEmpty(new HtmlPage(page).Tags);
            Assert.Contains("0 hypotheses were tried. None was confirmed.", page, StringComparison.Ordinal);
            Assert.Contains("its budget was spent", ReportWriter.Write(document, ReportFormat.Md), StringComparison.Ordinal);
            Assert.Single(ReportWriter.Write(document, ReportFormat.Csv).TrimEnd().Split('\n'));
        }
    }

    // The text wherever people, models and samples may put one.
    private static ReportDocument With(ReportDocument document, string text) => ReportDocument.Of(
        document.Sweep,
        [
            .. document.Sites.Select(s => s with
            {
                VerdictReason = text,
                Hypotheses =
                [
                    .. s.Hypotheses.Select(h => h with
                    {
                        Title = text, Statement = text, VerdictReason = text, SpecYaml = text, Command = text,
                        Controls = [.. h.Controls.Select(c => c with { Name = text, Expected = text })],
                        Trail = [.. h.Trail.Select(t => t with { Step = text, Detail = text })],
                        LabelTable = h.LabelTable is null ? null : Relabelled(h.LabelTable, text),
                        Samples = [.. h.Samples.Select(e => e with { Reference = "x", Label = text, Samples = [] })],
                    }),
                ],
            }),
        ],
        taskVector: ReportFixture.TaskVector(text));

    // A column's title is left out where the whole label fits, so the label is made too long to.
    private static LabelTable Relabelled(LabelTable table, string text) => new()
    {
        Labels = ["0123456789" + text],
        Rows = [table.Rows[0] with { Label = text, Shares = [1], Other = 0, Undefined = 0 }],
    };

    [GeneratedRegex("(?s)(?<=<style>).*?(?=</style>)|(?<='sha256-)[^']*")]
    private static partial Regex StyleAndItsHash();
}
