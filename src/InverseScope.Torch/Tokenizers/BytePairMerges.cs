namespace InverseScope.Torch.Tokenizers;

/// <summary>
/// The merges of byte-pair encoding (Sennrich et al. 2016): which neighbouring symbols become one, and which first.
/// GPT-2, Llama-3 and SentencePiece differ in their symbols and in how their files rank merges, not in this. Symbols are
/// token ids; a negative number is a symbol that is no token, such as a character outside the vocabulary.
/// </summary>
internal sealed class BytePairMerges
{
    private const int Gone = int.MinValue;
    private readonly Dictionary<(int Left, int Right), (int Rank, int Merged)> _merges = [];

    /// <summary>
    /// For files that rank tokens instead of merges (tiktoken, SentencePiece): any two symbols merge whose texts
    /// together are a token, at the rank of that token.
    /// </summary>
    /// <param name="symbols">Id of every symbol by its text, tokens and others.</param>
    /// <param name="ranked">The tokens that may arise by merging; lower ranks merge first.</param>
    public static BytePairMerges OfTokens(Dictionary<string, int> symbols, IEnumerable<(string Token, int Rank)> ranked)
    {
        var merges = new BytePairMerges();
        var lookup = symbols.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var (token, rank) in ranked)
        {
            for (var cut = 1; cut < token.Length; cut++)
            {
                if (lookup.TryGetValue(token.AsSpan(0, cut), out var left)
                    && lookup.TryGetValue(token.AsSpan(cut), out var right))
                {
                    merges.TryAdd(left, right, rank, symbols[token]);
                }
            }
        }

        return merges;
    }

    /// <returns>Whether the pair had no merge yet; if it had, that one stays.</returns>
    public bool TryAdd(int left, int right, int rank, int merged) => _merges.TryAdd((left, right), (rank, merged));

    /// <summary>
    /// Merges in place until nothing merges: always the pair of the lowest rank, the leftmost of several. Takes
    /// O(n log n), so that a long run of one character costs no more than other texts.
    /// </summary>
    public void Apply(List<int> symbols)
    {
        var count = symbols.Count;
        if (count < 2)
            return;
        var next = new int[count];
        var previous = new int[count];
        var queue = new PriorityQueue<(int Left, int Right, int Merged), (int Rank, int At)>();
        void Offer(int left)
        {
            var right = next[left];
            if (right < count && _merges.TryGetValue((symbols[left], symbols[right]), out var merge))
                queue.Enqueue((left, right, merge.Merged), (merge.Rank, left));
        }

        for (var i = 0; i < count; i++)
            (previous[i], next[i]) = (i - 1, i + 1);
        for (var i = 0; i < count; i++)
            Offer(i);
        while (queue.TryDequeue(out var pair, out _))
        {
            // Either side may have merged with another neighbour since the pair was offered.
            var (left, right, merged) = pair;
            if (next[left] != right || !_merges.TryGetValue((symbols[left], symbols[right]), out var merge) || merge.Merged != merged)
                continue;
            (symbols[left], symbols[right]) = (merged, Gone);
            next[left] = next[right];
            if (next[left] < count)
                previous[next[left]] = left;
            Offer(left);
            if (previous[left] >= 0)
                Offer(previous[left]);
        }

        symbols.RemoveAll(symbol => symbol == Gone);
    }
}
