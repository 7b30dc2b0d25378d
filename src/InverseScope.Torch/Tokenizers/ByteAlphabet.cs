using System.Text;

namespace InverseScope.Torch.Tokenizers;

/// <summary>
/// The characters that stand for bytes in the files of byte-level tokenizers (GPT-2's encoder): visible ones of Latin-1
/// for themselves, those from U+0100 on for the other bytes in their order.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly Dictionary<char, byte> ByteOfCharacter = Make();

    /// <summary>The bytes of a token; one added by hand may be written as itself, outside the alphabet.</summary>
    public static byte[] Read(string token) =>
        token.All(ByteOfCharacter.ContainsKey) ? [.. token.Select(c => ByteOfCharacter[c])] : Encoding.UTF8.GetBytes(token);

    private static Dictionary<char, byte> Make()
    {
        var bytes = new Dictionary<char, byte>();
        var others = 0;
        for (var b = 0; b <= byte.MaxValue; b++)
        {
            var isVisible = b is (>= '!' and <= '~') or (>= '¡' and <= '¬') or (>= '®' and <= 'ÿ');
            bytes.Add((char)(isVisible ? b : 0x100 + others++), (byte)b);
        }

        return bytes;
    }
}
