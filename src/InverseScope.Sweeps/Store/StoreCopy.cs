using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using InverseScope.Agent.Labels;
using InverseScope.Core;
using InverseScope.Core.Specs;

namespace InverseScope.Sweeps.Store;

/// <summary>What was copied of a sweep, read back and found equal.</summary>
/// <param name="Sweep">Its id, the same in both stores.</param>
/// <param name="Steps">Committed results of stages.</param>
/// <param name="LogLines">Lines of its log.</param>
/// <param name="Questions">Questions to language models, with their texts.</param>
/// <param name="Labels">Answers about texts, of the specs that the sweep knows.</param>
/// <param name="LabelsThere">Further ones about texts that the target had an answer for: its own stay.</param>
/// <param name="Reviews">Verdicts of people.</param>
/// <param name="Corrections">Labels that people gave.</param>
/// <param name="Hash">SHA-256 over all rows but labels in order, their numbers left out, hex: the same for one sweep in any store.</param>
public sealed record CopiedSweep(
    string Sweep, int Steps, int LogLines, int Questions, int Labels, int LabelsThere, int Reviews, int Corrections, string Hash);

/// <summary>Copies a sweep from a store to another, of whatever kind each is.</summary>
public static partial class StoreCopy
{
    private const int PageSize = 500;

    /// <summary>
    /// Copies a sweep with all that is known of it, in one transaction: after a fault, nothing of it is in the target. Numbers of rows are
    /// given anew, in the same order. In the target it waits for no service to go on with it.
    /// </summary>
    /// <param name="id">To the letter.</param>
    /// <exception cref="BadInputException">There is no such sweep, it changes meanwhile, or the target has one of its id.</exception>
    /// <exception cref="OutsideServiceException">A store does not answer, or what came back is not what was written.</exception>
    public static CopiedSweep Copy(SweepStore from, string id, SweepStore to)
    {
        var name = from.Sweep(id).Name;
        var source = new Source(from.Database);
        var scopes = source.Read(rows => ScopesOf(rows, id));
        string[] locks =
        [
            SweepStore.BeginLock(name), SweepStore.SweepLock(id), SweepStore.LogLock(id), TranscriptStore.LockOf(id), .. scopes.Select(s => StoredLabelCache.LockOf(s.Key)),
        ];
        var copied = default(CopiedSweep);
        to.Database.Write(locks, target =>
        {
            if (target.Keys(StoreTables.Sweeps).Contains(id, StringComparer.OrdinalIgnoreCase))
                throw new BadInputException($"There is a sweep '{id}' in {to.Name} already.", "Nothing is overwritten: copy it to another store.");
            var (labels, there) = CopyLabels(source, scopes, target, to.Name);
            copied = CopyRows(source, id, target) with { Labels = labels, LabelsThere = there };
            if (Read(source, id).Hash != copied.Hash)
                throw new BadInputException($"Sweep '{id}' was changed in {from.Name} while it was copied: nothing was copied.", "Stop it there, and copy it then.");
            if (Read(new Source(target), id).Hash != copied.Hash)
                throw Different(to.Name, id);
            target.Tell(new StoreNews(StoreNewsKind.SweepBegun));
            target.Tell(new StoreNews(StoreNewsKind.Reviewed));
        });
        to.Labels.Learn();
        return copied!;
    }

    private static CopiedSweep CopyRows(Source source, string id, IStoreWriter target) => Read(source, id, new Target(
        sweep => target.Insert(StoreTables.Sweeps, sweep),
        steps => target.InsertAll(StoreTables.Steps, steps),
        lines => target.InsertAll(StoreTables.Log, lines),
        (call, text) =>
        {
            target.Insert(StoreTables.Calls, call);
            target.Insert(StoreTables.CallTexts, new StoredCallText { Id = call.Id, Entry = text });
        },
        reviews => target.InsertAll(StoreTables.Reviews, reviews),
        corrections => target.InsertAll(StoreTables.Corrections, corrections)));

    /// <summary>Reads all rows of a sweep in order, without their numbers.</summary>
    /// <param name="target">Gets each after it was read; null: they are only read.</param>
    private static CopiedSweep Read(Source source, string id, Target? target = null)
    {
        using var hash = new RowHash();
        var sweep = source.Read(rows => rows.Find(StoreTables.Sweeps, id)!);
        // Else a service would go on with it in both stores.
        sweep.Turn = null;
        hash.Add([sweep]);
        target?.Sweep(sweep);
        StoredStep[] steps = [.. source.Read(rows => rows.With(StoreTables.Steps, StoreTables.StepsBySweep, id)).OrderBy(s => s.Id, StringComparer.Ordinal)];
        hash.Add(steps);
        target?.Steps(steps);
        var log = source.Read(rows => rows.With(StoreTables.Log, StoreTables.LogBySweep, id));
        foreach (var line in log)
            line.Id = 0;
        hash.Add(log);
        target?.Log(log);
        var numbers = source.Read(rows => rows.NumbersWith(StoreTables.Calls, StoreTables.CallsBySweep, id));
        foreach (var page in numbers.Chunk(PageSize))
        {
            object[] keys = [.. page];
            var texts = source.Read(rows => rows.FindAll(StoreTables.CallTexts, keys)).ToDictionary(t => t.Id, t => t.Entry);
            foreach (var call in source.Read(rows => rows.FindAll(StoreTables.Calls, keys)))
            {
                var text = texts[call.Id];
                call.Id = 0;
                hash.Add([call]);
                hash.Add([text]);
                target?.Call(call, text);
            }
        }

        var sweepKey = ContentHash.Of(id);
        var reviews = source.Read(rows => rows.With(StoreTables.Reviews, StoreTables.ReviewsBySweep, sweepKey));
        foreach (var review in reviews)
            review.Id = 0;
        hash.Add(reviews);
        target?.Reviews(reviews);
        var corrections = source.Read(rows => rows.With(StoreTables.Corrections, StoreTables.CorrectionsBySweep, sweepKey));
        foreach (var correction in corrections)
            correction.Id = 0;
        hash.Add(corrections);
        target?.Corrections(corrections);
        return new CopiedSweep(id, steps.Length, log.Count, numbers.Count, 0, 0, reviews.Count, corrections.Count, hash.Hash());
    }

    /// <returns>How many were added, and how many more the target had an answer for.</returns>
    private static (int Added, int There) CopyLabels(
        Source source, IReadOnlyList<(LabelScope Key, int Number)> scopes, IStoreWriter target, string name)
    {
        var (all, added) = (0, 0);
        foreach (var (key, number) in scopes)
        {
            var inTarget = StoredLabelCache.NumberOf(target, key);
            foreach (var page in source.Read(rows => StoredLabelCache.Of(rows, number)).Chunk(PageSize))
            {
                var ours = StoredLabelCache.Add(target, inTarget, [.. page.Select(l => KeyValuePair.Create(l.Text, new LabelAnswer(l.Kind, l.Label)))]);
                (all, added) = (all + page.Length, added + ours.Count);
                using RowHash written = new(), found = new();
                written.Add(ours);
                found.Add([.. target.FindAll(StoreTables.Labels, [.. ours.Select(l => l.Id)]).OrderBy(l => l.Place)]);
                if (written.Hash() != found.Hash())
                    throw Different(name, key.SpecHash);
            }
        }

        return (added, all - added);
    }

    private static OutsideServiceException Different(string store, string what) => new(
        $"What {store} gave back of '{what}' is not what was written: nothing was copied. If others write of this sweep there, end them; otherwise check its disk.");

    /// <summary>Scopes of labels of all specs that the sweep was given, tested, or was judged by.</summary>
    private static IReadOnlyList<(LabelScope Key, int Number)> ScopesOf(IStoreReader rows, string id)
    {
        var sweepKey = ContentHash.Of(id);
        var specs = rows.Find(StoreTables.Sweeps, id)!.Specs
            .Select(s => FeatureSpecText.Parse(s, SpecFormat.Json).Value)
            .OfType<ParsedSpec>()
            .Select(p => CanonicalForm.Hash(p.Spec))
            .Concat(rows.With(StoreTables.Steps, StoreTables.StepsBySweep, id).SelectMany(s => Hashes().Matches(s.Result)).Select(m => m.Value))
            .Concat(rows.With(StoreTables.Reviews, StoreTables.ReviewsBySweep, sweepKey).Select(r => r.SpecHash))
            .Concat(rows.With(StoreTables.Corrections, StoreTables.CorrectionsBySweep, sweepKey).Select(c => c.SpecHash))
            .ToHashSet(StringComparer.Ordinal);
        return [.. rows.All(StoreTables.LabelScopes).Where(s => specs.Contains(s.SpecHash)).Select(s => (StoredLabelCache.ScopeOf(s), s.Id))];
    }

    [GeneratedRegex("[0-9a-f]{64}")]
    private static partial Regex Hashes();

    /// <summary>A whole store, of which each reading is tried again where a connection breaks, or what one write has before it.</summary>
    private sealed class Source
    {
        private readonly IStoreDatabase? _database;
        private readonly IStoreReader? _rows;

        public Source(IStoreDatabase database) => _database = database;

        public Source(IStoreReader rows) => _rows = rows;

        public T Read<T>(Func<IStoreReader, T> read) => _rows is null ? _database!.Read(read) : read(_rows);
    }

    private sealed record Target(
        Action<StoredSweep> Sweep,
        Action<IReadOnlyList<StoredStep>> Steps,
        Action<IReadOnlyList<StoredLogLine>> Log,
        Action<StoredCall, string> Call,
        Action<IReadOnlyList<StoredReview>> Reviews,
        Action<IReadOnlyList<StoredCorrection>> Corrections);

    /// <summary>The hash of rows, one after the other.</summary>
    private sealed class RowHash : IDisposable
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public void Add<T>(IReadOnlyList<T> rows)
        {
            _hash.AppendData(BitConverter.GetBytes(rows.Count));
            foreach (var row in rows)
            {
                var json = Encoding.UTF8.GetBytes(RowJson.Write(row));
                _hash.AppendData(BitConverter.GetBytes(json.Length));
                _hash.AppendData(json);
            }
        }

        public string Hash() => Convert.ToHexStringLower(_hash.GetHashAndReset());

        public void Dispose() => _hash.Dispose();
    }
}
