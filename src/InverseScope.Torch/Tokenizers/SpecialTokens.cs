using InverseScope.Core;

namespace InverseScope.Torch.Tokenizers;

/// <summary>The tokens that control the target and are never text, gathered from the files of a tokenizer.</summary>
internal sealed class SpecialTokens
{
    private readonly HashSet<int> _ids;

    /// <param name="known">Those that the tokenizer's own file names.</param>
    /// <param name="find">Id of a token by its text, in the tokenizer's own file.</param>
    /// <param name="kind">What is usual for this kind of tokenizer, used where the config says nothing.</param>
    /// <exception cref="BadInputException">
    /// The config names a begin or end token that the vocabulary lacks, or gives a token another id.
    /// </exception>
    public SpecialTokens(
        IEnumerable<KeyValuePair<string, int>> known, TokenizerConfig config, Func<string, int?> find,
        (string? Begin, string? End, bool AddsBegin) kind)
    {
        var ids = new Dictionary<string, int>(known, StringComparer.Ordinal);
        int? Find(string token) => ids.TryGetValue(token, out var id) ? id : find(token);
        var literals = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var token in config.Added)
        {
            if (Find(token.Text) is { } other && other != token.Id)
            {
                throw new BadInputException(
                    $"{TokenizerConfig.FileName} gives the token '{token.Text}' the id {token.Id}, the tokenizer's own file {other}.");
            }

            if (token.IsSpecial)
                ids[token.Text] = token.Id;
            else if (!ids.ContainsKey(token.Text))
                literals[token.Text] = token.Id;
        }

        int? Named(string? name, string? usual)
        {
            if (name is null)
                return usual is null ? null : Find(usual);
            return Find(name) ?? throw new BadInputException(
                $"The special token '{name}' of {TokenizerConfig.FileName} is not in the vocabulary.");
        }

        Begin = Named(config.Begin, kind.Begin);
        End = Named(config.End, kind.End);
        AddsBegin = config.AddsBegin ?? kind.AddsBegin;
        if (AddsBegin && Begin is null)
        {
            throw new BadInputException(
                "The target reads a begin token before every text, but its tokenizer has none.",
                $"Name it as bos_token in {TokenizerConfig.FileName}, or set add_bos_token to false there.");
        }

        foreach (var name in config.Special.Concat(new[] { kind.Begin, kind.End }.OfType<string>()))
        {
            if (Find(name) is { } id)
                ids[name] = id;
        }

        Ids = ids;
        _ids = [.. ids.Values];
        Literals = literals.Where(token => !_ids.Contains(token.Value));
    }

    public IReadOnlyDictionary<string, int> Ids { get; }

    /// <summary>Tokens that the config adds and that are text.</summary>
    public IEnumerable<KeyValuePair<string, int>> Literals { get; }

    public int? Begin { get; }

    public int? End { get; }

    /// <summary>Whether texts begin with <see cref="Begin"/>.</summary>
    public bool AddsBegin { get; }

    public bool Contains(int id) => _ids.Contains(id);
}
