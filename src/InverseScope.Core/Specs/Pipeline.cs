using System.Collections;
using System.Runtime.CompilerServices;

namespace InverseScope.Core.Specs;

/// <summary>
/// Steps applied one after the other. It starts from the text, or, nested in a step and beginning with
/// <see cref="Step.It"/>, from the value that this step received. Equal to another if its steps are.
/// </summary>
[CollectionBuilder(typeof(Pipeline), nameof(Create))]
public sealed class Pipeline : IReadOnlyList<Step>, IEquatable<Pipeline>
{
    private readonly ValueList<Step> _steps;

    public Pipeline(params ReadOnlySpan<Step> steps) => _steps = ValueList.Create(steps);

    public int Count => _steps.Count;

    public Step this[int index] => _steps[index];

    public static Pipeline Create(ReadOnlySpan<Step> steps) => new(steps);

    public bool Equals(Pipeline? other) => other is not null && _steps.Equals(other._steps);

    public override bool Equals(object? obj) => Equals(obj as Pipeline);

    public override int GetHashCode() => _steps.GetHashCode();

    public override string ToString() => _steps.ToString();

    public IEnumerator<Step> GetEnumerator() => _steps.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>A value written in a spec: a text, a finite number, or true or false.</summary>
public abstract record Constant
{
    private Constant()
    {
    }

    public sealed record Text(string Value) : Constant;

    public sealed record Number(double Value) : Constant;

    public sealed record Bool(bool Value) : Constant;

    public static implicit operator Constant(string value) => new Text(value);

    public static implicit operator Constant(double value) => new Number(value);

    public static implicit operator Constant(bool value) => new Bool(value);
}

/// <summary>What a comparison compares with: a value, or what a pipeline computes.</summary>
public abstract record Operand
{
    private Operand()
    {
    }

    public sealed record Fixed(Constant Value) : Operand;

    public sealed record Computed(Pipeline Pipeline) : Operand;

    public static implicit operator Operand(string value) => new Fixed(value);

    public static implicit operator Operand(double value) => new Fixed(value);

    public static implicit operator Operand(bool value) => new Fixed(value);

    public static implicit operator Operand(Pipeline pipeline) => new Computed(pipeline);
}
