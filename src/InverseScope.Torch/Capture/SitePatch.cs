using InverseScope.Core.Sites;
using InverseScope.Torch.Models;
using static TorchSharp.torch;

namespace InverseScope.Torch.Capture;

/// <summary>
/// Takes activations at one address out of the runs of some texts and puts them into those of others. A head is patched before
/// the output projection, everything else where it enters the stream. Letters in shapes: N texts, R rows of a batch, T tokens,
/// H heads, K head width, C width.
/// </summary>
internal sealed class SitePatch(SiteAddress address)
{
    private readonly Place _place = SiteReader.PlaceOf(address.Kind);

    /// <summary>Activations at the site as they are replaced: <c>(N, K)</c> of a head, <c>(N, C)</c> of the stream.</summary>
    /// <param name="texts">By rising length.</param>
    public Tensor Read(CausalTransformer network, IReadOnlyList<(int[] Ids, int Position)> texts, CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        var found = new List<Tensor>();
        foreach (var indices in ActivationCapture.Batches([.. texts.Select(t => t.Ids.Length)]))
        {
            cancel.ThrowIfCancellationRequested();
            var batch = Array.ConvertAll(indices, i => texts[i]);
            using var inner = NewDisposeScope();
            var longest = batch.Max(t => t.Ids.Length);
            var ids = tensor(ForwardPass.Padded([.. batch.Select(t => t.Ids)], longest), [batch.Length, longest], device: network.Device);
            network.Run(new ForwardPass(ids)
            {
                StopAfter = (address.Layer, _place),
                Tap = (place, layer, value) =>
                {
                    if (place == _place && layer == address.Layer)
                        found.Add(Flat(value).index_select(0, At(value, [.. batch.Select((t, row) => ((long)row, t.Position))])).MoveToOtherDisposeScope(scope));
                    return value;
                },
            });
        }

        return (found.Count == 0 ? zeros(0, 1, device: network.Device) : cat(found, 0)).MoveToOuterDisposeScope();
    }

    /// <summary>A tap that replaces the activations of some tokens.</summary>
    /// <param name="tokens">Row of the batch and token; none leaves the run as it is.</param>
    /// <param name="donors">One for each of them, as <see cref="Read"/> gives them.</param>
    public Tap Into(IReadOnlyList<(long Row, int Position)> tokens, Tensor donors) => (place, layer, value) =>
    {
        if (place != _place || layer != address.Layer || tokens.Count == 0)
            return value;
        using var scope = NewDisposeScope();
        return Flat(value).index_copy(0, At(value, tokens), donors).view(value.shape).MoveToOuterDisposeScope();
    };

    /// <summary>One row for each token, and of heads for each head of it: <c>(R H T, K)</c> or <c>(R T, C)</c>.</summary>
    private static Tensor Flat(Tensor value) => value.reshape(-1, value.shape[^1]);

    /// <summary>Where in <see cref="Flat"/> the address of each token is.</summary>
    private Tensor At(Tensor value, IReadOnlyList<(long Row, int Position)> tokens)
    {
        var t = value.shape[^2];
        long[] rows = [.. tokens.Select(at => _place == Place.HeadMix
            ? (at.Row * value.shape[1] + address.Head) * t + at.Position
            : at.Row * t + at.Position)];
        return tensor(rows, device: value.device);
    }
}
