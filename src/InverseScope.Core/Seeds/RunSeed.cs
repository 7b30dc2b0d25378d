using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace InverseScope.Core.Seeds;

/// <summary>
/// The one source of chance of a run. Streams are named, so that their numbers depend on the run seed and the name
/// alone, never on the order in which the streams are asked for: that is what makes a resumed run repeat itself.
/// </summary>
public readonly record struct RunSeed(long Value)
{
    /// <param name="name">What the numbers are for, e.g. <c>references</c>.</param>
    /// <param name="keys">What distinguishes streams of the same name, e.g. a site and a spec hash.</param>
    public RandomStream Stream(string name, params ReadOnlySpan<string> keys)
    {
        var text = new StringBuilder().Append(Value).Append('\n').Append(name);
        foreach (var key in keys)
            text.Append('\n').Append(key.Length).Append(':').Append(key);
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));
        return new RandomStream(
            BinaryPrimitives.ReadUInt64LittleEndian(hash),
            BinaryPrimitives.ReadUInt64LittleEndian(hash.AsSpan(8)),
            BinaryPrimitives.ReadUInt64LittleEndian(hash.AsSpan(16)),
            BinaryPrimitives.ReadUInt64LittleEndian(hash.AsSpan(24)));
    }
}
