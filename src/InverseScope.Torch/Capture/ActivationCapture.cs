using System.Numerics;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Models;

namespace InverseScope.Torch.Capture;

/// <summary>Takes activations of some texts at one site.</summary>
/// <param name="site">Index into the capture's sites.</param>
/// <param name="texts">Indices of texts, in no order.</param>
/// <param name="values">(texts, width) row by row; gone after the call.</param>
internal delegate void TakeRows(int site, int[] texts, ReadOnlySpan<float> values);

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
    private readonly int[,] _siteAt;
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
        _siteAt = new int[_addresses.Length, _positions.Length];
        for (var a = 0; a < _addresses.Length; a++)
        {
            for (var p = 0; p < _positions.Length; p++)
                _siteAt[a, p] = Array.IndexOf(_placeOf, (a, p));
        }

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
        Read(
            texts,
            TokensPerBatch,
            (s, rows, values) =>
            {
                var width = found[s].Width;
                for (var i = 0; i < rows.Length; i++)
                {
                    values.Slice(i * width, width).CopyTo(found[s].Values.AsSpan(rows[i] * width, width));
                    found[s].Present[rows[i]] = 1;
                }
            },
            cancel);
        return found;
    }

    /// <summary>Activations of texts, handed out as they are computed.</summary>
    /// <param name="tokensPerBatch">Most tokens of one batch, padding included; a longer text is a batch of its own.</param>
    /// <param name="take">
    /// Called on the tensor thread, for each batch once for each site; not for a site whose position no text of the batch has.
    /// </param>
    /// <exception cref="BadInputException">A text that the target cannot read, or an activation that is not finite.</exception>
    internal void Read(IReadOnlyList<string> texts, int tokensPerBatch, TakeRows take, CancellationToken cancel)
    {
        var tokens = texts.Select(_target.Tokenize).ToArray();
        foreach (var batch in Batches(Array.ConvertAll(tokens, t => t.Ids.Length), tokensPerBatch))
        {
            cancel.ThrowIfCancellationRequested();
            ReadBatch(texts, tokens, batch, take, cancel);
        }
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
    /// <param name="most">Most tokens of a batch, padding included; a longer text is a batch of its own.</param>
    /// <returns>Indices of texts, all of them by rising length.</returns>
    internal static IEnumerable<int[]> Batches(int[] lengths, int most = TokensPerBatch)
    {
        var order = Enumerable.Range(0, lengths.Length).OrderBy(i => lengths[i]).ToArray(); // stable
        for (int begin = 0, end; begin < order.Length; begin = end)
        {
            end = begin + 1;
            while (end < order.Length && (end + 1 - begin) * lengths[order[end]] <= most)
                end++;
            yield return order[begin..end];
        }
    }

    private void ReadBatch(IReadOnlyList<string> all, TokenizedText[] tokens, int[] batch, TakeRows take, CancellationToken cancel)
    {
        var longest = batch.Max(text => tokens[text].Ids.Length);
        var texts = new int[_positions.Length][];
        var wanted = new long[_positions.Length][];
        for (var p = 0; p < _positions.Length; p++)
        {
            var having = new List<int>(batch.Length);
            var indices = new List<long>(batch.Length);
            for (var row = 0; row < batch.Length; row++)
            {
                if (_positions[p].Resolve(tokens[batch[row]], _task) is not { } token)
                    continue;
                having.Add(batch[row]);
                indices.Add((long)row * longest + token);
            }

            (texts[p], wanted[p]) = ([.. having], [.. indices]);
        }

        var ids = Array.ConvertAll(batch, text => tokens[text].Ids);
        _target.Compute(
            _ =>
            {
                _reader.Read(ids, wanted, (address, position, values) =>
                {
                    if (_siteAt[address, position] is var site and >= 0 && texts[position].Length > 0)
                    {
                        CheckFinite(values, all, texts[position], Sites[site]);
                        take(site, texts[position], values);
                    }
                });
                return true;
            },
            cancel);
    }

    private static void CheckFinite(ReadOnlySpan<float> values, IReadOnlyList<string> all, int[] texts, Site site)
    {
        // A number times 0 is 0, unless it is not finite.
        var (sums, i) = (Vector<float>.Zero, 0);
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
            sums += new Vector<float>(values[i..]) * Vector<float>.Zero;
        if (Vector.Sum(sums) != 0)
            i = 0;
        for (; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                throw new BadInputException(
                    $"The activation of \"{all[texts[i / (values.Length / texts.Length)]]}\" at {site} is not finite.",
                    "The weights hold NaN or infinity, or numbers too large for the type of the weights: float16 ends at 65,504.");
            }
        }
    }
}
