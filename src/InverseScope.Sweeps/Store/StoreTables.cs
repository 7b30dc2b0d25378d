namespace InverseScope.Sweeps.Store;

/// <summary>
/// All that a store keeps. To add a table: here, a migration in <see cref="PostgresSchema"/>, and a higher <see cref="SweepStore.SchemaVersion"/>.
/// </summary>
internal static class StoreTables
{
    public static readonly StoreIndex<StoredSweep> SweepsByName = new(nameof(StoredSweep.Name), s => s.Name);

    public static readonly StoreTable<StoredSweep> Sweeps = new("sweeps", s => s.Id, null, SweepsByName);

    public static readonly StoreIndex<StoredStep> StepsBySweep = new(nameof(StoredStep.Sweep), s => s.Sweep);

    public static readonly StoreTable<StoredStep> Steps = new("steps", s => s.Id, null, StepsBySweep);

    public static readonly StoreIndex<StoredLogLine> LogBySweep = new(nameof(StoredLogLine.Sweep), l => l.Sweep);

    public static readonly StoreTable<StoredLogLine> Log = new("log", l => l.Id, (l, n) => l.Id = checked((int)n), LogBySweep);

    public static readonly StoreIndex<StoredCall> CallsBySweep = new(nameof(StoredCall.Sweep), c => c.Sweep);

    public static readonly StoreIndex<StoredCall> CallsByConversation = new(nameof(StoredCall.Conversation), c => c.Conversation);

    public static readonly StoreIndex<StoredCall> CallsByRequest = new(nameof(StoredCall.RequestHash), c => c.RequestHash);

    public static readonly StoreTable<StoredCall> Calls =
        new("calls", c => c.Id, (c, n) => c.Id = n, CallsBySweep, CallsByConversation, CallsByRequest);

    public static readonly StoreTable<StoredCallText> CallTexts = new("call_texts", t => t.Id);

    public static readonly StoreIndex<StoredLabel> LabelsByPlace = new(nameof(StoredLabel.Place), l => l.Place, IsUnique: true);

    public static readonly StoreTable<StoredLabel> Labels = new("labels", l => l.Id, null, LabelsByPlace);

    public static readonly StoreIndex<StoredLabelScope> LabelScopesBySpec = new(nameof(StoredLabelScope.SpecHash), s => s.SpecHash);

    public static readonly StoreTable<StoredLabelScope> LabelScopes =
        new("label_scopes", s => s.Id, (s, n) => s.Id = checked((int)n), LabelScopesBySpec);

    public static readonly StoreIndex<StoredReview> ReviewsBySweep = new(nameof(StoredReview.SweepKey), r => r.SweepKey);

    public static readonly StoreIndex<StoredReview> ReviewsByKey = new(nameof(StoredReview.Key), r => r.Key);

    public static readonly StoreTable<StoredReview> Reviews = new("reviews", r => r.Id, (r, n) => r.Id = n, ReviewsBySweep, ReviewsByKey);

    public static readonly StoreIndex<StoredCorrection> CorrectionsBySweep = new(nameof(StoredCorrection.SweepKey), c => c.SweepKey);

    public static readonly StoreIndex<StoredCorrection> CorrectionsByKey = new(nameof(StoredCorrection.Key), c => c.Key);

    public static readonly StoreTable<StoredCorrection> Corrections =
        new("corrections", c => c.Id, (c, n) => c.Id = n, CorrectionsBySweep, CorrectionsByKey);

    public static readonly StoreTable<StoredToken> Tokens = new("tokens", t => t.Id);

    public static readonly IReadOnlyList<StoreTable> All = [Sweeps, Steps, Log, Calls, CallTexts, Labels, LabelScopes, Reviews, Corrections, Tokens];
}
