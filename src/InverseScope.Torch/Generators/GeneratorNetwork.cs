using System.Runtime.InteropServices;
using InverseScope.Torch.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace InverseScope.Torch.Generators;

/// <summary>
/// A backbone and what tells it of activations: q(x | ẑ), and without being told the prior p(x) that the backbone learnt.
/// Lives on the tensor thread. Letters in shapes: R activations, S texts of each, T tokens, V vocabulary.
/// </summary>
/// <param name="trainsBackbone">Whether training on activations moves the backbone as well, at least at first.</param>
internal sealed class GeneratorNetwork(CausalTransformer backbone, Conditioning conditioning, CausalTransformer prior, bool trainsBackbone) : IDisposable
{
    public CausalTransformer Backbone => backbone;

    public Conditioning Conditioning => conditioning;

    /// <summary>What writes from the prior: the backbone untold, or one that stayed as the prior made it where the backbone is always told.</summary>
    public CausalTransformer Prior => prior;

    /// <summary>See the constructor's.</summary>
    public bool TrainsBackbone => trainsBackbone;

    /// <summary>Parameters that training on activations moves, by name.</summary>
    /// <param name="withBackbone">Whether those of the backbone are among them.</param>
    public IEnumerable<(string Name, Parameter Parameter)> Trained(bool withBackbone) =>
        conditioning.named_parameters().Where(p => p.parameter.requires_grad).Select(p => ($"conditioning.{p.name}", p.parameter))
            .Concat(withBackbone ? backbone.named_parameters().Select(p => ($"backbone.{p.name}", p.parameter)) : []);

    /// <summary>Lets gradients reach the backbone, or keeps them from it.</summary>
    public void SetBackboneTrained(bool trained)
    {
        foreach (var parameter in backbone.parameters())
            parameter.requires_grad = trained;
    }

    public Device Device => backbone.Device;

    /// <summary>Scores of the next token.</summary>
    /// <param name="ids">(R S, T), int64.</param>
    /// <param name="told">Null asks the backbone alone.</param>
    /// <returns><c>(R S, T, V)</c>; the caller owns it.</returns>
    public Tensor Logits(Tensor ids, Conditioned? told, KeyValueCache? cache = null)
    {
        using var scope = NewDisposeScope();
        var pass = new ForwardPass(ids) { Cache = cache };
        return told is null
            ? prior.Logits(prior.Run(pass)).MoveToOuterDisposeScope()
            : backbone.Logits(backbone.Run(told.Tell(pass))).MoveToOuterDisposeScope();
    }

    /// <summary>log probability of each next token, nats.</summary>
    /// <param name="texts">Ids with begin and end token; S consecutive ones are of one activation.</param>
    /// <param name="choice">How the scores become probabilities; those of the network itself by default.</param>
    /// <returns>For each text one number for each id but the first.</returns>
    public double[][] LogProbabilities(IReadOnlyList<int[]> texts, Conditioned? told, TokenChoice choice)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var length = texts.Max(t => t.Length);
        var ids = tensor(ForwardPass.Padded(texts, length), [texts.Count, length], device: Device);
        var logits = Logits(ids.narrow(1, 0, length - 1), told);
        var scores = choice.LogProbabilities(logits).gather(2, ids.narrow(1, 1, length - 1).unsqueeze(2)).squeeze(2)
            .@float().cpu().contiguous();
        var all = MemoryMarshal.Cast<byte, float>(scores.bytes);
        var found = new double[texts.Count][];
        for (var row = 0; row < found.Length; row++)
        {
            found[row] = new double[texts[row].Length - 1];
            for (var i = 0; i < found[row].Length; i++)
                found[row][i] = all[row * (length - 1) + i];
        }

        return found;
    }

    public void Dispose()
    {
        conditioning.Dispose();
        backbone.Dispose();
        if (!ReferenceEquals(prior, backbone))
            prior.Dispose();
    }
}
