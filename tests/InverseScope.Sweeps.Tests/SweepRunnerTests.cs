using System.Text.Json.Nodes;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Samples;
using InverseScope.Sweeps.Stages;
using InverseScope.Sweeps.Store;
using InverseScope.Testing;
using Microsoft.Extensions.Time.Testing;

namespace InverseScope.Sweeps.Tests;

public sealed class SweepRunnerTests : IDisposable
{
    private const string Carry = """
        schema: inversescope/feature-spec/v1
        id: addition.carry-tens
        title: Carry out of the tens
        rule: [ { sum: [ [ chars, { nth: 1 }, int ], [ chars, { nth: 5 }, int ] ] }, { ge: 10 } ]
        """;

    private static readonly Dictionary<string, Func<string, string?>> Planted = new()
    {
        ["L0H0@last"] = text => text[1] + text[5] - 2 * '0' >= 10 ? "true" : "false",
    };

    // Something else than what is asked for: with activations that are all different, nothing would lie near.
    private static readonly Dictionary<string, Func<string, string?>> Untrained = new()
    {
        ["L0H0@last"] = text => text[..1],
        ["L0H1@last"] = text => text[..1],
    };

    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.Parse("2030-01-01T00:00:00Z", System.Globalization.CultureInfo.InvariantCulture));

    [Fact]
    public void A_planted_feature_is_confirmed_and_a_null_site_confirms_nothing()
    {
        var (sweep, report) = Run(Plan(), Planted);
        Assert.Equal((SweepState.Finished, "finished"), (sweep.State, sweep.StopReason));
        var planted = Assert.Single(report.Sites[0].Hypotheses);
        Assert.Equal(HypothesisVerdict.Confirmed, planted.Verdict);
        Assert.Equal(("Carry out of the tens", HypothesisAuthor.Person), (planted.Title, planted.Author));
        Assert.True(planted.Kappa > 0.95);
        Assert.True(planted.PassesFdr);
        Assert.All(planted.Controls, c => Assert.True(c.AsExpected, c.Name));
        Assert.Equal(SiteVerdict.Explained, report.Sites[0].Verdict);
        var causal = planted.Causal!;
        Assert.Equal((40, 2, 0.0, 3.0, 3.0), (causal.References, causal.Donors, causal.KlSharing, causal.KlOther, causal.KlDifference));
        Assert.Equal((0.9, 0.9, 0.1), (causal.AnswerProbability!.Value, causal.AnswerProbabilitySharing!.Value, causal.AnswerProbabilityOther!.Value), Near);
        Assert.Null(report.Sites[1].Hypotheses[0].Causal);
        var none = Assert.Single(report.Sites[1].Hypotheses);
        Assert.NotEqual(HypothesisVerdict.Confirmed, none.Verdict);
    }

    [Fact]
    public void The_samples_of_every_site_are_there_once_it_is_committed()
    {
        var (sweep, report) = Run(Plan() with { Search = true }, Planted);
        foreach (var site in report.Sites)
        {
            var kept = KeptSiteFile.Read(KeptSiteFile.PathOf(Home.Sweep(sweep.Id), site.Site));
            Assert.Equal((site.Site, site.References.Confirm), (kept.Site, (long?)kept.References.Count));
            Assert.NotEmpty(site.Hypotheses);
            foreach (var hypothesis in site.Hypotheses)
            {
                var labels = kept.Labels[hypothesis.SpecHash];
                Assert.All(hypothesis.Samples.SelectMany(e => e.Samples), s => Assert.Equal(s.Label, labels.LabelOf(kept.IdOf(s.Text)!.Value)));
                Assert.Equal(hypothesis.Kappa ?? -9, CorrectedNumbers.Measure(kept, labels, hypothesis.SpecHash, new Dictionary<string, string?>()).Kappa ?? -9, 1e-5);
            }
        }
    }

    [Fact]
    public void The_causal_check_can_be_left_out()
    {
        var (_, report) = Run(Plan() with { CausalReferences = 0 }, Planted);
        var planted = report.Sites[0].Hypotheses[0];
        Assert.Equal(HypothesisVerdict.Confirmed, planted.Verdict);
        Assert.Null(planted.Causal);
    }

    private static bool Near((double A, double B, double C) x, (double A, double B, double C) y) =>
        Math.Abs(x.A - y.A) + Math.Abs(x.B - y.B) + Math.Abs(x.C - y.C) < 1e-9;

    [Fact]
    public void The_search_finds_the_planted_feature_by_itself()
    {
        var (_, report) = Run(Plan() with { SpecFiles = [], Search = true }, Planted);
        var best = report.Sites[0].Hypotheses[0];
        Assert.Equal((HypothesisVerdict.Confirmed, HypothesisAuthor.Symbolic), (best.Verdict, best.Author));
        Assert.True(best.Kappa > 0.95, $"{best.Title}: {best.Kappa}");
        Assert.DoesNotContain(report.Sites[1].Hypotheses, h => h.Verdict == HypothesisVerdict.Confirmed);
    }

    [Fact]
    public void A_sweep_broken_off_anywhere_resumes_to_the_same_report()
    {
        var plan = Plan() with { Search = true };
        var whole = Comparable(Run(plan, Planted).Report);
        foreach (var breakAt in new[] { 1, 2 })
        {
            var calls = 0;
            var (stopped, _) = Run(plan, Planted, _ =>
            {
                if (calls++ == breakAt)
                    throw new OperationCanceledException();
            });
            Assert.Equal((SweepState.Stopped, "user"), (stopped.State, stopped.StopReason));
            var (resumed, report) = Resume(stopped.Id, Planted);
            Assert.Equal(SweepState.Finished, resumed.State);
            Assert.Equal(whole, Comparable(report).Replace(stopped.Id, "addition-001", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_fault_at_one_site_is_told_and_tried_again_on_resume()
    {
        var (sweep, report) = Run(Plan(), Planted, site =>
        {
            if (site.ToString() == "L0H0@last")
                throw new InvalidOperationException("no luck");
        });
        Assert.Equal(SweepState.Finished, sweep.State);
        Assert.Equal(SiteStatus.Failed, report.Sites[0].Status);
        Assert.Contains("no luck", report.Sites[0].VerdictReason, StringComparison.Ordinal);
        Assert.Equal(SiteStatus.Done, report.Sites[1].Status);
        Assert.Equal(SiteStatus.Done, Resume(sweep.Id, Planted).Report.Sites[0].Status);
    }

    [Fact]
    public void A_spent_budget_stops_with_what_is_there()
    {
        var (sweep, report) = Run(Plan() with { BudgetMinutes = 1 }, Planted, _ => _clock.Advance(TimeSpan.FromMinutes(2)));
        Assert.Equal((SweepState.Stopped, "budget"), (sweep.State, sweep.StopReason));
        Assert.Equal([SiteStatus.Done, SiteStatus.Skipped], report.Sites.Select(s => s.Status));
    }

    [Fact]
    public void A_sweep_whose_budget_was_spent_goes_on_when_it_is_resumed()
    {
        var (stopped, _) = Run(Plan() with { BudgetMinutes = 1 }, Planted, _ => _clock.Advance(TimeSpan.FromMinutes(2)));
        Assert.Equal("budget", stopped.StopReason);
        var (resumed, report) = Resume(stopped.Id, Planted);
        Assert.Equal((SweepState.Finished, "finished"), (resumed.State, resumed.StopReason));
        Assert.All(report.Sites, s => Assert.Equal(SiteStatus.Done, s.Status));
    }

    [Fact]
    public void A_sweep_that_runs_reports_what_is_committed_but_not_all_the_time()
    {
        var seen = new List<(SweepState State, DateTimeOffset? Finished, Correction Correction, int Done, int Queued)>();
        var written = new List<DateTime>();
        var file = Path.Combine(Home.Sweep("addition-001"), "report.json");
        Run(Plan() with { Sites = ["L0H0", "L0H1", "L1H0", "L1H1"] }, Planted, _ =>
        {
            _clock.Advance(TimeSpan.FromSeconds(15));
            if (!File.Exists(file) || (written.Count > 0 && written[^1] == File.GetLastWriteTimeUtc(file)))
                return;
            written.Add(File.GetLastWriteTimeUtc(file));
            var report = ReportJson.Read(file, File.ReadAllText(file));
            seen.Add((report.Sweep.State, report.Sweep.Finished, report.Sweep.Options.Correction, report.Summary.Sites.Done, report.Summary.Sites.Queued));
        });

        // Each site takes 15 s of the 20 s between two.
        Assert.Equal([(SweepState.Running, null, Correction.Online, 2, 2)], seen);
        Assert.Equal(SweepState.Finished, ReportJson.Read(file, File.ReadAllText(file)).Sweep.State);
    }

    [Fact]
    public void A_sweep_that_a_user_stops_reports_what_it_has_and_one_that_shall_go_on_stays_running()
    {
        using var source = new CancellationTokenSource();
        var file = Path.Combine(Home.Sweep("addition-001"), "report.html");
        using (var store = SweepStore.Open(Home.Store))
        {
            var runner = Runner(store, Planted, site =>
            {
                if (site.ToString() == "L0H1@last")
                    source.Cancel();
            });
            var id = runner.Begin(Plan(), "test").Id;
            var parked = runner.Run(id, null, source.Token, () => null);
            Assert.Equal((SweepState.Running, null, null), (parked.State, parked.StopReason, parked.Finished));
            Assert.False(File.Exists(file));
            Assert.Equal(SweepState.Running, store.Sweep(id).State);
            var stopped = runner.Run(id, null, source.Token);
            Assert.Equal((SweepState.Stopped, "user"), (stopped.State, stopped.StopReason));
        }

        Assert.True(File.Exists(file));
        var progress = SweepProgress.Find(Home, "addition-001")!;
        Assert.Equal((SweepState.Stopped, 1, 2), (progress.State, progress.SitesDone, progress.Sites));
        Assert.True(progress.Samples > 0);
    }

    [Fact]
    public void A_damaged_progress_file_hides_no_other_sweep()
    {
        Run(Plan(), Planted);
        Run(Plan(), Planted);
        File.WriteAllText(Path.Combine(Home.Sweep("addition-001"), "progress.json"), "{");
        var all = SweepProgress.ReadAll(Home).ToDictionary(p => p.Id);
        Assert.Equal(["addition-001", "addition-002"], all.Keys.Order());
        Assert.Contains("cannot be read", all["addition-001"].Stage, StringComparison.Ordinal);
    }

    [Fact]
    public void A_site_where_nothing_could_be_decided_is_not_said_to_encode_nothing()
    {
        var (_, report) = Run(Plan() with { ConfirmReferences = 20 }, new() { ["L0H0@last"] = text => text[5..6] });
        Assert.Equal(HypothesisVerdict.Undecided, Assert.Single(report.Sites[0].Hypotheses).Verdict);
        Assert.Equal(SiteVerdict.Undecided, report.Sites[0].Verdict);
        Assert.Equal(1, report.Summary.Sites.Undecided);
    }

    [Fact]
    public void Another_process_can_ask_it_to_stop_and_read_its_progress()
    {
        var (sweep, _) = Run(Plan(), Planted, _ => SweepProgress.AskToStop(Home, "addition-001"));
        Assert.Equal((SweepState.Stopped, "user"), (sweep.State, sweep.StopReason));
        var progress = Assert.Single(SweepProgress.ReadAll(Home));
        Assert.Equal((sweep.Id, SweepState.Stopped, 1, 2), (progress.Id, progress.State, progress.SitesDone, progress.Sites));
    }

    [Fact]
    public void Later_edits_of_a_spec_file_do_not_reach_a_sweep_that_began()
    {
        var plan = Plan();
        using var store = SweepStore.Open(Home.Store);
        var id = Runner(store, Planted, null).Begin(plan, "test").Id;
        File.WriteAllText(plan.SpecFiles[0], "broken");
        var done = Runner(store, Planted, null).Run(id, null, default);
        Assert.Equal(SweepState.Finished, done.State);
    }

    [Fact]
    public void The_same_partition_twice_is_told_as_such()
    {
        var plan = Plan();
        File.WriteAllText(_folder["again.yaml"], Carry.Replace("carry-tens", "again").Replace("title: Carry", "title: The carry").Replace("ge: 10", "gt: 9"));
        var (_, report) = Run(plan with { SpecFiles = [.. plan.SpecFiles, _folder["again.yaml"]] }, Planted);
        Assert.Equal(HypothesisVerdict.Degenerate, report.Sites[0].Hypotheses[1].Verdict);
        Assert.Contains("Carry out of the tens", report.Sites[0].Hypotheses[1].VerdictReason, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_that_a_script_fails_to_give_are_counted_as_failed_and_widen_the_bounds()
    {
        File.WriteAllText(_folder["script.yaml"], """
            schema: inversescope/feature-spec/v1
            id: s
            script:
              source: |
                function label(x) { while (x[6] === '7') {} return x[0]; }
              max_failures: 0.5
            """);
        var (_, report) = Run(Plan() with { SpecFiles = [_folder["script.yaml"]] }, new() { ["L0H0@last"] = text => text[..1] });
        var script = report.Sites[0].Hypotheses[0];
        Assert.True(script.Counts.Failed > 50, $"{script.Counts}");
        Assert.Equal(0, script.Counts.Undefined);
        Assert.True(script.Bounds!.Value.Lower < script.Fcr && script.Fcr <= script.Bounds.Value.Upper, $"{script.Bounds} {script.Fcr}");
        Assert.True(script.Kappa > 0.9);
    }

    [Fact]
    public void Specs_of_a_sweep_may_speak_of_the_targets_tokens_and_are_planted_with_them()
    {
        File.WriteAllText(_folder["tokens.yaml"], "schema: inversescope/feature-spec/v1\nid: t\nrule: [ tokens, first ]\n");
        var (_, report) = Run(Plan() with { SpecFiles = [_folder["tokens.yaml"]], KnownSites = 1 }, new() { ["L0H0@last"] = text => text[..1] });
        Assert.Equal(HypothesisVerdict.Confirmed, report.Sites[0].Hypotheses[0].Verdict);
        Assert.Equal([KnownSiteResult.Found, KnownSiteResult.Quiet], report.KnownSites!.Select(s => s.Result));
    }

    [Fact]
    public void A_script_that_fails_on_the_prior_is_refused_before_anything_is_stored()
    {
        File.WriteAllText(_folder["script.yaml"], "schema: inversescope/feature-spec/v1\nid: s\nscript: |\n  function label(x) { while (true) {} }\n");
        var error = Assert.Throws<BadInputException>(() => Run(Plan() with { SpecFiles = [_folder["script.yaml"]] }, Planted));
        Assert.Contains("script.yaml", error.Message, StringComparison.Ordinal);
        Assert.Contains("fails on more than 1 % of the texts", error.Message, StringComparison.Ordinal);
        using var store = SweepStore.Open(Home.Store);
        Assert.Empty(store.Sweeps());
    }

    [Fact]
    public void Unknown_sites_and_tasks_are_refused_before_anything_is_stored()
    {
        Assert.Throws<BadInputException>(() => Run(Plan() with { Task = "subtraction" }, Planted));
        Assert.Throws<BadInputException>(() => Run(Plan() with { Sites = ["L7H0"] }, Planted));
        Assert.Throws<BadInputException>(() => Run(Plan() with { Sites = ["L0H0@nowhere"] }, Planted));
        using var store = SweepStore.Open(Home.Store);
        Assert.Empty(store.Sweeps());
    }

    [Fact]
    public void A_target_with_random_weights_is_a_control_of_every_hypothesis()
    {
        var (_, report) = Run(Plan() with { RandomWeightControl = true }, Planted);
        var control = Assert.Single(report.Sites[0].Hypotheses[0].Controls, c => c.Name == "random-weight target");
        Assert.Equal(true, control.AsExpected);
        Assert.Equal(0, control.Kappa!.Value, 0.1);
    }

    [Fact]
    public void Sites_whose_truth_is_known_go_through_the_same_sweep()
    {
        var (_, report) = Run(Plan() with { Search = true, KnownSites = 2 }, Planted);
        Assert.Equal(
            [KnownSiteResult.Found, KnownSiteResult.Found, KnownSiteResult.Quiet, KnownSiteResult.Quiet],
            report.KnownSites!.Select(s => s.Result));
        Assert.All(report.KnownSites!, s => Assert.NotNull(s.Kappa));
        Assert.All(report.KnownSites!.Skip(2), s => Assert.True(s.Tested >= 2, "the planted features are tested at null sites too"));
    }

    [Fact]
    public void Without_a_search_the_specs_of_people_are_what_is_planted()
    {
        var (_, report) = Run(Plan() with { KnownSites = 2 }, Planted);
        Assert.Equal([KnownSiteResult.Found, KnownSiteResult.Quiet, KnownSiteResult.Quiet], report.KnownSites!.Select(s => s.Result));
        Assert.Equal("Carry out of the tens", report.KnownSites![0].Planted);
    }

    [Fact]
    public void A_sweep_that_ends_early_says_that_it_was_corrected_online()
    {
        Assert.Equal(Correction.EBenjaminiHochberg, Run(Plan(), Planted).Report.Sweep.Options.Correction);
        var (_, report) = Run(Plan() with { BudgetMinutes = 1 }, Planted, _ => _clock.Advance(TimeSpan.FromMinutes(2)));
        Assert.Equal(Correction.Online, report.Sweep.Options.Correction);
    }

    [Fact]
    public void An_interim_report_that_cannot_be_made_is_told_and_ends_nothing()
    {
        using var store = SweepStore.Open(Home.Store);
        StoredStep? missing = null;
        var runner = Runner(store, Planted, site =>
        {
            _clock.Advance(TimeSpan.FromMinutes(1));
            // What the report reads of the first site is not there while the second is worked on.
            if (site.ToString() == "L0H1@last" && missing is null)
            {
                missing = store.Steps("addition-001").Single(s => s.Site == "L0H0@last" && s.Stage.StartsWith("confirm", StringComparison.Ordinal));
                store.Commit(new StoredStep { Sweep = missing.Sweep, Site = missing.Site, Stage = missing.Stage, Key = "another" }, []);
            }
            else if (site.ToString() == "L1H0@last")
            {
                store.Commit(missing!, []);
            }
        });
        var (sweep, report) = Finish(runner.Run(runner.Begin(Plan() with { Sites = ["L0H0", "L0H1", "L1H0"] }, "test").Id, null, default));
        Assert.Equal(SweepState.Finished, sweep.State);
        Assert.All(report.Sites, s => Assert.Equal(SiteStatus.Done, s.Status));
        var told = Assert.Single(store.LogOf("addition-001"), l => l.Step == "failed");
        Assert.Equal("interim report", told.Site);
    }

    [Fact]
    public void Proposals_are_made_before_any_confirm_reference_is_sampled_and_from_others()
    {
        var sampled = new List<(string Stream, IReadOnlyList<string> References)>();
        Run(Plan() with { Search = true }, Planted, afterSampling: (stream, references) => sampled.Add((stream, references)));
        Assert.Equal(["explore", "confirm", "explore", "confirm"], sampled.Select(s => s.Stream));
        var explored = sampled.Where(s => s.Stream == "explore").SelectMany(s => s.References).ToHashSet();
        Assert.DoesNotContain(sampled.Where(s => s.Stream == "confirm").SelectMany(s => s.References), explored.Contains);
    }

    [Fact]
    public void Sites_that_are_worked_on_at_the_same_time_come_to_the_same_numbers()
    {
        var plan = Plan() with { Sites = ["L*H*"], Search = true };
        var alone = Run(plan, Planted).Report;
        using var store = SweepStore.Open(Home.Store);
        var runner = Runner(store, Planted, null);
        using var met = new Barrier(2);
        var dispatch = new Threads(store, 2) { Before = site => Meet(site, met) };
        var id = runner.Begin(plan, "inversescope sweep run plan.yaml").Id;
        var (sweep, report) = Finish(runner.Run(id, null, default, null, new SweepRunOptions { Dispatch = dispatch, Fence = store.TakeOver(id) }));
        Assert.Equal(SweepState.Finished, sweep.State);
        Assert.Equal(Comparable(alone), Comparable(report with { Sweep = report.Sweep with { Id = alone.Sweep.Id } }));
        Assert.Equal(4, dispatch.Begun);

        // The first two do not begin before both are there.
        static void Meet(string site, Barrier met)
        {
            if (site is "L0H0@last" or "L0H1@last")
                Assert.True(met.SignalAndWait(TimeSpan.FromSeconds(60)));
        }
    }

    [Fact]
    public void More_sites_are_begun_when_there_is_room_though_none_has_ended()
    {
        using var store = SweepStore.Open(Home.Store);
        using var second = new ManualResetEventSlim();
        var dispatch = new Threads(store, 1);
        dispatch.Before = site =>
        {
            if (site != "L0H0@last")
            {
                second.Set();
                return;
            }

            dispatch.Most = 2;
            for (var tries = 0; !second.Wait(TimeSpan.FromMilliseconds(20)); tries++)
            {
                Assert.True(tries < 3000);
                _clock.Advance(TimeSpan.FromSeconds(1));
            }
        };
        var runner = Runner(store, Planted, null);
        var id = runner.Begin(Plan() with { Sites = ["L*H*"] }, "inversescope sweep run plan.yaml").Id;
        var (sweep, _) = Finish(runner.Run(id, null, default, null, new SweepRunOptions { Dispatch = dispatch }));
        Assert.Equal((SweepState.Finished, 4), (sweep.State, dispatch.Begun));
    }

    [Fact]
    public void What_fails_at_one_of_many_sites_ends_none_of_the_others()
    {
        using var store = SweepStore.Open(Home.Store);
        var runner = Runner(store, Planted, site => _ = site.ToString() == "L0H1@last" ? throw new InvalidOperationException("broken") : 0);
        var id = runner.Begin(Plan() with { Sites = ["L*H*"] }, "inversescope sweep run plan.yaml").Id;
        var (sweep, report) = Finish(runner.Run(id, null, default, null, new SweepRunOptions { Dispatch = new Threads(store, 3) }));
        Assert.Equal(SweepState.Finished, sweep.State);
        Assert.Equal(
            [SiteStatus.Done, SiteStatus.Failed, SiteStatus.Done, SiteStatus.Done], report.Sites.OrderBy(s => s.Site, StringComparer.Ordinal).Select(s => s.Status));
    }

    [Fact]
    public void A_site_that_waited_for_a_language_model_is_taken_up_when_those_beside_it_are_done()
    {
        using var store = SweepStore.Open(Home.Store);
        using var refused = new ManualResetEventSlim();
        var id = "";
        var runner = Runner(store, Planted, site =>
        {
            if (site.ToString() == "L0H1@last")
            {
                Assert.True(refused.Wait(TimeSpan.FromSeconds(60)));
            }
            else if (!store.Steps(id).Any(s => s.Site == "L0H1@last" && s.Stage.StartsWith("confirm", StringComparison.Ordinal)))
            {
                refused.Set();
                throw new SiteParkedException("nobody answers");
            }
        });
        id = runner.Begin(Plan(), "inversescope sweep run plan.yaml").Id;
        var (sweep, report) = Finish(runner.Run(id, null, default, null, new SweepRunOptions { Dispatch = new Threads(store, 2) }));
        Assert.Equal(SweepState.Finished, sweep.State);
        Assert.All(report.Sites, s => Assert.Equal(SiteStatus.Done, s.Status));
    }

    [Theory]
    [InlineData(true, SweepState.Running)]
    [InlineData(false, SweepState.Failed)]
    public void While_the_store_is_away_a_sweep_that_others_can_take_up_is_left_to_them(bool isShared, SweepState state)
    {
        using var store = SweepStore.Open(Home.Store);
        var runner = Runner(store, Planted, _ => throw new StoreAwayException("away"));
        var id = runner.Begin(Plan(), "inversescope sweep run plan.yaml").Id;
        Assert.Throws<StoreAwayException>(() => runner.Run(id, null, default, null, new SweepRunOptions { Fence = isShared ? store.TakeOver(id) : null }));
        Assert.Equal(state, store.Sweep(id).State);
    }

    [Fact]
    public void A_run_whose_sweep_another_took_over_writes_nothing_more()
    {
        using var store = SweepStore.Open(Home.Store);
        var id = "";
        var runner = Runner(store, Planted, site =>
        {
            if (site.ToString() == "L0H1@last")
                store.TakeOver(id);
        });
        id = runner.Begin(Plan(), "inversescope sweep run plan.yaml").Id;
        Assert.Throws<FencedException>(() => runner.Run(id, null, default, null, new SweepRunOptions { Fence = store.TakeOver(id) }));
        Assert.Equal(SweepState.Running, store.Sweep(id).State);
        Assert.DoesNotContain(store.Steps(id), s => s.Site == "L0H1@last" && s.Stage.StartsWith("confirm", StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(Home.Sweep(id), "report.md")));
    }

    [Fact]
    public void A_run_whose_sweep_another_took_over_writes_no_report_over_the_others()
    {
        using var store = SweepStore.Open(Home.Store);
        var runner = Runner(store, Planted, _ => _clock.Advance(TimeSpan.FromMinutes(1)));
        var id = runner.Begin(Plan(), "inversescope sweep run plan.yaml").Id;
        var others = Path.Combine(Home.Sweep(id), "report.json");
        var dispatch = new Threads(store, 1)
        {
            Before = site =>
            {
                if (site != "L0H1@last")
                    return;
                Assert.True(File.Exists(others));
                store.TakeOver(id);
                File.WriteAllText(others, "the final report");
            },
        };

        // The site itself is its own until somebody takes that over, too.
        Assert.Throws<FencedException>(() => runner.Run(id, null, default, null, new SweepRunOptions { Dispatch = dispatch, Fence = store.TakeOver(id) }));
        Assert.Contains(store.Steps(id), s => s.Site == "L0H1@last" && s.Stage.StartsWith("confirm", StringComparison.Ordinal));
        Assert.Equal("the final report", File.ReadAllText(others));
    }

    [Fact]
    public void A_site_that_another_took_over_ends_the_run_that_lost_it()
    {
        using var store = SweepStore.Open(Home.Store);
        var runner = Runner(store, Planted, site => store.TakeOver(site.ToString()));
        var id = runner.Begin(Plan(), "inversescope sweep run plan.yaml").Id;
        Assert.Throws<FencedException>(() => runner.Run(id, null, default, null, new SweepRunOptions { Dispatch = new Threads(store, 2) }));
        Assert.DoesNotContain(store.Steps(id), s => s.Stage.StartsWith("confirm", StringComparison.Ordinal));
    }

    [Fact]
    public void Seconds_are_those_of_all_runs_however_each_ended()
    {
        using var store = SweepStore.Open(Home.Store);
        using var parks = new CancellationTokenSource();
        var (worked, run) = (0, 0);
        void Work(int seconds)
        {
            worked += seconds;
            _clock.Advance(TimeSpan.FromSeconds(seconds));
        }

        var runner = Runner(store, Planted, _ =>
        {
            Work(7);
            if (run == 1)
                parks.Cancel();
            else if (run == 2)
                throw new OutsideServiceException("The disk is full.");
        });
        var id = runner.Begin(Plan(), "test").Id;
        var told = new List<double>();
        void Told()
        {
            told.Add(store.Sweep(id).WorkSeconds);
            Assert.Equal(worked, told[^1]);
            // Nobody works on it meanwhile.
            _clock.Advance(TimeSpan.FromHours(1));
            run++;
        }

        Told();
        Assert.Equal(SweepState.Running, runner.Run(id, null, parks.Token, () => null).State);
        Told();
        Assert.Throws<OutsideServiceException>(() => runner.Run(id, null, default));
        Told();
        Assert.Throws<InvalidTimeZoneException>(() => runner.Run(id, new Telling(_ =>
        {
            Work(5);
            throw new InvalidTimeZoneException("nobody thought of this");
        }), default));
        Told();
        var (sweep, report) = Finish(runner.Run(id, null, default));
        Told();
        Assert.Equal([0, 7, 14, 19, 33], told);
        Assert.Equal((33, 33.0), (sweep.WorkSeconds, report.Sweep.Cost.WallSeconds));
    }

    [Fact]
    public void Of_a_run_that_ends_without_a_word_all_but_the_last_interval_counts()
    {
        using var store = SweepStore.Open(Home.Store);
        var (id, dies) = ("", true);
        var counted = 0.0;
        var runner = Runner(store, Planted, _ =>
        {
            _clock.Advance(TimeSpan.FromSeconds(50));
            if (!dies)
                return;
            counted = store.Sweep(id).WorkSeconds;
            store.TakeOver(id);
            _clock.Advance(TimeSpan.FromSeconds(50));
        });
        id = runner.Begin(Plan(), "test").Id;
        Assert.Throws<FencedException>(() => runner.Run(id, null, default, null, new SweepRunOptions { Fence = store.TakeOver(id) }));
        Assert.InRange(counted, 50 - WorkTime.Interval.TotalSeconds, 50);
        // What it worked after another took over is in vain.
        Assert.Equal(counted, store.Sweep(id).WorkSeconds);

        dies = false;
        var (sweep, report) = Finish(runner.Run(id, null, default, null, new SweepRunOptions { Fence = store.TakeOver(id) }));
        Assert.Equal((counted + 100, counted), (sweep.WorkSeconds, sweep.EarlierSeconds));
        Assert.Equal(counted + 100, report.Sweep.Cost.WallSeconds);
        Assert.Equal(counted + 100, store.Sweep(id).WorkSeconds);
    }

    [Fact]
    public void A_store_that_cannot_be_told_of_time_ends_nothing_and_nothing_is_told_after_the_end()
    {
        var store = SweepStore.Open(Home.Store);
        var sweep = store.Begin(new StoredSweep { Name = "addition", EarlierSeconds = 3 });
        using (var time = new WorkTime(store, sweep, null, _clock, _clock.GetTimestamp()))
        {
            _clock.Advance(WorkTime.Interval);
            Assert.Equal(23, store.Sweep(sweep.Id).WorkSeconds);
        }

        _clock.Advance(WorkTime.Interval);
        Assert.Equal(23, store.Sweep(sweep.Id).WorkSeconds);
        using var untold = new WorkTime(store, sweep, null, _clock, _clock.GetTimestamp());
        store.Dispose();
        _clock.Advance(WorkTime.Interval);
        Assert.Equal(23, untold.Seconds);
    }

    public void Dispose() => _folder.Dispose();

    private sealed class Telling(Action<WorkProgress> tell) : IProgress<WorkProgress>
    {
        public void Report(WorkProgress value) => tell(value);
    }

    private sealed class Threads(SweepStore store, int atOnce) : ISiteDispatch
    {
        private int _begun;

        public int Most { get; set; } = atOnce;

        public int AtOnce(bool asks) => Most;

        public int Begun => _begun;

        public Action<string> Before { get; set; } = _ => { };

        public Task<SiteOutcome> Run(string sweep, string site, Func<StoreFence, CancellationToken, SiteOutcome> work, CancellationToken cancel) => Task.Factory.StartNew(
            () =>
            {
                Interlocked.Increment(ref _begun);
                var fence = store.TakeOver(site);
                Before(site);
                return work(fence, cancel);
            },
            cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private Home Home => new(_folder["home"]);

    private SweepPlan Plan()
    {
        File.WriteAllText(_folder["carry.yaml"], Carry);
        return new SweepPlan
        {
            Name = "addition",
            Model = "planted",
            Task = "addition",
            Sites = ["L0H0", "L0H1"],
            Measurement = new MeasurementOptions { Distance = DistanceKind.Euclidean, Kernel = KernelKind.Threshold, Epsilon = 0.6, BankSize = 2000 },
            ExploreReferences = 80,
            ConfirmReferences = 80,
            SpecFiles = [_folder["carry.yaml"]],
            Search = false,
            RandomWeightControl = false,
            KnownSites = 0,
        };
    }

    private (StoredSweep Sweep, ReportDocument Report) Run(
        SweepPlan plan, Dictionary<string, Func<string, string?>> planted, Action<Site>? beforeSampling = null,
        Action<string, IReadOnlyList<string>>? afterSampling = null)
    {
        using var store = SweepStore.Open(Home.Store);
        var runner = Runner(store, planted, beforeSampling, afterSampling);
        return Finish(runner.Run(runner.Begin(plan, "inversescope sweep run plan.yaml").Id, null, default));
    }

    private (StoredSweep Sweep, ReportDocument Report) Resume(string id, Dictionary<string, Func<string, string?>> planted)
    {
        using var store = SweepStore.Open(Home.Store);
        return Finish(Runner(store, planted, null).Run(id, null, default));
    }

    private (StoredSweep, ReportDocument) Finish(StoredSweep sweep)
    {
        var file = Path.Combine(Home.Sweep(sweep.Id), "report.json");
        return (sweep, File.Exists(file) ? ReportJson.Read(file, File.ReadAllText(file)) : null!);
    }

    private SweepRunner Runner(
        SweepStore store, Dictionary<string, Func<string, string?>> planted, Action<Site>? beforeSampling,
        Action<string, IReadOnlyList<string>>? afterSampling = null) =>
        new(Home, store, (_, weights, task, options, seed) => new PlantedBackend(task, options, seed, weights == TargetWeights.Trained ? planted : Untrained)
        {
            BeforeSampling = beforeSampling,
            AfterSampling = afterSampling,
        }, _ => new TargetOutline(new TargetDescription("planted", "planted", "0000", 2, 2, 16, 32, 100, 64), text => [.. text.Select(c => c.ToString())]), new TaskCatalog(), _clock, "test", _ => throw new InvalidOperationException("no language model is wanted"));

    // What may differ between two runs with one seed: times and memory.
    private static string Comparable(ReportDocument report)
    {
        var json = (JsonObject)JsonNode.Parse(ReportJson.Write(report))!;
        json["sweep"]!["cost"]!["peak_memory_bytes"] = null;
        return json.ToJsonString();
    }
}
