using InverseScope.Core.Specs;

namespace InverseScope.Core.Search;

/// <summary>A term built on one other.</summary>
internal abstract class Unary(Term inner, double cost) : Term
{
    public Term Inner { get; } = inner;

    public override double Complexity => Inner.Complexity + cost;

    public override IEnumerable<Atom> Atoms => Inner.Atoms;

    public override Column Evaluate(SiteTable table, int[] target)
    {
        var column = Inner.Evaluate(table, target);
        return Apply(column, column.Codes.AsSpan(0, table.Rows), target);
    }

    /// <summary><paramref name="codes"/> may be <paramref name="target"/> itself.</summary>
    protected abstract Column Apply(Column column, ReadOnlySpan<int> codes, int[] target);
}

/// <summary>A term built on two others.</summary>
internal abstract class Binary(Term left, Term right, double cost) : Term
{
    public Term Left { get; } = left;

    public Term Right { get; } = right;

    public override double Complexity => Left.Complexity + Right.Complexity + cost;

    public override IEnumerable<Atom> Atoms => Left.Atoms.Concat(Right.Atoms);

    public override Column Evaluate(SiteTable table, int[] target)
    {
        var scratch = table.Rent();
        var left = Left.Evaluate(table, target);
        var right = Right.Evaluate(table, scratch);
        var column = Combine(
            left, right, left.Codes.AsSpan(0, table.Rows), right.Codes.AsSpan(0, table.Rows), target);
        table.Return(scratch);
        return column;
    }

    /// <summary><paramref name="a"/> may be <paramref name="target"/> itself.</summary>
    protected abstract Column Combine(Column left, Column right, ReadOnlySpan<int> a, ReadOnlySpan<int> b, int[] target);
}

/// <summary>Number ≥ a constant.</summary>
internal sealed class AtLeast(Term inner, int bound) : Unary(inner, 0.5)
{
    public override string Family => $"{Inner.Family}, threshold";

    public override TermKind Kind => TermKind.Bool;

    public override Pipeline Steps => [.. Inner.NumberSteps, new Step.Ge(bound)];

    public override string Phrase => $"{Inner.Phrase} is at least {Wording.Number(bound)}";

    public override string Denial => $"{Inner.Phrase} is below {Wording.Number(bound)}";

    protected override Column Apply(Column column, ReadOnlySpan<int> codes, int[] target)
    {
        var code = bound - column.Offset;
        for (var i = 0; i < codes.Length; i++)
            target[i] = codes[i] < 0 ? Column.Undefined : codes[i] >= code ? 1 : 0;
        return new Column(target, 2);
    }
}

/// <summary>Character or word = a constant.</summary>
internal sealed class Is(Term inner, int code, string value) : Unary(inner, 0.5)
{
    public override string Family => "equal to a constant";

    public override TermKind Kind => TermKind.Bool;

    public override Pipeline Steps => [.. Inner.Steps, new Step.Eq(value)];

    public override string Phrase => $"{Inner.Phrase} is '{value}'";

    public override string Denial => $"{Inner.Phrase} is not '{value}'";

    protected override Column Apply(Column column, ReadOnlySpan<int> codes, int[] target)
    {
        for (var i = 0; i < codes.Length; i++)
            target[i] = codes[i] < 0 ? Column.Undefined : codes[i] == code ? 1 : 0;
        return new Column(target, 2);
    }
}

/// <summary>True where a clause is false.</summary>
internal sealed class Denied(Term inner) : Unary(inner, 0.25)
{
    public override string Family => "denial";

    public override TermKind Kind => TermKind.Bool;

    public override Pipeline Steps => [new Step.Not(Inner.Steps)];

    public override string Phrase => Inner.Denial;

    public override string Denial => Inner.Phrase;

    protected override Column Apply(Column column, ReadOnlySpan<int> codes, int[] target)
    {
        for (var i = 0; i < codes.Length; i++)
            target[i] = codes[i] < 0 ? Column.Undefined : 1 - codes[i];
        return new Column(target, 2);
    }
}

/// <summary>Remainder of a number that is never negative.</summary>
internal sealed class Remainder(Term inner, int divisor) : Unary(inner, 0.75)
{
    public override string Family => $"{Inner.Family}, remainder";

    public override TermKind Kind => TermKind.Number;

    public override Pipeline Steps => [.. Inner.NumberSteps, new Step.Mod(divisor)];

    public override string Phrase => divisor switch
    {
        2 => $"remainder of {Wording.Operand(Inner)} divided by 2",
        10 => $"last digit of {Wording.Operand(Inner)}",
        100 => $"last 2 digits of {Wording.Operand(Inner)}",
        _ => $"{Inner.Phrase} modulo {Wording.Number(divisor)}",
    };

    protected override Column Apply(Column column, ReadOnlySpan<int> codes, int[] target)
    {
        for (var i = 0; i < codes.Length; i++)
            target[i] = codes[i] < 0 ? Column.Undefined : (codes[i] + column.Offset) % divisor;
        return new Column(target, divisor);
    }
}

/// <summary>Whole part of the quotient of a number that is never negative.</summary>
internal sealed class Quotient(Term inner, int divisor) : Unary(inner, 0.75)
{
    public override string Family => $"{Inner.Family}, quotient";

    public override TermKind Kind => TermKind.Number;

    public override Pipeline Steps => [.. Inner.NumberSteps, new Step.Div(divisor)];

    public override string Phrase => divisor switch
    {
        10 => $"{Inner.Phrase}, in whole tens",
        100 => $"{Inner.Phrase}, in whole hundreds",
        _ => $"{Inner.Phrase} divided by {Wording.Number(divisor)}, whole part",
    };

    protected override Column Apply(Column column, ReadOnlySpan<int> codes, int[] target)
    {
        for (var i = 0; i < codes.Length; i++)
            target[i] = codes[i] < 0 ? Column.Undefined : (codes[i] + column.Offset) / divisor;
        return new Column(target, (column.Count - 1 + column.Offset) / divisor + 1);
    }
}

internal enum Operation
{
    Sum,
    Difference,
    Product,
    Max,
    Min,
}

/// <summary>A number made of two.</summary>
internal sealed class Arithmetic(Operation operation, Term left, Term right) : Binary(left, right, Cost(operation))
{
    public override string Family => operation.ToString().ToLowerInvariant();

    public override TermKind Kind => TermKind.Number;

    public override Pipeline Steps => operation switch
    {
        Operation.Sum => [new Step.Sum([.. Summands.Select(s => s.NumberSteps)])],
        Operation.Difference => [new Step.Difference([Left.NumberSteps, Right.NumberSteps])],
        Operation.Product => [new Step.Product([Left.NumberSteps, Right.NumberSteps])],
        Operation.Max => [new Step.Max([Left.NumberSteps, Right.NumberSteps])],
        _ => [new Step.Min([Left.NumberSteps, Right.NumberSteps])],
    };

    public override string Phrase => operation switch
    {
        Operation.Sum => $"sum of {Wording.List([.. Summands.Select(Wording.Operand)])}",
        Operation.Difference => $"{(Left is Atom ? Left.Phrase : Wording.Operand(Left))} minus {Wording.Operand(Right)}",
        Operation.Product => $"product of {Operands}",
        Operation.Max => $"larger of {Operands}",
        _ => $"smaller of {Operands}",
    };

    /// <summary>A sum of sums is one sum.</summary>
    private IEnumerable<Term> Summands => Left is Arithmetic { IsSum: true } left ? left.Summands.Append(Right) : [Left, Right];

    private bool IsSum => operation == Operation.Sum;

    private string Operands => $"{Wording.Operand(Left)} and {Wording.Operand(Right)}";

    protected override Column Combine(
        Column left, Column right, ReadOnlySpan<int> a, ReadOnlySpan<int> b, int[] target)
    {
        switch (operation)
        {
            case Operation.Sum:
                for (var i = 0; i < a.Length; i++)
                    target[i] = (a[i] | b[i]) < 0 ? Column.Undefined : a[i] + b[i];
                return new Column(target, left.Count + right.Count - 1, left.Offset + right.Offset);
            case Operation.Difference:
                var shift = right.Count - 1;
                for (var i = 0; i < a.Length; i++)
                    target[i] = (a[i] | b[i]) < 0 ? Column.Undefined : a[i] - b[i] + shift;
                return new Column(target, left.Count + shift, left.Offset - right.Offset - shift);
            case Operation.Product:
                for (var i = 0; i < a.Length; i++)
                {
                    target[i] = (a[i] | b[i]) < 0
                        ? Column.Undefined
                        : (a[i] + left.Offset) * (b[i] + right.Offset);
                }

                return new Column(target, (left.Count - 1 + left.Offset) * (right.Count - 1 + right.Offset) + 1);
            default:
                var offset = Math.Min(left.Offset, right.Offset);
                var (u, v) = (left.Offset - offset, right.Offset - offset);
                for (var i = 0; i < a.Length; i++)
                {
                    target[i] = (a[i] | b[i]) < 0
                        ? Column.Undefined
                        : operation == Operation.Max ? Math.Max(a[i] + u, b[i] + v) : Math.Min(a[i] + u, b[i] + v);
                }

                return new Column(target, Math.Max(left.Count + u, right.Count + v), offset);
        }
    }

    private static double Cost(Operation operation) => operation switch
    {
        Operation.Sum => 1,
        Operation.Difference => 1.25,
        Operation.Product => 2,
        _ => 1.5,
    };
}

/// <summary>Two labels at once: in order (a tuple) or without order (a set).</summary>
internal sealed class Pairing(bool ordered, Term left, Term right) : Binary(left, right, ordered ? 1 : 0.75)
{
    public bool Ordered { get; } = ordered;

    public override string Family => Ordered ? "ordered pair" : "unordered pair";

    public override TermKind Kind => TermKind.Joint;

    // As numbers, because a set of a text and a number is not without order: "6" and 2 are not 6 and "2".
    public override Pipeline Steps =>
        [Ordered
            ? new Step.Tuple([Left.NumberSteps, Right.NumberSteps])
            : new Step.Set([Left.NumberSteps, Right.NumberSteps])];

    public override string Phrase => Ordered
        ? $"{Left.Phrase} together with {Wording.Operand(Right)}"
        : $"unordered pair of {Wording.Operand(Left)} and {Wording.Operand(Right)}";

    protected override Column Combine(
        Column left, Column right, ReadOnlySpan<int> a, ReadOnlySpan<int> b, int[] target)
    {
        var offset = Ordered ? 0 : Math.Min(left.Offset, right.Offset);
        var (u, v) = Ordered ? (0, 0) : (left.Offset - offset, right.Offset - offset);
        var width = Ordered ? right.Count : Math.Max(left.Count + u, right.Count + v);
        var count = (long)(Ordered ? left.Count : width) * width;
        if (count <= 1 << 16)
        {
            for (var i = 0; i < a.Length; i++)
                target[i] = (a[i] | b[i]) < 0 ? Column.Undefined : (int)Code(a[i] + u, b[i] + v, width);
            return new Column(target, (int)count);
        }

        var wide = new long[a.Length];
        for (var i = 0; i < a.Length; i++)
            wide[i] = (a[i] | b[i]) < 0 ? -1 : Code(a[i] + u, b[i] + v, width);
        return new Column(target, Column.Compress(wide, target));
    }

    private long Code(int a, int b, int width) =>
        Ordered || a <= b ? (long)a * width + b : (long)b * width + a;
}

/// <summary>Whether two values are the same, or the first number is at least the second.</summary>
internal sealed class Comparison(bool equal, Term left, Term right) : Binary(left, right, equal ? 1 : 1.75)
{
    public override string Family => equal ? "equality" : "order of two numbers";

    public override TermKind Kind => TermKind.Bool;

    public override Pipeline Steps => equal
        ? [.. Left.NumberSteps, new Step.Eq(Right.NumberSteps)]
        : [.. Left.NumberSteps, new Step.Ge(Right.NumberSteps)];

    public override string Phrase => equal
        ? $"{Left.Phrase} equals {Wording.Operand(Right)}"
        : $"{Left.Phrase} is at least {Wording.Operand(Right)}";

    public override string Denial => equal
        ? $"{Left.Phrase} differs from {Wording.Operand(Right)}"
        : $"{Left.Phrase} is below {Wording.Operand(Right)}";

    protected override Column Combine(
        Column left, Column right, ReadOnlySpan<int> a, ReadOnlySpan<int> b, int[] target)
    {
        var shift = right.Offset - left.Offset;
        for (var i = 0; i < a.Length; i++)
        {
            target[i] = (a[i] | b[i]) < 0
                ? Column.Undefined
                : (equal ? a[i] == b[i] + shift : a[i] >= b[i] + shift) ? 1 : 0;
        }

        return new Column(target, 2);
    }
}

/// <summary>Both, or at least one, of two clauses.</summary>
internal sealed class Junction(bool all, Term left, Term right) : Binary(left, right, 1.5)
{
    public override string Family => all ? "both" : "either";

    public override TermKind Kind => TermKind.Bool;

    public override Pipeline Steps =>
        [all ? new Step.All([Left.Steps, Right.Steps]) : new Step.Any([Left.Steps, Right.Steps])];

    public override string Phrase => $"{Left.Phrase} {(all ? "and" : "or")} {Wording.Clause(Right.Phrase)}";

    public override string Denial => $"{Left.Denial} {(all ? "or" : "and")} {Wording.Clause(Right.Denial)}";

    protected override Column Combine(
        Column left, Column right, ReadOnlySpan<int> a, ReadOnlySpan<int> b, int[] target)
    {
        for (var i = 0; i < a.Length; i++)
            target[i] = (a[i] | b[i]) < 0 ? Column.Undefined : all ? a[i] & b[i] : a[i] | b[i];
        return new Column(target, 2);
    }
}
