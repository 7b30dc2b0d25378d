namespace InverseScope.Core.Statistics;

/// <summary>A closed interval.</summary>
public readonly record struct Interval(double Low, double High)
{
    public double Width => High - Low;

    public bool Contains(double value) => Low <= value && value <= High;

    /// <summary>The interval of a quantity moved and stretched, x ↦ scale · x + offset with scale ≥ 0.</summary>
    public Interval Map(double scale, double offset) => new(scale * Low + offset, scale * High + offset);

    /// <summary>The part inside bounds.</summary>
    public Interval Clamp(double low, double high) => new(Math.Clamp(Low, low, high), Math.Clamp(High, low, high));
}
