using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using InverseScope.Agent.Labels;
using InverseScope.Core;
using InverseScope.Core.Specs;
using LiteDB;

namespace InverseScope.Sweeps.Store;

/// <summary>
/// Labels that language models gave, kept across sweeps and runs. Nothing is ever changed or deleted: another spec, model or
/// prompt is another scope.
/// </summary>
public sealed class StoredLabelCache : ILabelCache
{
    private const string LabelsName = "labels";
    private const string ScopesName = "label_scopes";
    private const int ScopeShift = 32;

    private readonly StoreFile _file;

    // Scopes are few. One process owns the file, so that what is here is what is there.
    private readonly ConcurrentDictionary<LabelScope, int> _numbers;
    private readonly Lock _adding = new();

    internal StoredLabelCache(StoreFile file)
    {
        _file = file;
        _numbers = new ConcurrentDictionary<LabelScope, int>(file.Read(() => ScopeRows.FindAll().ToDictionary(
            s => new LabelScope(s.SpecHash, s.Model, s.PromptHash, s.Vote), s => s.Id)));
    }

    private ILiteCollection<StoredLabel> LabelRows => _file.Collection<StoredLabel>(LabelsName);

    private ILiteCollection<StoredLabelScope> ScopeRows => _file.Collection<StoredLabelScope>(ScopesName);

    /// <inheritdoc/>
    /// <exception cref="BadInputException">What is there cannot be read.</exception>
    public LabelAnswer? Find(LabelScope scope, string text) =>
        _numbers.TryGetValue(scope, out var number) && _file.Read(() => LabelRows.FindById(IdOf(number, text))) is { } label
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
        lock (_adding)
        {
            var isNew = !_numbers.TryGetValue(scope, out var number);
            if (isNew)
                number = _numbers.Count + 1;
            var added = _file.Read(() => Missing(number, lasting));
            if (added.Count == 0)
                return;
            _file.Write(() =>
            {
                if (isNew)
                {
                    ScopeRows.Insert(new StoredLabelScope
                    {
                        Id = number,
                        SpecHash = scope.SpecHash,
                        Model = scope.Model,
                        PromptHash = scope.PromptHash,
                        Vote = scope.Vote,
                    });
                }

                LabelRows.InsertBulk(added);
            });

            // Only once it is committed: after a fault, the next try stores the scope again.
            _numbers[scope] = number;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="BadInputException">What is there cannot be read.</exception>
    public IReadOnlyList<KeyValuePair<string, LabelAnswer>> All(LabelScope scope) => !_numbers.TryGetValue(scope, out var number)
        ? []
        : _file.Read(() => Of(number).OrderBy(l => l.Place).ToEnumerable()
            .Select(l => KeyValuePair.Create(l.Text, new LabelAnswer(l.Kind, l.Label)))
            .ToArray());

    /// <summary>The scopes that have answers for a spec, in no particular order.</summary>
    public IReadOnlyList<LabelScope> ScopesOf(string specHash) => [.. _numbers.Keys.Where(s => s.SpecHash == specHash)];

    internal static void AddTo(LiteDatabase database) =>
        database.GetCollection<StoredLabel>(LabelsName).EnsureIndex(l => l.Place, unique: true);

    private static byte[] IdOf(int scope, string text)
    {
        var content = new byte[sizeof(int) + Encoding.UTF8.GetByteCount(text)];
        BinaryPrimitives.WriteInt32BigEndian(content, scope);
        Encoding.UTF8.GetBytes(text, content.AsSpan(sizeof(int)));
        return SHA256.HashData(content);
    }

    private List<StoredLabel> Missing(int scope, IReadOnlyList<KeyValuePair<string, LabelAnswer>> answers)
    {
        var place = LastPlace(scope);
        var missing = new List<StoredLabel>();
        foreach (var (text, answer) in answers)
        {
            var id = IdOf(scope, text);
            if (LabelRows.FindById(id) is null)
                missing.Add(new StoredLabel { Id = id, Place = ++place, Text = text, Kind = answer.Kind, Label = answer.Label });
        }

        return missing;
    }

    private long LastPlace(int scope) =>
        Of(scope).OrderByDescending(l => l.Place).Limit(1).ToArray() is [var last] ? last.Place : (long)scope << ScopeShift;

    private ILiteQueryable<StoredLabel> Of(int scope) =>
        LabelRows.Query().Where(Query.Between(nameof(StoredLabel.Place), (long)scope << ScopeShift, ((long)scope + 1) << ScopeShift));
}
