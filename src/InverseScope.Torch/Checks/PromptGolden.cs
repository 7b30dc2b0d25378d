using System.Text.Json;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Torch.Models;
using static TorchSharp.torch;

namespace InverseScope.Torch.Checks;

/// <summary>
/// The form with <c>prompts</c>, padded <c>batches</c>, <c>greedy</c> continuations and activation <c>patching</c>.
/// </summary>
internal sealed class PromptGolden(CausalTransformer network, JsonElement root, ErrorTally tally)
{
    private readonly TransformerConfig _config = network.Config;

    public void Compare(CancellationToken cancel)
    {
        foreach (var (name, compare) in new (string, Action<JsonElement>)[]
        {
            ("prompts", ComparePrompt), ("batches", CompareBatch), ("greedy", CompareGreedy), ("patching", ComparePatch),
        })
        {
            if (!root.TryGetProperty(name, out var list))
                continue;
            foreach (var item in list.EnumerateArray())
            {
                cancel.ThrowIfCancellationRequested();
                compare(item);
            }
        }

        if (root.TryGetProperty("batch_greedy", out var batch))
            CompareBatchGreedy(batch);
    }

    private void ComparePrompt(JsonElement prompt)
    {
        var id = prompt.GetProperty("id").GetString()!;
        var ids = prompt.GetProperty("input_ids").Ids(_config);
        var trace = Trace.Of(network, [ids]);
        tally.Compare("final_logits", id, trace.Logits(0, ids.Length - 1), prompt.GetProperty("final_logits").Numbers());
        var logProbabilities = Enumerable.Range(0, ids.Length - 1).Select(t => trace.LogProbability(0, t, ids[t + 1])).ToArray();
        tally.Compare("next_token_logprob", id, logProbabilities, prompt.GetProperty("next_token_logprob").Numbers());
        tally.Compare("final_norm_out", id, trace.Norm(0, ids.Length - 1), prompt.GetProperty("final_norm_out").Numbers());
        if (!prompt.TryGetProperty("captures", out var captures))
            return;
        foreach (var capture in captures.EnumerateArray())
        {
            var position = capture.GetProperty("position").GetInt32();
            foreach (var layer in capture.GetProperty("layers").EnumerateArray())
                CompareLayer(trace, layer, layer.GetProperty("layer").GetInt32(), 0, position, id, ids);
        }
    }

    private void CompareLayer(Trace trace, JsonElement reference, int layer, int text, int token, string id, long[]? ids)
    {
        var where = $"{id}, layer {layer}, position {token}";
        foreach (var field in reference.EnumerateObject())
        {
            var numbers = field.Value.ValueKind == JsonValueKind.Array ? field.Value.Numbers() : [];
            var computed = field.Name switch
            {
                "resid_pre" => layer == 0
                    ? trace.At(Place.Embedding, 0, text, token)
                    : trace.At(Place.Residual, layer - 1, text, token),
                "attn_probs" => trace.Weights(layer, text, token, token + 1),
                "z" => trace.At(Place.HeadMix, layer, text, token),
                "head_out" when ids is not null => GoldenNumbers.HeadOutputs(network, layer, ids, token, Basis.Raw),
                "attn_out" => trace.At(Place.Attention, layer, text, token),
                "attn_out_pre_norm" when _config.NormsAdded => trace.At(Place.UnnormedAttention, layer, text, token),
                "mlp_out_pre_norm" when _config.NormsAdded => trace.At(Place.UnnormedMlp, layer, text, token),
                "resid_mid" => trace.At(Place.Middle, layer, text, token),
                "mlp_out" => trace.At(Place.Mlp, layer, text, token),
                "resid_post" => trace.At(Place.Residual, layer, text, token),
                "layer" => [],
                _ => throw new BadInputException($"golden.json gives '{field.Name}' ({where}), which this family does not have."),
            };
            tally.Compare(field.Name, where, computed, numbers);
        }
    }

    private void CompareBatch(JsonElement batch)
    {
        var id = batch.GetProperty("id").GetString()!;
        var trace = Trace.Of(
            network,
            Rows(batch, "input_ids", row => row.Ids(_config)),
            Rows(batch, "attention_mask", Integers),
            Rows(batch, "position_ids", Integers));
        var last = Integers(batch.GetProperty("last_token_index"));
        var logits = batch.GetProperty("final_logits");
        var captures = batch.GetProperty("last_token_captures");
        for (var text = 0; text < last.Length; text++)
        {
            var where = $"{id}, row {text}";
            tally.Compare("batch final_logits", where, trace.Logits(text, (int)last[text]), logits[text].Numbers());
            for (var layer = 0; layer < captures[text].GetArrayLength(); layer++)
                CompareLayer(trace, captures[text][layer], layer, text, (int)last[text], where, null);
        }
    }

    private void CompareGreedy(JsonElement run)
    {
        var prompt = run.GetProperty("prompt").Ids(_config);
        var expected = run.GetProperty("continuation").Ids(_config);
        var found = GoldenNumbers.Greedy(
            [prompt],
            [expected],
            texts =>
            {
                var trace = Trace.Of(network, [texts[0]]);
                return _ => trace.Logits(0, texts[0].Length - 1).ToArray();
            });
        tally.CompareTokens("greedy", $"prompt of {prompt.Length} tokens", found[0].Tokens, expected, found[0].Lead);
    }

    // Padded on the left, so that the last column is the last token of every row.
    private void CompareBatchGreedy(JsonElement batch)
    {
        var padding = batch.GetProperty("pad_token_id").GetInt64();
        var prompts = Rows(batch, "prompts", row => row.Ids(_config));
        var expected = Rows(batch, "continuations", row => row.Ids(_config));
        var found = GoldenNumbers.Greedy(
            prompts,
            expected,
            texts =>
            {
                var longest = texts.Max(text => text.Length);
                long[] Row(long[] text, long fill, Func<int, long> value) =>
                    [.. Enumerable.Repeat(fill, longest - text.Length), .. Enumerable.Range(0, text.Length).Select(value)];
                var trace = Trace.Of(
                    network,
                    [.. texts.Select(text => Row(text, padding, t => text[t]))],
                    [.. texts.Select(text => Row(text, 0, _ => 1))],
                    [.. texts.Select(text => Row(text, 0, t => t))]);
                return row => trace.Logits(row, longest - 1).ToArray();
            });
        for (var row = 0; row < expected.Length; row++)
            tally.CompareTokens("batch_greedy", $"row {row}", found[row].Tokens, expected[row], found[row].Lead);
    }

    private void ComparePatch(JsonElement patch)
    {
        var id = patch.GetProperty("id").GetString()!;
        var place = patch.GetProperty("site").GetString() switch
        {
            "resid_post" => Place.Residual,
            "attn_out" => Place.Attention,
            "mlp_out" => Place.Mlp,
            "z" => Place.HeadMix,
            var other => throw new BadInputException($"golden.json patches the unknown site '{other}'."),
        };
        var layer = patch.GetProperty("layer").GetInt32();
        var head = place == Place.HeadMix ? patch.GetProperty("head").GetInt32() : 0;
        var position = patch.GetProperty("position").GetInt32();
        var value = patch.GetProperty("patched_value").Numbers();

        var source = Trace.Of(network, [patch.GetProperty("source_ids").Ids(_config)])
            .At(place, layer, 0, patch.GetProperty("source_position").GetInt32());
        if (place == Place.HeadMix)
            source = source.Slice(head * _config.HeadWidth, _config.HeadWidth);
        tally.Compare("patched_value", id, source, value);

        var ids = patch.GetProperty("base_ids").Ids(_config);
        var patched = Trace.Of(network, [ids], patch: (at, l, original) =>
        {
            if (at != place || l != layer)
                return original;
            var changed = original.clone();
            using var replacement = tensor(Array.ConvertAll(value, v => (float)v), device: original.device);
            if (place == Place.HeadMix)
                changed[0, head, position] = replacement;
            else
                changed[0, position] = replacement;
            return changed;
        });
        tally.Compare("patched final_logits", id, patched.Logits(0, ids.Length - 1), patch.GetProperty("final_logits").Numbers());
    }

    private static long[][] Rows(JsonElement json, string name, Func<JsonElement, long[]> read) =>
        [.. json.GetProperty(name).EnumerateArray().Select(read)];

    private static long[] Integers(JsonElement json) => [.. json.EnumerateArray().Select(v => v.GetInt64())];
}
