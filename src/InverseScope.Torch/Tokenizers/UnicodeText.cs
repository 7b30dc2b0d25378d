using System.Text;
using InverseScope.Core;

namespace InverseScope.Torch.Tokenizers;

/// <summary>Characters of texts, which are sequences of UTF-16 with one or two units for each.</summary>
internal static class UnicodeText
{
    /// <exception cref="BadInputException">Half of a surrogate pair stands alone.</exception>
    public static void Check(string text)
    {
        for (var i = 0; i < text.Length;)
        {
            if (!Rune.TryGetRuneAt(text, i, out var rune))
            {
                throw new BadInputException(
                    $"The text \"{text}\" is not valid Unicode: half of a surrogate pair stands alone at {i}.");
            }

            i += rune.Utf16SequenceLength;
        }
    }
}
