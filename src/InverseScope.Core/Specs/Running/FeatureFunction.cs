namespace InverseScope.Core.Specs.Running;

/// <summary>A compiled rule. Thread-safe.</summary>
internal sealed class FeatureFunction : IFeature
{
    private readonly FeatureSpec _spec;
    private readonly CompiledPipeline? _applies;
    private readonly CompiledPipeline _rule;
    private readonly Lazy<string> _hash;
    private readonly EvaluationPool _evaluations;
    private long _limitBreaks;

    public FeatureFunction(
        FeatureSpec spec, CompiledPipeline? applies, CompiledPipeline rule, EvaluationPool evaluations)
    {
        (_spec, _applies, _rule, _evaluations) = (spec, applies, rule, evaluations);
        _hash = new Lazy<string>(_spec.ComputeHash);
    }

    public string Hash => _hash.Value;

    public long LimitBreaks => Interlocked.Read(ref _limitBreaks);

    public string? Label(string text)
    {
        var evaluation = _evaluations.Rent();
        var value = Evaluate(evaluation, text);
        var label = value.IsDefined ? LabelText.Of(value) : null;
        _evaluations.Return(evaluation);
        return label;
    }

    /// <summary>The label's code in <paramref name="codes"/>; −1 where undefined.</summary>
    public int Code(string text, LabelCodes codes)
    {
        var evaluation = _evaluations.Rent();
        var code = codes.CodeOf(Evaluate(evaluation, text));
        _evaluations.Return(evaluation);
        return code;
    }

    private Value Evaluate(Evaluation evaluation, string text)
    {
        evaluation.Begin(text);
        var start = Value.Of(text);
        var value = Value.Undefined;
        if (_applies is null || evaluation.RunForLabel(_applies, start) is { IsDefined: true, Bool: true })
            value = _rule.Run(evaluation, start);
        if (!evaluation.RanOut)
            return value;
        Interlocked.Increment(ref _limitBreaks);
        return Value.Undefined;
    }
}
