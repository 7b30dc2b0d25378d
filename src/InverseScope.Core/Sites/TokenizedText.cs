namespace InverseScope.Core.Sites;

/// <summary>A text as the target reads it.</summary>
/// <param name="Text">Without begin and end tokens.</param>
/// <param name="Ids">Token ids, with the begin token where the target has one; no end token.</param>
/// <param name="Starts">First character of each token in <paramref name="Text"/>; −1 for special tokens.</param>
/// <param name="Ends">
/// One past the last character of each token; −1 for special tokens. A character may be cut across tokens, each of which
/// then covers it, and a token may cover no character: the space that SentencePiece puts before a text.
/// </param>
public sealed record TokenizedText(string Text, int[] Ids, int[] Starts, int[] Ends)
{
    /// <summary>The characters of token <paramref name="index"/>; empty for special tokens.</summary>
    public ReadOnlySpan<char> Piece(int index) =>
        Starts[index] < 0 ? default : Text.AsSpan(Starts[index], Ends[index] - Starts[index]);
}
