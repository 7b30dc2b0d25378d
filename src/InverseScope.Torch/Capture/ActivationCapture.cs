using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Models;

namespace InverseScope.Torch.Capture;

/// <summary>
/// Activations of texts at sites, all sites in one pass. How texts are put into batches depends on the texts alone,
/// never on the sites asked for, so that a site's numbers do not change with what else is captured beside it.
/// </summary>
public sealed class ActivationCapture : IDisposable
{
    /// <summary>Large enough to keep the cores busy, small enough for the caches.</summary>
    internal const int TokensPerBatch = 8192;

    private readonly TargetModel _target;
    private readonly ITask? _task;
    private readonly Position[] _positions;
    private readonly SiteAddress[] _addresses;
    private readonly (int Address, int Position)[] _placeOf;
    private readonly SiteReader _reader;

    /// <param name="sites">Distinct sites of the target; at least one.</param>
    /// <param name="task">Defines position names; may be null if no site uses one.</param>
    public ActivationCapture(TargetModel target, IReadOnlyList<Site> sites, Basis basis, ITask? task)
    {
        (_target, Sites, _task) = (target, sites, task);
        if (basis == Basis.Centred && target.Config.Norm != NormKind.Layer)
        {
            throw new BadInputException(
                $"The basis 'centred' is for models with layer norms, which do not see a vector's mean; '{target.Description.Name}' sees it.", "Use the basis 'raw'.");
        }

        foreach (var site in sites)
            CheckSite(site.Address, target.Description);
        _positions = [.. sites.Select(s => s.Position).Distinct()];
        _addresses = [.. sites.Select(s => s.Address).Distinct()];
        _placeOf = [.. sites.Select(s => (Array.IndexOf(_addresses, s.Address), Array.IndexOf(_positions, s.Position)))];
        _reader = target.Compute(network => new SiteReader(network, _addresses, _positions.Length, basis));
    }

    public IReadOnlyList<Site> Sites { get; }

    /// <summary>Numbers in one activation at a site.</summary>
    /// <param name="site">Index into <see cref="Sites"/>.</param>
    public int Width(int site) => _reader.Width(_placeOf[site].Address);

    /// <summary>Activations of texts, for each site; a text that lacks a position is marked absent.</summary>
    /// <exception cref="BadInputException">A text that the target cannot read, or an activation that is not finite.</exception>
    public IReadOnlyList<CapturedActivations> Read(IReadOnlyList<string> texts, CancellationToken cancel)
    {
        var found = Sites
            .Select((site, s) => new CapturedActivations(site, Width(s), new float[texts.Count * Width(s)], new byte[texts.Count]))
            .ToArray();
        var tokens = texts.Select(_target.Tokenize).ToArray();
        foreach (var batch in Batches(Array.ConvertAll(tokens, t => t.Ids.Length)))
        {
            cancel.ThrowIfCancellationRequested();
            ReadBatch(tokens, batch, found, cancel);
        }

        CheckFinite(found, texts);
        return found;
    }

    /// <summary>Activations at a site as vectors in the residual stream, (rows, C).</summary>
    /// <param name="values">(rows, width) in the site's own coordinates.</param>
    public float[] FullWidth(int site, float[] values) =>
        _target.Compute(_ => _reader.FullWidth(_placeOf[site].Address, values));

    public void Dispose() => _target.Compute(_ =>
    {
        _reader.Dispose();
        return true;
    });

    private static void CheckSite(SiteAddress address, TargetDescription target)
    {
        if (address.Layer >= target.Layers)
            throw new BadInputException($"Site '{address}': the target has {target.Layers} layers, 0 to {target.Layers - 1}.");
        if (address.Kind == SiteKind.Head && address.Head >= target.Heads)
            throw new BadInputException($"Site '{address}': the target has {target.Heads} heads, 0 to {target.Heads - 1}.");
    }

    /// <summary>Texts of like length share a batch, so that little is computed for padding.</summary>
    /// <param name="lengths">Tokens of each text.</param>
    /// <returns>Indices of texts, all of them by rising length.</returns>
    internal static IEnumerable<int[]> Batches(int[] lengths)
    {
        var order = Enumerable.Range(0, lengths.Length).OrderBy(i => lengths[i]).ToArray(); // stable
        for (int begin = 0, end; begin < order.Length; begin = end)
        {
            end = begin + 1;
            while (end < order.Length && (end + 1 - begin) * lengths[order[end]] <= TokensPerBatch)
                end++;
            yield return order[begin..end];
        }
    }

    private void ReadBatch(TokenizedText[] tokens, int[] batch, CapturedActivations[] found, CancellationToken cancel)
    {
        var longest = batch.Max(text => tokens[text].Ids.Length);
        var texts = new List<int>[_positions.Length];
        var wanted = new long[_positions.Length][];
        for (var p = 0; p < _positions.Length; p++)
        {
            texts[p] = [];
            var indices = new List<long>();
            for (var row = 0; row < batch.Length; row++)
            {
                if (_positions[p].Resolve(tokens[batch[row]], _task) is not { } token)
                    continue;
                texts[p].Add(batch[row]);
                indices.Add((long)row * longest + token);
            }

            wanted[p] = [.. indices];
        }

        var ids = Array.ConvertAll(batch, text => tokens[text].Ids);
        var values = _target.Compute(_ => _reader.Read(ids, wanted), cancel);
        for (var s = 0; s < found.Length; s++)
        {
            var (address, position) = _placeOf[s];
            var width = found[s].Width;
            for (var i = 0; i < texts[position].Count; i++)
            {
                var text = texts[position][i];
                values[address][position].AsSpan(i * width, width).CopyTo(found[s].Values.AsSpan(text * width, width));
                found[s].Present[text] = 1;
            }
        }
    }

    private static void CheckFinite(CapturedActivations[] found, IReadOnlyList<string> texts)
    {
        foreach (var site in found)
        {
            for (var i = 0; i < site.Values.Length; i++)
            {
                if (!float.IsFinite(site.Values[i]))
                {
                    throw new BadInputException(
                        $"The activation of \"{texts[i / site.Width]}\" at {site.Site} is not finite.",
                        "The weights hold NaN or infinity, or numbers too large for the type of the weights: float16 ends at 65,504.");
                }
            }
        }
    }
}
