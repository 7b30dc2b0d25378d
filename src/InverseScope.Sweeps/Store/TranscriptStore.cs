using System.Collections.Concurrent;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Transcripts;
using InverseScope.Core;

namespace InverseScope.Sweeps.Store;

/// <summary>
/// Every question to a language model, with the sweep, the site and the proposer that asked. Nothing is ever changed or
/// deleted. Thread-safe.
/// </summary>
public sealed class TranscriptStore
{
    private readonly IStoreDatabase _database;

    // Each sum with the number of the last question in it. Those of one sweep have rising numbers, so what came since is added.
    private readonly ConcurrentDictionary<string, (long Last, CallTotals Totals)> _totals = new(StringComparer.Ordinal);

    internal TranscriptStore(IStoreDatabase database) => _database = database;

    /// <summary>What the questions of one proposer about one site are kept by.</summary>
    /// <param name="site">The site's full form; empty for questions of the whole sweep.</param>
    public StoredTranscript Of(string sweep, string site, string proposer) => new(this, sweep, site, proposer);

    /// <summary>Questions of a sweep, in the order in which they were kept.</summary>
    /// <param name="skip">How many of the first are left out, at least 0.</param>
    /// <param name="take">How many there are at most, at least 0.</param>
    public IReadOnlyList<StoredCall> Calls(string sweep, int skip = 0, int take = int.MaxValue) =>
        Page(rows => IdsOf(rows, sweep), skip, take);

    /// <summary>Questions of one proposer about one site, in the order in which they were kept.</summary>
    /// <param name="skip">How many of the first are left out, at least 0.</param>
    /// <param name="take">How many there are at most, at least 0.</param>
    public IReadOnlyList<StoredCall> Calls(string sweep, string site, string proposer, int skip = 0, int take = int.MaxValue)
    {
        var conversation = ConversationOf(sweep, site, proposer);
        return Page(rows => rows.NumbersWith(StoreTables.Calls, StoreTables.CallsByConversation, conversation), skip, take);
    }

    /// <summary>A question without its texts; null if there is none.</summary>
    /// <param name="id">As in <see cref="StoredCall.Id"/>.</param>
    public StoredCall? Find(long id) => _database.Read(rows => rows.Find(StoreTables.Calls, id));

    /// <summary>Every time that one question was put to one model, in any sweep, in order.</summary>
    /// <param name="requestHash">As in <see cref="TranscriptEntry.RequestHash"/>.</param>
    public IReadOnlyList<StoredCall> CallsWith(string requestHash) =>
        Page(rows => rows.NumbersWith(StoreTables.Calls, StoreTables.CallsByRequest, requestHash), 0, int.MaxValue);

    /// <summary>A question with its texts.</summary>
    /// <param name="id">As in <see cref="StoredCall.Id"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such question.</exception>
    /// <exception cref="BadInputException">What is there cannot be read.</exception>
    public TranscriptEntry Entry(long id) => _database.Read(rows => TranscriptFile.Parse(LineOf(rows, id)));

    /// <summary>All entries of a sweep in order, each as JSON on one line; one text at a time is in memory.</summary>
    public IEnumerable<string> Lines(string sweep) =>
        _database.Read(rows => IdsOf(rows, sweep)).Select(id => _database.Read(rows => LineOf(rows, id)));

    /// <summary>What a sweep's questions took, over all sites and proposers.</summary>
    public CallTotals Totals(string sweep)
    {
        var (last, totals) = _totals.GetValueOrDefault(sweep, (0, new CallTotals(default, new Dictionary<ChatOutcome, CallSum>())));
        var since = _database.Read(rows => rows.After(StoreTables.Calls, StoreTables.CallsBySweep, sweep, last));
        if (since.Count == 0)
            return totals;
        totals = TotalsOf(since, totals);
        // Of several at once any may stay: each goes with its number.
        _totals[sweep] = (since[^1].Id, totals);
        return totals;
    }

    /// <summary>What the questions of one proposer about one site took.</summary>
    public CallTotals Totals(string sweep, string site, string proposer)
    {
        var conversation = ConversationOf(sweep, site, proposer);
        return TotalsOf(_database.Read(rows => rows.With(StoreTables.Calls, StoreTables.CallsByConversation, conversation)), null);
    }

    /// <summary>Whoever adds questions of a sweep has this lock, so that they have higher numbers than those that were there before.</summary>
    internal static string LockOf(string sweep) => $"calls {sweep}";

    internal void Add(string sweep, string site, string proposer, TranscriptEntry entry)
    {
        var reply = entry.ToReply();
        var call = new StoredCall
        {
            Sweep = sweep,
            Site = site,
            Proposer = proposer,
            Conversation = ConversationOf(sweep, site, proposer),
            RequestHash = entry.RequestHash,
            At = Timestamp.Of(entry.At),
            Purpose = entry.Purpose,
            Outcome = entry.Outcome,
            Messages = entry.Attempts.Count,
            PromptTokens = reply.PromptTokens,
            ReplyTokens = reply.ReplyTokens,
            Seconds = entry.Duration.TotalSeconds,
            ModelSeconds = reply.ModelTime.TotalSeconds,
        };
        var line = TranscriptFile.Write(entry);
        _database.Write([LockOf(sweep)], rows =>
        {
            rows.Insert(StoreTables.Calls, call);
            rows.Insert(StoreTables.CallTexts, new StoredCallText { Id = call.Id, Entry = line });
        });
    }

    // LiteDB compares texts without regard to case, and by the rules of a culture; hashes cannot be confused by that.
    private static string ConversationOf(string sweep, string site, string proposer) => ContentHash.Of(sweep, site, proposer);

    private static CallTotals TotalsOf(IReadOnlyList<StoredCall> calls, CallTotals? before)
    {
        var byOutcome = new Dictionary<ChatOutcome, CallSum>(before?.ByOutcome ?? new Dictionary<ChatOutcome, CallSum>());
        var all = before?.All ?? default;
        foreach (var call in calls)
        {
            all += call;
            byOutcome[call.Outcome] = byOutcome.GetValueOrDefault(call.Outcome) + call;
        }

        return new CallTotals(all, byOutcome);
    }

    private static IReadOnlyList<long> IdsOf(IStoreReader rows, string sweep) => rows.NumbersWith(StoreTables.Calls, StoreTables.CallsBySweep, sweep);

    private static string LineOf(IStoreReader rows, long id) =>
        rows.Find(StoreTables.CallTexts, id)?.Entry ?? throw new ArgumentOutOfRangeException(nameof(id), id, "There is no such question.");

    private IReadOnlyList<StoredCall> Page(Func<IStoreReader, IReadOnlyList<long>> ids, int skip, int take)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(skip);
        ArgumentOutOfRangeException.ThrowIfNegative(take);
        return _database.Read(rows => rows.FindAll(StoreTables.Calls, [.. ids(rows).Skip(skip).Take(take)]));
    }
}
