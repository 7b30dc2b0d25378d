using System.Globalization;
using InverseScope.Agent.Labels;
using InverseScope.Core.Specs;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Store;

public sealed class StoredLabelCacheTests() : StoredLabelCacheContract(new FilePlace());

public sealed class PostgresStoredLabelCacheTests(PostgresServer server) : StoredLabelCacheContract(new PostgresPlace(server));

public abstract class StoredLabelCacheContract(StorePlace place) : IDisposable
{
    private static readonly LabelScope Scope = new("spec", "sha256:1", "prompt", 0);

    public static TheoryData<bool> Stored => [true, false];

    // Both caches keep one contract.
    [Theory]
    [MemberData(nameof(Stored))]
    public void An_answer_is_found_by_all_that_it_depends_on(bool stored)
    {
        using var store = place.Open();
        ILabelCache cache = stored ? store.Labels : new MemoryLabelCache();
        LabelScope[] scopes =
        [
            Scope,
            Scope with { SpecHash = "SPEC" },
            Scope with { Model = "sha256:2" },
            Scope with { PromptHash = "prompt " },
            Scope with { Vote = 1 },
        ];
        string[] texts = ["", " ", "a", "A", " a", "a ", "a\0", "á", "a\u0301", "a\u200d", "日本語 👍", "a\r\n", new string('x', 5000)];
        foreach (var (index, scope) in scopes.Index())
        {
            Assert.Null(cache.Find(scope, "a"));
            Assert.Empty(cache.All(scope));
            cache.Add(scope, [.. texts.Select((t, i) => KeyValuePair.Create(t, LabelAnswer.Of($" {index} {i} ")))]);
        }

        foreach (var (index, scope) in scopes.Index())
        {
            Assert.Equal(texts.Select((_, i) => (LabelAnswer?)LabelAnswer.Of($" {index} {i} ")), texts.Select(t => cache.Find(scope, t)));
            Assert.Equal(texts, cache.All(scope).Select(a => a.Key));
            Assert.Null(cache.Find(scope, "b"));
        }
    }

    [Theory]
    [MemberData(nameof(Stored))]
    public void The_first_answer_stays_and_the_order_is_that_of_addition(bool stored)
    {
        using var store = place.Open();
        ILabelCache cache = stored ? store.Labels : new MemoryLabelCache();
        cache.Add(Scope, [Labelled("z", "1"), Labelled("m", "2"), Labelled("z", "3")]);
        cache.Add(Scope with { Vote = 1 }, [Labelled("z", "other")]);
        cache.Add(Scope, [Labelled("m", "4"), Labelled("a", "5"), new("q", new LabelAnswer(AnswerKind.Refused, null))]);
        cache.Add(Scope, []);

        Assert.Equal(
            [Labelled("z", "1"), Labelled("m", "2"), Labelled("a", "5"), new("q", new LabelAnswer(AnswerKind.Refused, null))],
            cache.All(Scope));
        Assert.Equal(LabelAnswer.Of("2"), cache.Find(Scope, "m"));
    }

    [Fact]
    public void What_failed_or_was_not_asked_is_not_kept()
    {
        using var store = place.Open();
        var kinds = Enum.GetValues<AnswerKind>();
        store.Labels.Add(Scope, [.. kinds.Select(k => KeyValuePair.Create(k.ToString(), new LabelAnswer(k, k == AnswerKind.Labelled ? "x" : null)))]);

        Assert.Equal(
            kinds.Except([AnswerKind.Failed, AnswerKind.NotAsked]).Select(k => (k.ToString(), k)),
            store.Labels.All(Scope).Select(a => (a.Key, a.Value.Kind)));
        store.Labels.Add(Scope, [Labelled("Failed", "now")]);
        Assert.Equal("now", store.Labels.Find(Scope, "Failed")!.Value.Label);
    }

    [Fact]
    public void After_a_kill_every_answer_that_was_added_is_there_and_more_can_be_added()
    {
        using var store = place.Open();
        store.Labels.Add(Scope, [Labelled("a", "1"), Labelled("b", "2")]);
        using (var killed = place.Killed())
            Assert.Equal([Labelled("a", "1"), Labelled("b", "2")], killed.Labels.All(Scope));

        store.Labels.Add(Scope with { Model = "sha256:2" }, [Labelled("a", "3")]);
        using var again = place.Killed();
        again.Labels.Add(Scope with { Vote = 1 }, [Labelled("a", "4")]);
        again.Labels.Add(Scope, [Labelled("b", "5"), Labelled("c", "6")]);
        Assert.Equal([Labelled("a", "1"), Labelled("b", "2"), Labelled("c", "6")], again.Labels.All(Scope));
        Assert.Equal([Labelled("a", "3")], again.Labels.All(Scope with { Model = "sha256:2" }));
        Assert.Equal([Labelled("a", "4")], again.Labels.All(Scope with { Vote = 1 }));
    }

    [Fact]
    public void A_batch_that_cannot_be_kept_whole_is_not_kept_at_all()
    {
        using var store = place.Open();
        // No database keeps half of a surrogate pair.
        Assert.ThrowsAny<ArgumentException>(() => store.Labels.Add(Scope, [Labelled("a", "1"), Labelled("b\ud83d", "2")]));
        Assert.Null(store.Labels.Find(Scope, "a"));

        store.Labels.Add(Scope, [Labelled("c", "3")]);
        using var killed = place.Killed();
        Assert.Equal([Labelled("c", "3")], killed.Labels.All(Scope));
    }

    [Fact]
    public async Task Threads_that_add_at_once_lose_nothing_and_agree()
    {
        using var store = place.Open();
        const int threads = 4, batches = 4, size = 20;
        await Task.WhenAll(Enumerable.Range(0, threads).Select(t => Task.Run(() =>
        {
            for (var b = 0; b < batches; b++)
            {
                // One text of each batch is every thread's.
                store.Labels.Add(
                    Scope with { Vote = b % 2 },
                    [Labelled($"shared {b}", Name(t)), .. Enumerable.Range(0, size).Select(i => Labelled($"{t} {b} {i}", Name(i)))]);
                Assert.NotNull(store.Labels.Find(Scope with { Vote = b % 2 }, $"shared {b}"));
            }
        })));

        using var killed = place.Killed();
        for (var vote = 0; vote < 2; vote++)
        {
            var all = store.Labels.All(Scope with { Vote = vote });
            Assert.Equal(batches / 2 * ((threads * size) + 1), all.Select(a => a.Key).Distinct().Count());
            Assert.Equal(all.Count, all.Select(a => a.Key).Distinct().Count());
            Assert.Equal(all, killed.Labels.All(Scope with { Vote = vote }));
        }
    }

    [Fact]
    public void Ten_thousand_labels_come_back_in_order()
    {
        var labels = Enumerable.Range(0, 10_000).Select(i => Labelled($"{(i * 7919L) % 10_007} plus {i}", Name(i % 10))).ToList();
        using (var store = place.Open())
        {
            foreach (var batch in labels.Chunk(5000))
                store.Labels.Add(Scope, batch);
        }

        using var again = place.Open();
        Assert.Equal(labels, again.Labels.All(Scope));
        Assert.All(labels.Where((_, i) => i % 100 == 0), l => Assert.Equal(l.Value, again.Labels.Find(Scope, l.Key)));
    }

    // Stored by name. Only append; to change one, raise the schema version and migrate.
    [Fact]
    public void Stored_kinds_keep_their_names() => Assert.Equal(
        ["Labelled", "NoMajority", "Malformed", "Refused", "Truncated", "Failed", "NotAsked"], Enum.GetNames<AnswerKind>());

    public void Dispose()
    {
        place.Dispose();
        GC.SuppressFinalize(this);
    }

    private static KeyValuePair<string, LabelAnswer> Labelled(string text, string label) => new(text, LabelAnswer.Of(label));

    private static string Name(int number) => number.ToString(CultureInfo.InvariantCulture);
}
