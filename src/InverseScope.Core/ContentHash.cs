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
}
