using System.Text.Json;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Torch.Models;

namespace InverseScope.Torch.Checks;

/// <summary>The form with <c>items</c>: texts with their ids, and head outputs in both bases.</summary>
internal sealed class TextGolden(CausalTransformer network, TargetModel target, JsonElement root, ErrorTally tally)
{
    public void Compare(CancellationToken cancel)
    {
        foreach (var item in root.GetProperty("items").EnumerateArray())
        {
            cancel.ThrowIfCancellationRequested();
            CompareItem(item);
        }
    }

    private void CompareItem(JsonElement item)
    {
        var text = item.GetProperty("text").GetString()!;
        var ids = item.GetProperty("input_ids").Ids(network.Config);
        tally.CompareTokens("input_ids", text, Array.ConvertAll(target.Tokenize(text).Ids, id => (long)id), ids);
        var trace = Trace.Of(network, [ids]);
        var logits = trace.Logits(0, ids.Length - 1).ToArray();
        tally.Compare("logits_final", text, logits, item.GetProperty("logits_final").Numbers());
        var best = item.GetProperty("argmax_final").GetInt64();
        if (best < 0 || best >= logits.Length)
            throw new BadInputException($"golden.json has a token id that the model, with {logits.Length}, has not.");
        tally.CompareTokens(
            "argmax_final", text, [GoldenNumbers.Best(logits)], [best], GoldenNumbers.Lead(logits, best));
        foreach (var position in item.GetProperty("positions").EnumerateObject())
            ComparePosition(trace, position.Value, ids, $"{text}, {position.Name}");
    }

    private void ComparePosition(Trace trace, JsonElement position, long[] ids, string where)
    {
        var token = position.GetProperty("index").GetInt32();
        tally.Compare("resid_pre0", where, trace.At(Place.Embedding, 0, 0, token), position.GetProperty("resid_pre0").Numbers());
        var layers = position.GetProperty("layers");
        for (var layer = 0; layer < layers.GetArrayLength(); layer++)
        {
            foreach (var field in layers[layer].EnumerateObject())
            {
                var computed = field.Name switch
                {
                    "head_out" => GoldenNumbers.HeadOutputs(network, layer, ids, token, Basis.Raw),
                    "head_out_tl" => GoldenNumbers.HeadOutputs(network, layer, ids, token, Basis.Centred),
                    "attn_pattern" => trace.Weights(layer, 0, token, ids.Length),
                    "attn_out" => trace.At(Place.Attention, layer, 0, token),
                    "resid_mid" => trace.At(Place.Middle, layer, 0, token),
                    "mlp_out" => trace.At(Place.Mlp, layer, 0, token),
                    "resid_post" => trace.At(Place.Residual, layer, 0, token),
                    _ => throw new BadInputException($"golden.json gives the unknown quantity '{field.Name}' ({where})."),
                };
                tally.Compare(field.Name, $"{where}, layer {layer}", computed, field.Value.Numbers());
            }
        }
    }
}
