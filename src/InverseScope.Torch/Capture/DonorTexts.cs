using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Models;
using static TorchSharp.torch;

namespace InverseScope.Torch.Capture;

/// <summary>Texts that give their activation at a site, each with its row among them.</summary>
internal sealed class DonorTexts
{
    private readonly (int[] Ids, int Position)[] _texts;
    private readonly Dictionary<string, long> _rows;

    /// <param name="texts">Any number of times each. One that lacks the site's position gives nothing.</param>
    public DonorTexts(TargetModel target, ITask? task, Site site, IEnumerable<string> texts)
    {
        var found = texts.Distinct(StringComparer.Ordinal)
            .Select(text => (Text: text, Tokens: target.Tokenize(text)))
            .Select(d => (d.Text, d.Tokens.Ids, Position: site.Position.Resolve(d.Tokens, task)))
            .Where(d => d.Position is not null)
            .OrderBy(d => d.Ids.Length) // as batches are formed, so that their rows stay in this order
            .ToArray();
        _texts = [.. found.Select(d => (d.Ids, d.Position!.Value))];
        _rows = found.Index().ToDictionary(d => d.Item.Text, d => (long)d.Index, StringComparer.Ordinal);
    }

    /// <summary>Null where the text gives nothing.</summary>
    public long? RowOf(string text) => _rows.TryGetValue(text, out var row) ? row : null;

    /// <summary>A row for each, as <see cref="SitePatch.Read"/> gives them.</summary>
    public Tensor Read(SitePatch patch, CausalTransformer network, CancellationToken cancel) => patch.Read(network, _texts, cancel);
}
