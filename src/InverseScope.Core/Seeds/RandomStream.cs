using System.Numerics;

namespace InverseScope.Core.Seeds;

/// <summary>
/// xoshiro256** (Blackman and Vigna 2018). Our own, because the numbers of <see cref="System.Random"/> may change with
/// the runtime and a stored seed must keep its meaning. Not thread-safe.
/// </summary>
public sealed class RandomStream
{
    private ulong _s0, _s1, _s2, _s3;

    internal RandomStream(ulong s0, ulong s1, ulong s2, ulong s3) =>
        (_s0, _s1, _s2, _s3) = ((s0 | s1 | s2 | s3) == 0 ? 1 : s0, s1, s2, s3);

    /// <summary>64 uniform bits.</summary>
    public ulong NextBits()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in 0 .. <paramref name="below"/> − 1, without modulo bias.</summary>
    public int NextInt(int below)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(below);
        return (int)NextLong(below);
    }

    /// <summary>Uniform in 0 .. <paramref name="below"/> − 1, without modulo bias.</summary>
    public long NextLong(long below)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(below);
        var range = (ulong)below;
        var limit = ulong.MaxValue - (ulong.MaxValue % range + 1) % range;
        ulong bits;
        do
            bits = NextBits();
        while (bits > limit);
        return (long)(bits % range);
    }

    /// <summary>Standard normal (polar method).</summary>
    public double NextNormal()
    {
        double u, v, s;
        do
        {
            u = 2 * NextDouble() - 1;
            v = 2 * NextDouble() - 1;
            s = u * u + v * v;
        }
        while (s is >= 1 or 0);
        return u * Math.Sqrt(-2 * Math.Log(s) / s);
    }

    /// <summary>One of the items, uniformly.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[NextInt(items.Count)];

    /// <summary>Fisher–Yates, in place.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = NextInt(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
