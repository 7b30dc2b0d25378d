using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using InverseScope.Agent.Labels;
using InverseScope.Core;
using InverseScope.Core.Specs;

namespace InverseScope.Sweeps.Store;

/// <summary>
/// Labels that language models gave, kept across sweeps and runs. Nothing is ever changed or deleted: another spec, model or
/// prompt is another scope.
/// </summary>
public sealed class StoredLabelCache : ILabelCache
{
    private const int ScopeShift = 32;

    private readonly IStoreDatabase _database;

    // Scopes are few, and a number is never given again. Where one process owns the store, what is here is what is there.
    private readonly ConcurrentDictionary<LabelScope, int> _numbers = new();

    internal StoredLabelCache(IStoreDatabase database)
    {
        _database = database;
        Learn();
    }

    /// <inheritdoc/>
    /// <exception cref="BadInputException">What is there cannot be read.</exception>
    public LabelAnswer? Find(LabelScope scope, string text) =>
        NumberOf(scope) is { } number && _database.Read(rows => rows.Find(StoreTables.Labels, IdOf(number, text))) is { } label
            ? new LabelAnswer(label.Kind, label.Label)
            : null;

    /// <summary>
    /// Keeps answers before it returns: all of them or none. One that is there stays; what only failed for now, or was not
    /// asked, is left out, so that it is asked again.
    /// </summary>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public void Add(LabelScope scope, IReadOnlyList<KeyValuePair<string, LabelAnswer>> answers)
    {
        var lasting = answers.Where(a => a.Value.Kind is not (AnswerKind.Failed or AnswerKind.NotAsked)).DistinctBy(a => a.Key, StringComparer.Ordinal).ToList();
        if (lasting.Count == 0)
            return;
        if (NumberOf(scope) is { } known && _database.Read(rows => Missing(rows, known, lasting)).Count == 0)
            return;
        var number = 0;
        _database.Write([LockOf(scope)], rows =>
        {
            number = NumberOf(rows, scope);
            Add(rows, number, lasting);
        });

        // Only once it is committed: after a fault, the next try stores the scope again.
        _numbers[scope] = number;
    }

    /// <inheritdoc/>
    /// <exception cref="BadInputException">What is there cannot be read.</exception>
    public IReadOnlyList<KeyValuePair<string, LabelAnswer>> All(LabelScope scope) => NumberOf(scope) is not { } number
        ? []
        : [.. _database.Read(rows => Of(rows, number)).Select(l => KeyValuePair.Create(l.Text, new LabelAnswer(l.Kind, l.Label)))];

    /// <summary>The scopes that have answers for a spec, in no particular order.</summary>
    public IReadOnlyList<LabelScope> ScopesOf(string specHash) =>
        [.. _database.IsShared ? _database.Read(rows => Known(rows, specHash)).Select(ScopeOf) : _numbers.Keys.Where(s => s.SpecHash == specHash)];

    /// <summary>Reads what scopes there are, where nobody else adds any.</summary>
    internal void Learn()
    {
        if (_database.IsShared)
            return;
        foreach (var scope in _database.Read(rows => rows.All(StoreTables.LabelScopes)))
            _numbers[ScopeOf(scope)] = scope.Id;
    }

    /// <summary>Whoever adds to a scope has this lock.</summary>
    internal static string LockOf(LabelScope scope) =>
        $"labels {ContentHash.Of(scope.SpecHash, scope.Model, scope.PromptHash, scope.Vote.ToString(CultureInfo.InvariantCulture))}";

    internal static LabelScope ScopeOf(StoredLabelScope scope) => new(scope.SpecHash, scope.Model, scope.PromptHash, scope.Vote);

    internal static IReadOnlyList<StoredLabelScope> Known(IStoreReader rows, string specHash) =>
        rows.With(StoreTables.LabelScopes, StoreTables.LabelScopesBySpec, specHash);

    /// <summary>The number of a scope, which is added if it is not there.</summary>
    internal static int NumberOf(IStoreWriter rows, LabelScope scope)
    {
        if (Known(rows, scope.SpecHash).FirstOrDefault(s => ScopeOf(s) == scope) is { } known)
            return known.Id;
        var row = new StoredLabelScope { SpecHash = scope.SpecHash, Model = scope.Model, PromptHash = scope.PromptHash, Vote = scope.Vote };
        rows.Insert(StoreTables.LabelScopes, row);
        return row.Id;
    }

    /// <summary>Adds what is not there yet, in order.</summary>
    /// <returns>What was added.</returns>
    internal static IReadOnlyList<StoredLabel> Add(IStoreWriter rows, int scope, IReadOnlyList<KeyValuePair<string, LabelAnswer>> answers)
    {
        var place = rows.LastBetween(StoreTables.Labels, StoreTables.LabelsByPlace, First(scope), First(scope + 1L))?.Place ?? First(scope);
        StoredLabel[] added = [.. Missing(rows, scope, answers).Select(a => new StoredLabel
        {
            Id = IdOf(scope, a.Key),
            Place = ++place,
            Text = a.Key,
            Kind = a.Value.Kind,
            Label = a.Value.Label,
        })];
        rows.InsertAll(StoreTables.Labels, added);
        return added;
    }

    /// <summary>The labels of a scope in the order in which they were added.</summary>
    internal static IReadOnlyList<StoredLabel> Of(IStoreReader rows, int scope) =>
        rows.Between(StoreTables.Labels, StoreTables.LabelsByPlace, First(scope), First(scope + 1L));

    /// <summary>Below every place of a scope.</summary>
    private static long First(long scope) => scope << ScopeShift;

    private static byte[] IdOf(int scope, string text)
    {
        var content = new byte[sizeof(int) + Encoding.UTF8.GetByteCount(text)];
        BinaryPrimitives.WriteInt32BigEndian(content, scope);
        Encoding.UTF8.GetBytes(text, content.AsSpan(sizeof(int)));
        return SHA256.HashData(content);
    }

    private static List<KeyValuePair<string, LabelAnswer>> Missing(
        IStoreReader rows, int scope, IReadOnlyList<KeyValuePair<string, LabelAnswer>> answers)
    {
        var ids = answers.Select(a => IdOf(scope, a.Key)).ToArray();
        var there = rows.FindAll(StoreTables.Labels, ids).Select(l => Convert.ToHexString(l.Id)).ToHashSet(StringComparer.Ordinal);
        return [.. answers.Where((_, i) => !there.Contains(Convert.ToHexString(ids[i])))];
    }

    private int? NumberOf(LabelScope scope)
    {
        if (_numbers.TryGetValue(scope, out var number))
            return number;
        if (!_database.IsShared || _database.Read(rows => Known(rows, scope.SpecHash)).FirstOrDefault(s => ScopeOf(s) == scope) is not { } found)
            return null;
        return _numbers[scope] = found.Id;
    }
}
