using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace InverseScope.Core;

/// <summary>Names content: equal content, equal hash.</summary>
public static class ContentHash
{
    /// <summary>SHA-256 of the parts, each marked off by its length, hex.</summary>
    public static string Of(params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
        {
            hash.AppendData(BitConverter.GetBytes(part.Length));
            hash.AppendData(Encoding.UTF8.GetBytes(part));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>A number from 0 to below 1 that hangs on the text alone, uniform over texts: from the first 53 bits of SHA-256.</summary>
    public static double ShareOf(string text) =>
        (BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text))) >> 11) * (1.0 / (1UL << 53));
}
