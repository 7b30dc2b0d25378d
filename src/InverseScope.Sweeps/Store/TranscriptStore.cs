using System.Collections.Concurrent;
using InverseScope.Agent.Chat;
using InverseScope.Agent.Transcripts;
using InverseScope.Core;
using LiteDB;

namespace InverseScope.Sweeps.Store;

/// <summary>
/// Every question to a language model, with the sweep, the site and the proposer that asked. Nothing is ever changed or
/// deleted. Thread-safe.
/// </summary>
public sealed class TranscriptStore
{
    private const string CallsName = "calls";
    private const string TextsName = "call_texts";

    private readonly StoreFile _file;

    // Changed within writes only, so that no sum misses a question or has it twice.
    private readonly ConcurrentDictionary<string, CallTotals> _totals = new(StringComparer.Ordinal);

    internal TranscriptStore(StoreFile file) => _file = file;

    private ILiteCollection<StoredCall> CallRows => _file.Collection<StoredCall>(CallsName);

    private ILiteCollection<StoredCallText> TextRows => _file.Collection<StoredCallText>(TextsName);

    /// <summary>What the questions of one proposer about one site are kept by.</summary>
    /// <param name="site">The site's full form; empty for questions of the whole sweep.</param>
    public StoredTranscript Of(string sweep, string site, string proposer) => new(this, sweep, site, proposer);

    /// <summary>Questions of a sweep, in the order in which they were kept.</summary>
    /// <param name="skip">How many of the first are left out, at least 0.</param>
    /// <param name="take">How many there are at most, at least 0.</param>
    public IReadOnlyList<StoredCall> Calls(string sweep, int skip = 0, int take = int.MaxValue) => Page(IdsOf(sweep), skip, take);

    /// <summary>Questions of one proposer about one site, in the order in which they were kept.</summary>
    /// <param name="skip">How many of the first are left out, at least 0.</param>
    /// <param name="take">How many there are at most, at least 0.</param>
    public IReadOnlyList<StoredCall> Calls(string sweep, string site, string proposer, int skip = 0, int take = int.MaxValue)
    {
        var conversation = ConversationOf(sweep, site, proposer);
        return Page(_file.Read(() => Ids(CallRows.Query().Where(c => c.Conversation == conversation))), skip, take);
    }

    /// <summary>A question without its texts; null if there is none.</summary>
    /// <param name="id">As in <see cref="StoredCall.Id"/>.</param>
    public StoredCall? Find(long id) => _file.Read(() => CallRows.FindById(id));

    /// <summary>Every time that one question was put to one model, in any sweep, in order.</summary>
    /// <param name="requestHash">As in <see cref="TranscriptEntry.RequestHash"/>.</param>
    public IReadOnlyList<StoredCall> CallsWith(string requestHash) =>
        Page(_file.Read(() => Ids(CallRows.Query().Where(c => c.RequestHash == requestHash))), 0, int.MaxValue);

    /// <summary>A question with its texts.</summary>
    /// <param name="id">As in <see cref="StoredCall.Id"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such question.</exception>
    /// <exception cref="BadInputException">What is there cannot be read.</exception>
    public TranscriptEntry Entry(long id) => _file.Read(() => TranscriptFile.Parse(LineOf(id)));

    /// <summary>All entries of a sweep in order, each as JSON on one line; one text at a time is in memory.</summary>
    public IEnumerable<string> Lines(string sweep) => IdsOf(sweep).Select(id => _file.Read(() => LineOf(id)));

    /// <summary>What a sweep's questions took, over all sites and proposers.</summary>
    public CallTotals Totals(string sweep)
    {
        if (_totals.TryGetValue(sweep, out var known))
            return known;
        var totals = new CallTotals(default, new Dictionary<ChatOutcome, CallSum>());
        _file.Write(() => _totals[sweep] = totals = _file.Read(() => TotalsOf(CallRows.Find(c => c.Sweep == sweep))));
        return totals;
    }

    /// <summary>What the questions of one proposer about one site took.</summary>
    public CallTotals Totals(string sweep, string site, string proposer)
    {
        var conversation = ConversationOf(sweep, site, proposer);
        return _file.Read(() => TotalsOf(CallRows.Find(c => c.Conversation == conversation)));
    }

    internal static void AddTo(LiteDatabase database)
    {
        var calls = database.GetCollection<StoredCall>(CallsName);
        calls.EnsureIndex(c => c.Sweep);
        calls.EnsureIndex(c => c.Conversation);
        calls.EnsureIndex(c => c.RequestHash);
    }

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
        try
        {
            _file.Write(() =>
            {
                CallRows.Insert(call);
                TextRows.Insert(new StoredCallText { Id = call.Id, Entry = line });
                if (_totals.TryGetValue(sweep, out var known))
                    _totals[sweep] = known + call;
            });
        }
        catch
        {
            // Counted anew by the next who asks.
            _totals.TryRemove(sweep, out _);
            throw;
        }
    }

    // LiteDB compares texts without regard to case, and by the rules of a culture; hashes cannot be confused by that.
    private static string ConversationOf(string sweep, string site, string proposer) => ContentHash.Of(sweep, site, proposer);

    private static CallTotals TotalsOf(IEnumerable<StoredCall> calls)
    {
        var byOutcome = new Dictionary<ChatOutcome, CallSum>();
        var all = default(CallSum);
        foreach (var call in calls)
        {
            all += call;
            byOutcome[call.Outcome] = byOutcome.GetValueOrDefault(call.Outcome) + call;
        }

        return new CallTotals(all, byOutcome);
    }

    // An index gives those of one key in no order.
    private static long[] Ids(ILiteQueryable<StoredCall> query)
    {
        var ids = query.Select(c => c.Id).ToArray();
        Array.Sort(ids);
        return ids;
    }

    private long[] IdsOf(string sweep) => _file.Read(() => Ids(CallRows.Query().Where(c => c.Sweep == sweep)));

    private StoredCall[] Page(long[] ids, int skip, int take)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(skip);
        ArgumentOutOfRangeException.ThrowIfNegative(take);
        return _file.Read(() => ids.Skip(skip).Take(take).Select(id => CallRows.FindById(id)).ToArray());
    }

    private string LineOf(long id) =>
        TextRows.FindById(id)?.Entry ?? throw new ArgumentOutOfRangeException(nameof(id), id, "There is no such question.");
}
