using System.Diagnostics;
using InverseScope.Core.Specs.Compilation;

namespace InverseScope.Core.Specs.Running;

/// <summary>A compiled step: total, without side effects but for the evaluation's scratch lists and budget.</summary>
internal delegate Value StepFunction(Evaluation evaluation, Value input);

/// <summary>The scratch and the budget of labelling one text; reused for the next one. Not thread-safe.</summary>
internal sealed class Evaluation
{
    /// <summary>
    /// Characters and items that one label may walk through. It bounds time (some tenths of a second) and memory,
    /// and depends on nothing but text and spec, so that a label that runs out is undefined every time.
    /// </summary>
    public const int Budget = 4_000_000;

    /// <summary>What <see cref="RanOut"/> means, for messages.</summary>
    public const string BudgetFailure = "it walked through more characters and items than one label may";

    private readonly List<TextList> _lists = [];
    private readonly Dictionary<TextSlice, int> _counts = [];
    private int _listsInUse;
    private int _left;
    private TimeSpan _regexTime;

    /// <summary>The text being labelled.</summary>
    public string Text { get; private set; } = "";

    public bool RanOut => _left < 0;

    public void Begin(string text)
    {
        Text = text;
        _left = Budget;
        _regexTime = TimeSpan.Zero;
        _listsInUse = 0;
    }

    /// <returns>False if the budget does not allow it; then the label is undefined.</returns>
    public bool Spend(int work)
    {
        if (_left < 0)
            return false;
        _left -= work;
        return _left >= 0;
    }

    /// <summary>Ends the label: a backstop outside the budget was hit.</summary>
    public void Exhaust() => _left = -1;

    /// <summary>
    /// Counts the time since <paramref name="began"/>, a <see cref="Stopwatch"/> timestamp, as spent in regular expressions:
    /// their work is linear, but a character may cost many thousand operations.
    /// </summary>
    /// <returns>False if all of the label's together took too long; then the label is undefined.</returns>
    public bool SpendRegexTime(long began)
    {
        _regexTime += Stopwatch.GetElapsedTime(began);
        if (_regexTime > SafeRegex.MaxTime)
            Exhaust();
        return !RanOut;
    }

    /// <summary>An empty list, good until the pipeline that asked for it ends.</summary>
    public TextList NewList()
    {
        if (_listsInUse == _lists.Count)
            _lists.Add(new TextList());
        var list = _lists[_listsInUse++];
        list.Clear();
        return list;
    }

    /// <summary>Runs a pipeline whose result is not a list, and takes back the lists that it used.</summary>
    public Value RunForLabel(CompiledPipeline pipeline, in Value current)
    {
        var lists = _listsInUse;
        var result = pipeline.Run(this, current);
        _listsInUse = lists;
        return result;
    }

    /// <summary>How often each item occurs; good until the next call.</summary>
    public Dictionary<TextSlice, int> Count(TextList list)
    {
        _counts.Clear();
        foreach (ref readonly var item in list.Items)
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_counts, item, out _)++;
        return _counts;
    }
}

/// <summary>Steps ready to run.</summary>
/// <param name="type">Type of the result.</param>
/// <param name="fromText">Whether it starts from the text, rather than from the current value.</param>
internal sealed class CompiledPipeline(StepType type, bool fromText, StepFunction[] steps)
{
    public StepType Type { get; } = type;

    public Value Run(Evaluation evaluation, Value current)
    {
        var value = fromText ? Value.Of(evaluation.Text) : current;
        foreach (var step in steps)
        {
            if (!evaluation.Spend(1 + value.Size))
                return Value.Undefined;
            value = step(evaluation, value);
            if (!value.IsDefined)
                return value;
        }

        return value;
    }
}
