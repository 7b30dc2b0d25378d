using System.Runtime.InteropServices;

namespace InverseScope.Core.Search;

/// <summary>A fingerprint of how labels part the rows, whatever the labels are called.</summary>
internal static class PartitionHash
{
    /// <param name="labels">One label for each row.</param>
    /// <param name="undefined">The label that means undefined, which is a block with a name of its own.</param>
    public static UInt128 Of(ReadOnlySpan<int> labels, int undefined)
    {
        var names = new Dictionary<int, int>();
        ulong low = 14695981039346656037, high = 0x9E3779B97F4A7C15;
        foreach (var label in labels)
        {
            var name = 0;
            if (label != undefined)
            {
                ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(names, label, out var exists);
                if (!exists)
                    known = names.Count;
                name = known;
            }

            low = (low ^ (uint)name) * 1099511628211;
            high = (high + (uint)name) * 0xBF58476D1CE4E5B9;
            high ^= high >> 29;
        }

        return new UInt128(high, low);
    }
}
