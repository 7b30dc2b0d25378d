using System.Runtime.InteropServices;
using System.Text;

namespace InverseScope.Torch.Tokenizers;

/// <summary>What every token stands for in UTF-8; a character may be cut across tokens.</summary>
/// <param name="bytes">Of every token by id, special ones included.</param>
internal sealed class TokenBytes(IReadOnlyDictionary<int, byte[]> bytes, SpecialTokens special)
{
    public int Length(int id) => bytes[id].Length;

    /// <summary>
    /// Joins the bytes of all tokens but special ones before it reads them; what is no UTF-8, as ids in any order can
    /// give, becomes U+FFFD.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">No token has one of the ids.</exception>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var joined = new List<byte>(4 * ids.Length);
        foreach (var id in ids)
        {
            if (special.Contains(id))
                continue;
            if (!bytes.TryGetValue(id, out var token))
                throw new ArgumentOutOfRangeException(nameof(ids), id, "The vocabulary has no token of this id.");
            joined.AddRange(token);
        }

        return Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(joined));
    }
}
