using System.Text.Json.Nodes;
using InverseScope.Core;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Tests.Desk;

public sealed class ReviewDeskTests : IDisposable
{
    private readonly ReviewedHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void A_verdict_keeps_its_time_and_the_reason_of_that_day_and_the_next_stands_beside_it()
    {
        var id = _home.Hypothesis().Id;
        Queue(id, "Somebody must look.");
        var first = _home.Reviews.Add(_home.Sweep, id, ReviewVerdict.NeedsMore, " <b>Ada</b> ", " more\nplease ", after: 0);
        _home.Clock.Advance(TimeSpan.FromHours(1));
        Queue(id, "Another reason.");
        _home.Reviews.Add(_home.Sweep, id, ReviewVerdict.Accept, "Bob", "", first.Id);

        var item = _home.Reviews.Find(_home.Sweep, id);
        Assert.Equal(["Another reason."], item.QueuedBecause);
        Assert.Equal((ReviewVerdict.Accept, "Bob"), (item.Last!.Verdict, item.Last.Author));
        Assert.Equal(("<b>Ada</b>", "more\nplease", "2030-01-01T00:00:00.000Z"), (item.History[0].Author, item.History[0].Comment, item.History[0].At));
        Assert.Equal(["Somebody must look."], item.History[0].QueuedBecause);
        Assert.Equal(item.Version, item.Last.Id);
        Assert.Throws<EditConflictException>(() => _home.Reviews.Add(_home.Sweep, id, ReviewVerdict.Reject, "Eve", "", first.Id));
        Assert.Equal(2, _home.Reviews.Find(_home.Sweep, id).History.Count);
    }

    [Fact]
    public void The_queue_has_those_that_wait_then_those_without_a_review_then_the_others_over_all_sweeps()
    {
        var other = _home.Run();
        var (planted, partial) = (_home.Hypothesis(), _home.Hypothesis(title: "partial"));
        Queue(partial.Id, "Look.");
        _home.Reviews.Add(other, planted.Id, ReviewVerdict.Reject, "Ada", "", 0);

        var all = _home.Reviews.Queue(new ReviewFilter());
        Assert.Equal(8, all.Total);
        Assert.Equal(8, all.Waiting + all.Unreviewed + all.Reviewed);
        Assert.Equal((_home.Sweep, partial.Id), all.Items.Where(i => i.QueuedBecause.Contains("Look.")).Select(i => (i.Sweep, i.Hypothesis.Id)).Single());
        Assert.Equal((other, planted.Id), (all.Items[^1].Sweep, all.Items[^1].Hypothesis.Id));
        Assert.Equal([.. all.Items.Select(StateOf).Order()], all.Items.Select(StateOf));
        Assert.Equal([(other, planted.Id)], Ids(new ReviewFilter(State: ReviewState.Reviewed)));
        Assert.Equal([(other, planted.Id)], Ids(new ReviewFilter(Verdict: ReviewVerdict.Reject)));
        Assert.Empty(Ids(new ReviewFilter(Sweep: _home.Sweep, Verdict: ReviewVerdict.Reject)));
        Assert.Equal(4, _home.Reviews.Queue(new ReviewFilter(Sweep: _home.Sweep)).Total);
        Assert.Equal(all.Items.Skip(6).Select(i => i.Hypothesis.Id), _home.Reviews.Queue(new ReviewFilter(Page: 3, Size: 3)).Items.Select(i => i.Hypothesis.Id));
        Assert.Throws<BadInputException>(() => _home.Reviews.Queue(new ReviewFilter(Sweep: "none")));

        // One report that cannot be read hides its own hypotheses only.
        File.WriteAllText(Path.Combine(_home.Workspace.Home.Sweep(other), "report.json"), "{");
        Assert.Equal(4, _home.Reviews.Queue(new ReviewFilter()).Total);
        Assert.Throws<DamagedFileException>(() => _home.Reviews.Queue(new ReviewFilter(Sweep: other)));
    }

    [Fact]
    public void A_review_of_a_verdict_that_has_changed_since_is_asked_for_again()
    {
        var hypothesis = _home.Hypothesis();
        var review = _home.Reviews.Add(_home.Sweep, hypothesis.Id, ReviewVerdict.Accept, "Ada", "", 0);
        Assert.Equal((hypothesis.Verdict, hypothesis.Kappa), (review.VerdictSeen, review.KappaSeen));
        var told = _home.Reviews.Reviewed(_home.Sweep)!.Sites[0].Hypotheses.Single(h => h.Id == hypothesis.Id).Reviews[0];
        Assert.Equal((hypothesis.Verdict, hypothesis.Kappa), (told.VerdictSeen, told.KappaSeen));
        Assert.Equal([(_home.Sweep, hypothesis.Id)], Ids(new ReviewFilter(State: ReviewState.Reviewed)));

        Verdict("undecided", 0.25);
        Assert.Empty(Ids(new ReviewFilter(State: ReviewState.Reviewed)));
        var item = _home.Reviews.Queue(new ReviewFilter(State: ReviewState.Waiting)).Items.Single(i => i.Hypothesis.Id == hypothesis.Id);
        Assert.Matches(@"changed since it was reviewed: was confirmed at κ [0-9.]+, is undecided at κ 0\.250\.", Assert.Single(item.QueuedBecause));
        Assert.Equal(item.QueuedBecause, _home.Reviews.Find(_home.Sweep, hypothesis.Id).QueuedBecause);

        // Reviewed as it now is, it waits no more.
        _home.Reviews.Add(_home.Sweep, hypothesis.Id, ReviewVerdict.NeedsMore, "Ada", "", review.Id);
        Assert.Equal([(_home.Sweep, hypothesis.Id)], Ids(new ReviewFilter(State: ReviewState.Reviewed)));
    }

    [Fact]
    public void A_corrected_label_makes_a_second_number_and_leaves_the_first_one_alone()
    {
        var hypothesis = _home.Hypothesis();
        var page = _home.Samples.Find(new SampleQuery(_home.Sweep, ReviewedHome.Planted, hypothesis.Id, SampleFilter.Matches, null, 1, 500));
        Assert.Null(_home.Reviews.SecondNumbers(_home.Sweep, hypothesis.Id));

        foreach (var text in page.Rows.Select(r => r.Text).Distinct())
            _home.Reviews.Correct(_home.Sweep, hypothesis.Id, text, "wrong", "Ada", "");
        _home.Reviews.Correct(_home.Sweep, hypothesis.Id, page.Rows[0].Text, page.Rows[0].Label, "Bob", "It is right.");

        var second = _home.Reviews.SecondNumbers(_home.Sweep, hypothesis.Id)!;
        Assert.True(second.Kappa < hypothesis.Kappa - 0.1, $"{second}");
        Assert.Equal(second.Checked - 1, second.Corrections);
        Assert.Equal(1.0 / second.Checked, second.Accuracy!.Value, 9);
        Assert.Equal(hypothesis.Kappa, _home.Hypothesis().Kappa);
        var row = _home.Samples.Find(new SampleQuery(_home.Sweep, ReviewedHome.Planted, hypothesis.Id, SampleFilter.Matches, null, 1, 1)).Rows[0];
        Assert.Equal(("Bob", row.Label), (row.Correction!.Author, row.Correction.Label));
        var different = _home.Samples.Find(new SampleQuery(_home.Sweep, ReviewedHome.Planted, hypothesis.Id, SampleFilter.Different, null, 1, 500));
        Assert.All(different.Rows, r => Assert.Equal("wrong", r.Correction!.Label));
        Assert.Equal(second.Kappa, _home.Reviews.Reviewed(_home.Sweep)!.Sites[0].Hypotheses.Single(h => h.Id == hypothesis.Id).Corrected!.Kappa);

        var export = _home.Reviews.Export(_home.Sweep);
        Assert.Equal(second.Checked + 1, export.Corrections.Count);
        Assert.StartsWith("what,hypothesis,", export.ToCsv(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_export_tells_what_was_measured_when_it_was_said()
    {
        var seen = _home.Hypothesis();
        _home.Reviews.Add(_home.Sweep, seen.Id, ReviewVerdict.Accept, "Ada", "yes, \"so\"", 0);
        _home.Rewrite(json => json["sites"]![0]!["hypotheses"]!.AsArray().Single(h => (string)h!["id"]! == seen.Id)!["kappa"] = 0.125);

        var export = _home.Reviews.Export(_home.Sweep);

        var review = Assert.Single(export.Reviews);
        Assert.Equal((seen.Verdict, seen.Kappa), (review.VerdictSeen, review.KappaSeen));
        var json = JsonNode.Parse(export.ToJson())!["reviews"]![0]!;
        Assert.Equal(("confirmed", seen.Kappa), ((string?)json["verdict_seen"], (double?)json["kappa_seen"]));
        var lines = export.ToCsv().Split('\n');
        Assert.EndsWith(",verdict_seen,kappa_seen", lines[0], StringComparison.Ordinal);
        Assert.EndsWith(FormattableString.Invariant($",confirmed,{seen.Kappa:R}"), lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_kept_is_refused()
    {
        var id = _home.Hypothesis().Id;
        var text = _home.Hypothesis().Samples[0].Reference;
        foreach (var refused in new Action[]
        {
            () => _home.Reviews.Add(_home.Sweep, "none", ReviewVerdict.Accept, "A", "", 0),
            () => _home.Reviews.Add("none", id, ReviewVerdict.Accept, "A", "", 0),
            () => _home.Reviews.Add(_home.Sweep, id, ReviewVerdict.Accept, " ", "", 0),
            () => _home.Reviews.Add(_home.Sweep, id, ReviewVerdict.Accept, "A\nB", "", 0),
            () => _home.Reviews.Add(_home.Sweep, id, ReviewVerdict.Accept, new string('A', 201), "", 0),
            () => _home.Reviews.Add(_home.Sweep, id, ReviewVerdict.Accept, "A", new string('c', 10_001), 0),
            () => _home.Reviews.Add(_home.Sweep, id, (ReviewVerdict)9, "A", "", 0),
            () => _home.Reviews.Correct(_home.Sweep, id, "no text of the site", "1", "A", ""),
            () => _home.Reviews.Correct(_home.Sweep, id, text, new string('1', 1_001), "A", ""),
            () => _home.Reviews.Correct(_home.Sweep, "none", text, "1", "A", ""),
            () => _home.Reviews.SecondNumbers(_home.Sweep, "none"),
        })
        {
            Assert.Throws<BadInputException>(refused);
        }

        Assert.Empty(_home.Workspace.Store.Reviews.All());
        Assert.Empty(_home.Workspace.Store.Reviews.Corrections(_home.Sweep));
    }

    private static ReviewState StateOf(ReviewItem item) =>
        item.Last is not null ? ReviewState.Reviewed : item.QueuedBecause.Count > 0 ? ReviewState.Waiting : ReviewState.Unreviewed;

    private IEnumerable<(string, string)> Ids(ReviewFilter filter) => _home.Reviews.Queue(filter).Items.Select(i => (i.Sweep, i.Hypothesis.Id));

    private void Verdict(string verdict, double kappa) => _home.Rewrite(json =>
    {
        var planted = json["sites"]!.AsArray().SelectMany(s => s!["hypotheses"]!.AsArray()).Single(h => (string)h!["id"]! == _home.Hypothesis().Id)!;
        (planted["verdict"], planted["kappa"]) = (verdict, kappa);
        json["summary"]!["needs_a_person"] = new System.Text.Json.Nodes.JsonArray();
    });

    private void Queue(string hypothesis, string why) => _home.Rewrite(json => json["summary"]!["needs_a_person"] = new System.Text.Json.Nodes.JsonArray(
        System.Text.Json.JsonSerializer.SerializeToNode(
            new AttentionRecord(Enum.GetValues<AttentionReason>()[0], ReviewedHome.Planted, hypothesis, why), ReportJson.Options)));
}
