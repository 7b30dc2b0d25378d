using InverseScope.Core.Specs.Compilation;
using InverseScope.Core.Specs.Running;
using InverseScope.Core.Specs.Syntax;

namespace InverseScope.Core.Specs.Steps;

/// <summary>Steps that give numbers.</summary>
internal static class NumberSteps
{
    private static readonly Form<double> Divisor = Form.Refine(
        Form.Number, "a number other than 0", n => n == 0 ? "nothing can be divided by 0" : null,
        schema => schema["not"] = new System.Text.Json.Nodes.JsonObject
        {
            ["enum"] = new System.Text.Json.Nodes.JsonArray(0),
        });

    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        Define.Bare<Step.Length>(
            "length", StepType.Text, StepType.Number, "count the characters", "number of characters",
            static (_, v) => Value.Of((double)TextSplitter.CountChars(v.Text.Span))),

        Define.Bare<Step.Int>(
            "int", StepType.Text, StepType.Number, "read it as a whole number", "the whole number that the text spells",
            static (_, v) => WholeNumber(v.Text.Span)),

        Define.With(
            "index_of", Form.SomeText.As(s => new Step.IndexOf(s), step => step.Text), StepType.Text | StepType.List,
            StepType.Number, "0-based index of a text's first occurrence, or of the first item equal to it",
            static step => $"find the index of the first {English.Quote(step.Text)}",
            static (step, binding) => binding.Input == StepType.Text
                ? (_, v) => IndexIn(v.Text.Span, step.Text)
                : (_, v) => IndexIn(v.List, step.Text)),

        Fold(
            "sum", 1, int.MaxValue, terms => new Step.Sum(terms), step => step.Terms, "sum of what pipelines give",
            static step => $"add up {English.Nested(step.Terms)}", static (a, b) => a + b),

        Fold(
            "difference", 2, 2, terms => new Step.Difference(terms), step => step.Terms,
            "what the first of two pipelines gives minus what the second gives",
            static step => $"subtract {English.Nested(step.Terms.Skip(1))} from {English.Nested(step.Terms.Take(1))}",
            static (a, b) => a - b),

        Fold(
            "product", 1, int.MaxValue, factors => new Step.Product(factors), step => step.Factors,
            "product of what pipelines give", static step => $"multiply {English.Nested(step.Factors)}",
            static (a, b) => a * b),

        Define.With(
            "div", Divisor.As(n => new Step.Div(n), step => step.Divisor), StepType.Number, StepType.Number,
            "quotient, rounded down to a whole number",
            static step => $"divide it by {English.Number(step.Divisor)}, rounding down",
            static step => (_, v) => Value.Of(Math.Floor(v.Number / step.Divisor))),

        Define.With(
            "mod", Divisor.As(n => new Step.Mod(n), step => step.Divisor), StepType.Number, StepType.Number,
            "remainder of a division, with the divisor's sign",
            static step => $"take its remainder by {English.Number(step.Divisor)}",
            static step => (_, v) => Value.Of(Remainder(v.Number, step.Divisor))),

        Fold(
            "min", 1, int.MaxValue, items => new Step.Min(items), step => step.Items, "smallest of what pipelines give",
            static step => $"take the smallest of {English.Nested(step.Items)}", Math.Min),

        Fold(
            "max", 1, int.MaxValue, items => new Step.Max(items), step => step.Items, "largest of what pipelines give",
            static step => $"take the largest of {English.Nested(step.Items)}", Math.Max),

        Define.With(
            "bucket",
            Form.Refine(
                Form.List(Form.Number, 1), "a list of edges, each above the one before",
                edges => edges.Zip(edges.Skip(1)).All(pair => pair.First < pair.Second) ? null : "the edges do not ascend")
                .As(edges => new Step.Bucket(edges), step => step.Edges),
            StepType.Number, StepType.Number, "how many of the ascending edges the number has reached",
            static step => $"count how many of the edges {English.And(step.Edges.Select(English.Number))} it has reached",
            static step =>
            {
                var edges = step.Edges.ToArray();
                return (_, v) =>
                {
                    var at = Array.BinarySearch(edges, v.Number);
                    return Value.Of((double)(at < 0 ? ~at : at + 1));
                };
            }),
    ];

    private static StepDefinition Fold<TStep>(
        string name, int least, int most, Func<ValueList<Pipeline>, TStep> make,
        Func<TStep, ValueList<Pipeline>> take, string summary, Func<TStep, string> explain,
        Func<double, double, double> combine)
        where TStep : Step =>
        Define.With(
            name, Form.List(PipelineForm.Instance, least, most).As(make, take), StepType.Any, StepType.Number, summary,
            explain,
            (step, binding) =>
            {
                if (binding.Pipelines(take(step), StepType.Number, least, most) is not { } pipelines)
                    return null;
                return (e, v) =>
                {
                    var result = 0.0;
                    for (var i = 0; i < pipelines.Length; i++)
                    {
                        var next = e.RunForLabel(pipelines[i], v);
                        if (!next.IsDefined)
                            return next;
                        result = i == 0 ? next.Number : combine(result, next.Number);
                    }

                    return Value.Of(result);
                };
            });

    private static double Remainder(double number, double divisor)
    {
        var remainder = number % divisor;
        return remainder != 0 && remainder < 0 != divisor < 0 ? remainder + divisor : remainder;
    }

    // At most 15 digits, which a double holds exactly.
    private static Value WholeNumber(ReadOnlySpan<char> text)
    {
        var digits = text.Trim();
        var negative = digits.Length > 0 && digits[0] == '-';
        if (negative || (digits.Length > 0 && digits[0] == '+'))
            digits = digits[1..];
        if (digits.Length is 0 or > 15)
            return Value.Undefined;
        var number = 0L;
        foreach (var c in digits)
        {
            if (!char.IsAsciiDigit(c))
                return Value.Undefined;
            number = 10 * number + (c - '0');
        }

        return Value.Of((double)(negative ? -number : number));
    }

    private static Value IndexIn(ReadOnlySpan<char> text, string sought)
    {
        var at = text.IndexOf(sought, StringComparison.Ordinal);
        return at < 0 ? Value.Undefined : Value.Of((double)TextSplitter.CountChars(text[..at]));
    }

    private static Value IndexIn(TextList list, string sought)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i].Span.SequenceEqual(sought))
                return Value.Of((double)i);
        }

        return Value.Undefined;
    }
}
