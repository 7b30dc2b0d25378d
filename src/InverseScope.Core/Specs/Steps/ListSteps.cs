using InverseScope.Core.Specs.Compilation;
using InverseScope.Core.Specs.Running;
using InverseScope.Core.Specs.Syntax;

namespace InverseScope.Core.Specs.Steps;

/// <summary>Steps over lists that give lists or one item.</summary>
internal static class ListSteps
{
    private static readonly Form<int> Times = Form.Refine(
        Form.Integer, "how many times, 0 or more", n => n < 0 ? "nothing occurs a negative number of times" : null,
        schema => schema["minimum"] = 0);

    private const int ShortList = 16;

    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        Define.With(
            "in", Form.SomeText.As(name => new Step.In(name), step => step.Lexicon), StepType.List, StepType.List,
            "keeps members of a lexicon", static step => $"keep those in the lexicon {English.Quote(step.Lexicon)}",
            static (step, binding) => binding.Lexicon(step.Lexicon) is { } words
                ? (e, v) => Keep(v.List, e.NewList(), words, keepMembers: true)
                : null),

        Define.With(
            "not_in", Form.SomeText.As(name => new Step.NotIn(name), step => step.Lexicon), StepType.List, StepType.List,
            "drops members of a lexicon", static step => $"drop those in the lexicon {English.Quote(step.Lexicon)}",
            static (step, binding) => binding.Lexicon(step.Lexicon) is { } words
                ? (e, v) => Keep(v.List, e.NewList(), words, keepMembers: false)
                : null),

        Define.With(
            "where", PipelineForm.Instance.As(p => new Step.Where(p), step => step.Condition),
            StepType.List, StepType.List, "keeps the items for which a pipeline over the item ('it') is true",
            static step => $"keep those for which this is true: {English.Nested(step.Condition)}",
            static (step, binding) =>
            {
                if (binding.Pipeline(step.Condition, StepType.Bool, StepType.Text) is not { } condition)
                    return null;
                return (e, v) =>
                {
                    var kept = e.NewList();
                    foreach (ref readonly var item in v.List.Items)
                    {
                        if (e.RunForLabel(condition, Value.Of(item)) is { IsDefined: true, Bool: true })
                            kept.Add(item);
                    }

                    return Value.Of(kept);
                };
            }),

        Define.With(
            "occurring",
            Form.Either(
                static step => step.Least == step.Most ? 0 : 1,
                Times.As(n => new Step.Occurring(n), step => step.Least),
                new ObjectForm<Step.Occurring>(
                    "{min: …, max: …}", new Step.Occurring(0, null),
                    [
                        Field.Optional<Step.Occurring, int>(
                            "min", "at least how many times", Times, s => s.Least, (s, v) => s with { Least = v }),
                        Field.Optional<Step.Occurring, int?>(
                            "max", "at most how many times", Times.As(n => (int?)n, n => n!.Value), s => s.Most,
                            (s, v) => s with { Most = v }),
                    ],
                    step => step.Most < step.Least ? $"min {step.Least} is above max {step.Most}." : null)),
            StepType.List, StepType.List, "keeps what occurs so many times in the list",
            static step => $"keep those that occur {TimesText(step)}",
            static step => (e, v) =>
            {
                var items = v.List.Items;
                var kept = e.NewList();
                // Looking through a short list is faster than hashing it.
                var counts = items.Length > ShortList ? e.Count(v.List) : null;
                foreach (ref readonly var item in items)
                {
                    var count = counts is null ? items.Count(item) : counts[item];
                    if (count >= step.Least && !(count > step.Most))
                        kept.Add(item);
                }

                return Value.Of(kept);
            }),

        Define.With(
            "slice",
            new ObjectForm<Step.Slice>(
                "{from: …, to: …}", new Step.Slice(),
                [
                    Field.Optional<Step.Slice, int>(
                        "from", "index of the first item, negative from the end", Form.Integer, s => s.From,
                        (s, v) => s with { From = v }),
                    Field.Optional<Step.Slice, int?>(
                        "to", "index after the last item, negative from the end", Form.Integer.As(n => (int?)n, n => n!.Value),
                        s => s.To, (s, v) => s with { To = v }),
                ]),
            StepType.List, StepType.List, "items from an index up to, not including, another",
            static step => $"take items {English.Number(step.From)} up to {(step.To is { } to ? $"but not including {English.Number(to)}" : "the end")}",
            static step => (e, v) =>
            {
                var items = v.List.Items;
                var from = Clamp(step.From, items.Length);
                var to = step.To is { } end ? Clamp(end, items.Length) : items.Length;
                var kept = e.NewList();
                for (var i = from; i < to; i++)
                    kept.Add(items[i]);
                return Value.Of(kept);
            }),

        Define.Bare<Step.Distinct>(
            "distinct", StepType.List, StepType.List, "keep the first of equal ones", "keeps the first of equal items",
            static (e, v) =>
            {
                var kept = e.NewList();
                var seen = e.Count(kept);
                foreach (ref readonly var item in v.List.Items)
                {
                    if (seen.TryAdd(item, 1))
                        kept.Add(item);
                }

                return Value.Of(kept);
            }),

        Define.Bare<Step.Sort>(
            "sort", StepType.List, StepType.List, "sort them", "sorts by character code",
            static (e, v) =>
            {
                var sorted = Copy(v.List, e.NewList());
                sorted.Items.Sort(static (a, b) => a.Span.SequenceCompareTo(b.Span));
                return Value.Of(sorted);
            }),

        Define.Bare<Step.Reverse>(
            "reverse", StepType.List, StepType.List, "reverse their order", "reverses the order",
            static (e, v) =>
            {
                var reversed = Copy(v.List, e.NewList());
                reversed.Items.Reverse();
                return Value.Of(reversed);
            }),

        Define.Bare<Step.First>(
            "first", StepType.List, StepType.Text, "take the first", "the first item",
            static (_, v) => Item(v.List, 0)),

        Define.Bare<Step.Last>(
            "last", StepType.List, StepType.Text, "take the last", "the last item",
            static (_, v) => Item(v.List, -1)),

        Define.With(
            "nth", Form.Integer.As(k => new Step.Nth(k), step => step.Index), StepType.List, StepType.Text,
            "the item at a 0-based index, negative from the end",
            static step => step.Index >= 0
                ? $"take item {English.Number(step.Index)} (counting from 0)"
                : $"take item {English.Number(-(double)step.Index)} from the end",
            static step => (_, v) => Item(v.List, step.Index)),

        Define.With(
            "join", Form.Text.As(s => new Step.Join(s), step => step.Separator), StepType.List, StepType.Text,
            "all items in one text, with a separator",
            static step => step.Separator.Length == 0 ? "join them" : $"join them with {English.Quote(step.Separator)}",
            static step => (e, v) =>
            {
                var list = v.List;
                var length = Math.Max(0L, (long)step.Separator.Length * (list.Count - 1));
                foreach (ref readonly var item in list.Items)
                    length += item.Length;
                if (!e.Spend((int)Math.Min(length, int.MaxValue)))
                    return Value.Undefined;
                return Value.Of(string.Create((int)length, (list, step.Separator), static (span, parts) =>
                {
                    for (var i = 0; i < parts.list.Count; i++)
                    {
                        if (i > 0)
                        {
                            parts.Separator.CopyTo(span);
                            span = span[parts.Separator.Length..];
                        }

                        parts.list[i].Span.CopyTo(span);
                        span = span[parts.list[i].Length..];
                    }
                }));
            }),

        Define.Bare<Step.Count>(
            "count", StepType.List, StepType.Number, "count them", "number of items",
            static (_, v) => Value.Of((double)v.List.Count)),
    ];

    private static Value Keep(TextList list, TextList kept, WordSet words, bool keepMembers)
    {
        foreach (ref readonly var item in list.Items)
        {
            if (words.Contains(item.Span) == keepMembers)
                kept.Add(item);
        }

        return Value.Of(kept);
    }

    private static TextList Copy(TextList list, TextList into)
    {
        foreach (ref readonly var item in list.Items)
            into.Add(item);
        return into;
    }

    private static Value Item(TextList list, int index)
    {
        var at = index < 0 ? (long)list.Count + index : index;
        return at >= 0 && at < list.Count ? Value.Of(list[(int)at]) : Value.Undefined;
    }

    private static int Clamp(int index, int count) =>
        (int)Math.Clamp(index < 0 ? (long)count + index : index, 0, count);

    private static string TimesText(Step.Occurring step) => (step.Least, step.Most) switch
    {
        (1, 1) => "exactly once",
        (var min, var max) when min == max => $"exactly {min} times",
        (var min, null) => $"at least {min} times",
        (0, var max) => $"at most {max} times",
        (var min, var max) => $"{min} to {max} times",
    };
}
