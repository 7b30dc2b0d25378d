using System.Text;
using System.Text.RegularExpressions;

namespace InverseScope.Torch.Tokenizers;

/// <summary>
/// Cuts a text into the pieces (words, numbers, runs of punctuation or white space) across which byte pairs never merge.
/// </summary>
internal sealed partial class PreTokenizer
{
    private const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private const string Llama3Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    // Case does not matter in Unicode's sense to the original, for which the long s is an s too.
    private const string Llama3Here =
        @"'(?:[sSſ]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        + @"|\s*[\r\n]+|\s+(?!\S)|\s+";

    private readonly Regex _piece;

    private PreTokenizer(Regex piece) => _piece = piece;

    /// <summary>As in OpenAI's encoder of GPT-2 (Radford et al. 2019).</summary>
    public static PreTokenizer Gpt2 { get; } = new(Gpt2Piece());

    /// <summary>As in Meta's tokenizer of Llama-3: contractions in any case, numbers in threes.</summary>
    public static PreTokenizer Llama3 { get; } = new(Llama3Piece());

    /// <summary>The pre-tokenizer of a regular expression as published; null if it is of another model.</summary>
    public static PreTokenizer? OfPattern(string pattern) => pattern switch
    {
        Gpt2Pattern => Gpt2,
        Llama3Pattern => Llama3,
        _ => null,
    };

    /// <summary>Ranges that cover the text without gap or overlap. No surrogate pair is cut.</summary>
    /// <param name="text">Valid Unicode.</param>
    public List<Range> Split(ReadOnlySpan<char> text)
    {
        var pieces = new List<Range>();
        if (text.IndexOfAnyInRange('\ud800', '\udfff') < 0)
        {
            foreach (var match in _piece.EnumerateMatches(text))
                pieces.Add(match.Index..(match.Index + match.Length));
            return pieces;
        }

        // The patterns speak of characters, .NET's regular expressions of halves of surrogate pairs, which are neither
        // letters nor numbers to them. A character of the same class that occurs in no pattern stands for each pair.
        var single = new StringBuilder(text.Length);
        var starts = new List<int>(text.Length + 1);
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            starts.Add(at);
            at += rune.Utf16SequenceLength;
            single.Append(rune.IsBmp ? (char)rune.Value : Rune.IsLetter(rune) ? 'ª' : Rune.IsNumber(rune) ? '²' : '\ufffd');
        }

        starts.Add(at);
        foreach (var match in _piece.EnumerateMatches(single.ToString()))
            pieces.Add(starts[match.Index]..starts[match.Index + match.Length]);
        return pieces;
    }

    [GeneratedRegex(Gpt2Pattern, RegexOptions.CultureInvariant)]
    private static partial Regex Gpt2Piece();

    [GeneratedRegex(Llama3Here, RegexOptions.CultureInvariant)]
    private static partial Regex Llama3Piece();
}
