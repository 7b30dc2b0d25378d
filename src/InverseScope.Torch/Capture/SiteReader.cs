using System.Runtime.InteropServices;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Capture;

/// <summary>Takes what was read at one address and one position.</summary>
/// <param name="address">Index into the reader's addresses.</param>
/// <param name="values">(tokens, width) row by row; gone after the call.</param>
internal delegate void TakeActivations(int address, int position, ReadOnlySpan<float> values);

/// <summary>
/// Reads activations at several addresses in one forward pass, which ends where the last of them is known. Lives on the
/// tensor thread.
/// </summary>
internal sealed class SiteReader : IDisposable
{
    private readonly CausalTransformer _network;
    private readonly IReadOnlyList<SiteAddress> _addresses;
    private readonly int _positions;
    private readonly Basis _basis;
    private readonly Dictionary<int, HeadBasis> _headBases = [];
    private readonly ILookup<(int Layer, Place Place), int> _addressesAt;
    private readonly (int Layer, Place Place) _stopAfter;

    /// <param name="addresses">Distinct; all within the network.</param>
    /// <param name="positions">How many positions are read at each address.</param>
    public SiteReader(CausalTransformer network, IReadOnlyList<SiteAddress> addresses, int positions, Basis basis)
    {
        (_network, _addresses, _positions, _basis) = (network, addresses, positions, basis);
        _addressesAt = Enumerable.Range(0, addresses.Count).ToLookup(a => (addresses[a].Layer, PlaceOf(addresses[a].Kind)));
        _stopAfter = _addressesAt.Select(at => at.Key).OrderBy(at => at.Layer).ThenBy(at => at.Place).Last();
        foreach (var layer in addresses.Where(a => a.Kind == SiteKind.Head).Select(a => a.Layer).Distinct())
            _headBases.Add(layer, new HeadBasis(network, layer, basis));
    }

    /// <summary>Numbers in one activation at an address.</summary>
    public int Width(int address) =>
        _addresses[address].Kind == SiteKind.Head ? _headBases[_addresses[address].Layer].Width : _network.Config.Width;

    /// <summary>Activations of a batch, handed out while the pass runs, so that they need not all be in memory at once.</summary>
    /// <param name="ids">Token ids of each text; padded here to the longest, at the end, where causal attention never looks.</param>
    /// <param name="tokens">
    /// For each position, which tokens to read: indices into the padded batch, text × longest + token.
    /// </param>
    /// <param name="take">Is given each address and position once, from the first place of the pass to the last.</param>
    public void Read(IReadOnlyList<int[]> ids, IReadOnlyList<long[]> tokens, TakeActivations take)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var indices = tokens.Select(t => tensor(t, device: _network.Device)).ToArray(); // (N) each
        var longest = ids.Max(i => i.Length);
        var pass = new ForwardPass(tensor(ForwardPass.Padded(ids, longest), [ids.Count, longest], device: _network.Device))
        {
            StopAfter = _stopAfter,
            Tap = (place, layer, value) =>
            {
                if (_addressesAt.Contains((layer, place)))
                    ReadPlace(_addressesAt[(layer, place)], layer, value, indices, take);
                return value;
            },
        };
        _network.Run(pass);
    }

    /// <summary>Activations of a batch, all at once.</summary>
    /// <returns>By address and position, one row after the other, (tokens, width).</returns>
    public float[][][] Read(IReadOnlyList<int[]> ids, IReadOnlyList<long[]> tokens)
    {
        var found = _addresses.Select(_ => new float[_positions][]).ToArray();
        Read(ids, tokens, (address, position, values) => found[address][position] = values.ToArray());
        return found;
    }

    /// <summary>Activations at one address as vectors in the stream, (rows, C).</summary>
    /// <param name="values">(rows, width), as reading gives them.</param>
    public float[] FullWidth(int address, float[] values)
    {
        if (_addresses[address].Kind != SiteKind.Head)
            return values;
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var basis = _headBases[_addresses[address].Layer];
        return basis.Expand(_addresses[address].Head, tensor(values, [values.Length / basis.Width, basis.Width], device: _network.Device)).Singles();
    }

    public void Dispose()
    {
        foreach (var basis in _headBases.Values)
            basis.Dispose();
    }

    /// <summary>Where activations of a kind of site are.</summary>
    public static Place PlaceOf(SiteKind kind) => kind switch
    {
        SiteKind.Embedding => Place.Embedding,
        SiteKind.Head => Place.HeadMix,
        SiteKind.Attention => Place.Attention,
        SiteKind.Mlp => Place.Mlp,
        SiteKind.Residual => Place.Residual,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    private void ReadPlace(IEnumerable<int> addresses, int layer, Tensor value, Tensor[] indices, TakeActivations take)
    {
        using var scope = NewDisposeScope();
        var here = addresses.ToArray();
        var heads = _addresses[here[0]].Kind == SiteKind.Head;
        var (h, k) = (value.shape[1], value.shape[^1]);
        var rows = heads ? value.transpose(1, 2).reshape(-1, h * k) : value.reshape(-1, k); // (B T, H K) or (B T, C)
        for (var p = 0; p < indices.Length; p++)
        {
            using var reading = NewDisposeScope();
            var read = rows.index_select(0, indices[p]); // (N, H K) or (N, C)
            if (heads)
            {
                var coordinates = _headBases[layer].Coordinates(read.view(-1, h, k)).cpu().contiguous(); // (H, N, W)
                var values = MemoryMarshal.Cast<byte, float>(coordinates.bytes);
                var each = values.Length / (int)h;
                foreach (var address in here)
                    take(address, p, values.Slice(_addresses[address].Head * each, each));
            }
            else
            {
                read = read.@float();
                if (_basis == Basis.Centred)
                    read = read - read.mean([1], keepdim: true);
                take(here[0], p, MemoryMarshal.Cast<byte, float>(read.cpu().contiguous().bytes));
            }
        }
    }
}
