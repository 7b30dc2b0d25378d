using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace InverseScope.Sweeps.Hub;

/// <summary>
/// The hash by which the hub names the content of a file: SHA-256 of large files (git LFS), and of small ones git's name
/// of a blob, SHA-1 over <c>"blob " length NUL content</c>.
/// </summary>
internal sealed record HubHash
{
    private const int Sha256Digits = 64;
    private const int Sha1Digits = 40;

    private HubHash(string hex) => Hex = hex;

    /// <summary>Lower case.</summary>
    public string Hex { get; }

    /// <summary>From the value of an ETag header, weak or strong, quoted or not; null if it is no such hash.</summary>
    public static HubHash? OfETag(string? tag)
    {
        if (tag is null)
            return null;
        var bare = tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag;
        bare = bare.Trim('"').ToLowerInvariant();
        return bare.Length is Sha256Digits or Sha1Digits && bare.All(char.IsAsciiHexDigitLower) ? new HubHash(bare) : null;
    }

    /// <summary>A hash of the same kind over nothing yet.</summary>
    /// <param name="size">Bytes that will be given to it in all.</param>
    public IncrementalHash Begin(long size)
    {
        if (Hex.Length == Sha256Digits)
            return IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {size}\0")));
        return hash;
    }

    /// <summary>e.g. <c>sha256:5f70…</c>, <c>git-blob-sha1:8a2b…</c>.</summary>
    public override string ToString() => Hex.Length == Sha256Digits ? $"sha256:{Hex}" : $"git-blob-sha1:{Hex}";
}
