namespace InverseScope.Core.Specs.Running;

/// <summary>What features of every kind share: identity, the condition under which they apply, and the count of failures.</summary>
internal abstract class CompiledFeature : IFeature
{
    private readonly CompiledPipeline? _applies;
    private readonly EvaluationPool _evaluations;
    private readonly Lazy<string> _hash;
    private long _limitBreaks;

    protected CompiledFeature(FeatureSpec spec, CompiledPipeline? applies, EvaluationPool evaluations)
    {
        (_applies, _evaluations) = (applies, evaluations);
        _hash = new Lazy<string>(spec.ComputeHash);
    }

    public string Hash => _hash.Value;

    public long LimitBreaks => Interlocked.Read(ref _limitBreaks);

    public string? Label(string text) => Run(text).Label;

    public abstract LabelOutcome Run(string text);

    /// <summary>The outcomes of <see cref="Run"/>, in order.</summary>
    public virtual IReadOnlyList<LabelOutcome> RunAll(IReadOnlyList<string> texts, CancellationToken cancel) =>
        [.. texts.Select(Run)];

    protected Evaluation Begin(string text)
    {
        var evaluation = _evaluations.Rent();
        evaluation.Begin(text);
        return evaluation;
    }

    protected void End(Evaluation evaluation) => _evaluations.Return(evaluation);

    protected bool Applies(Evaluation evaluation) =>
        _applies is null
        || evaluation.RunForLabel(_applies, Value.Of(evaluation.Text)) is { IsDefined: true, Bool: true };

    /// <summary>Whether <c>applies</c> lets the text through.</summary>
    /// <param name="failure">Why it could not tell, in which case it does not.</param>
    protected bool AppliesTo(string text, out string? failure)
    {
        failure = null;
        if (_applies is null)
            return true;
        var evaluation = Begin(text);
        var applies = Applies(evaluation) && !evaluation.RanOut;
        if (evaluation.RanOut)
        {
            failure = Evaluation.BudgetFailure;
            CountLimitBreak();
        }

        End(evaluation);
        return applies;
    }

    protected void CountLimitBreak() => Interlocked.Increment(ref _limitBreaks);
}
