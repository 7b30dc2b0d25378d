using System.Globalization;
using System.Text.RegularExpressions;

namespace InverseScope.Torch.Models;

/// <summary>A stored tensor that fills columns of a parameter.</summary>
/// <param name="Name">In the checkpoint, without the prefix of the family.</param>
/// <param name="Columns">How many: of a matrix its last dimension, of a vector its only one.</param>
/// <param name="Transposed">Whether it is stored as (out, in).</param>
internal readonly record struct StoredPart(string Name, long Columns, bool Transposed);

/// <summary>
/// Where a family's checkpoints keep the parameters of a <see cref="CausalTransformer"/>. Projections that it computes at once
/// are stored one by one in some.
/// </summary>
internal sealed partial class StoredLayout
{
    private readonly TransformerConfig _config;
    private readonly bool _gpt2;

    public const string Gpt2Prefix = "transformer.";

    private StoredLayout(TransformerConfig config) => (_config, _gpt2) = (config, config.Family == Gpt2Config.Family);

    public static StoredLayout Of(TransformerConfig config) => new(config);

    /// <summary>What may come before every name but the head's.</summary>
    public string Prefix => _gpt2 ? Gpt2Prefix : "model.";

    /// <summary>Whether a tensor is no weight, but follows from the config: causal masks and rotary speeds of old files.</summary>
    public static bool IsBuffer(string name) => Buffer().IsMatch(name);

    /// <summary>The tensors that fill a parameter, from its first column to its last.</summary>
    /// <param name="parameter">Name and shape as <see cref="CausalTransformer"/> has it.</param>
    public IReadOnlyList<StoredPart> Parts(string parameter, IReadOnlyList<long> shape)
    {
        if (_gpt2)
            return [new StoredPart(parameter, shape[^1], Transposed: false)];
        switch (parameter)
        {
            case "wte.weight":
                return [new StoredPart("embed_tokens.weight", shape[^1], Transposed: false)];
            case "ln_f.weight":
                return [new StoredPart("norm.weight", shape[^1], Transposed: false)];
            case "lm_head.weight":
                return [new StoredPart(parameter, shape[^1], Transposed: false)];
        }

        var (layer, module, kind) = Split(parameter);
        long queries = _config.Heads * _config.HeadWidth, keys = _config.KeyValueHeads * _config.HeadWidth, inner = _config.MlpWidth;
        (string Name, long Columns)[] parts = module switch
        {
            "ln_1" => [("input_layernorm", shape[^1])],
            "ln_1_added" => [("post_attention_layernorm", shape[^1])],
            "ln_2" => [(_config.NormsAdded ? "pre_feedforward_layernorm" : "post_attention_layernorm", shape[^1])],
            "ln_2_added" => [("post_feedforward_layernorm", shape[^1])],
            "attn.c_attn" => [("self_attn.q_proj", queries), ("self_attn.k_proj", keys), ("self_attn.v_proj", keys)],
            "attn.c_proj" => [("self_attn.o_proj", shape[^1])],
            "mlp.c_fc" => [("mlp.gate_proj", inner), ("mlp.up_proj", inner)],
            "mlp.c_proj" => [("mlp.down_proj", shape[^1])],
            _ => throw new InvalidOperationException($"No family stores '{parameter}'."),
        };
        return [.. parts.Select(p => new StoredPart(
            string.Create(CultureInfo.InvariantCulture, $"layers.{layer}.{p.Name}.{kind}"), p.Columns, Transposed: shape.Count == 2))];
    }

    // h.3.attn.c_proj.weight → 3, attn.c_proj, weight
    private static (int Layer, string Module, string Kind) Split(string parameter)
    {
        var parts = parameter.Split('.');
        return (int.Parse(parts[1], CultureInfo.InvariantCulture), string.Join('.', parts[2..^1]), parts[^1]);
    }

    [GeneratedRegex(@"^(h\.\d+\.attn\.(bias|masked_bias)|layers\.\d+\.self_attn\.rotary_emb\.inv_freq)$")]
    private static partial Regex Buffer();
}
