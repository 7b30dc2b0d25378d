using InverseScope.Sweeps.Store;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Store;

public sealed class ReviewStoreTests() : ReviewStoreContract(new FilePlace());

public sealed class PostgresReviewStoreTests(PostgresServer server) : ReviewStoreContract(new PostgresPlace(server));

public abstract class ReviewStoreContract(StorePlace place) : IDisposable
{
    public void Dispose()
    {
        place.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void Reviews_stay_in_order_across_processes_and_are_found_by_exact_names()
    {
        using (var store = place.Open())
        {
            Assert.True(store.Reviews.TryAdd(Review("a-001", "L0H0@last/1", ReviewVerdict.Reject), 0));
            Assert.True(store.Reviews.TryAdd(Review("A-001", "L0H0@last/1", ReviewVerdict.SpecWrong), 0));
            Assert.True(store.Reviews.TryAdd(Review("a-001", "l0h0@last/1", ReviewVerdict.NeedsMore), 0));
            store.Reviews.Add(new StoredCorrection { Sweep = "a-001", SpecHash = "s", Text = " <b>\r\n", Label = null, Author = "B" });
            store.Reviews.Add(new StoredCorrection { Sweep = "a-001", SpecHash = "S", Text = "t", Label = " ", Author = "B" });
        }

        using var again = place.Open();
        var first = Assert.Single(again.Reviews.Of("a-001", "L0H0@last/1"));
        Assert.True(again.Reviews.TryAdd(Review("a-001", "L0H0@last/1", ReviewVerdict.Accept), first.Id));
        var history = again.Reviews.Of("a-001", "L0H0@last/1");
        Assert.Equal([ReviewVerdict.Reject, ReviewVerdict.Accept], history.Select(r => r.Verdict));
        Assert.True(history[0].Id < history[1].Id);
        Assert.Equal(["because <i>"], history[0].QueuedBecause);
        Assert.Equal(3, again.Reviews.Of("a-001").Count);
        Assert.Equal(4, again.Reviews.All().Count);
        Assert.Equal([(" <b>\r\n", null), ("t", " ")], again.Reviews.Corrections("a-001").Select(c => (c.Text, c.Label)));
        Assert.Equal("t", Assert.Single(again.Reviews.Corrections("a-001", "S")).Text);
        Assert.Empty(again.Reviews.Corrections("A-001"));
    }

    [Fact]
    public async Task Of_many_who_saw_the_same_one_only_is_added()
    {
        using var store = place.Open();
        var added = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => store.Reviews.TryAdd(Review("a-001", "h", ReviewVerdict.Accept), 0))));
        Assert.Single(added, a => a);
        Assert.False(store.Reviews.TryAdd(Review("a-001", "h", ReviewVerdict.Reject), 99));
        Assert.Single(store.Reviews.Of("a-001"));
    }

    private static StoredReview Review(string sweep, string hypothesis, ReviewVerdict verdict) =>
        new() { Sweep = sweep, Hypothesis = hypothesis, Verdict = verdict, Author = "A", QueuedBecause = ["because <i>"] };
}
