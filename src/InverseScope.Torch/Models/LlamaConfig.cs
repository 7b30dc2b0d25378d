using System.Globalization;
using InverseScope.Core;

namespace InverseScope.Torch.Models;

/// <summary>
/// config.json of Llama and Gemma-2, with the defaults of Hugging Face's LlamaConfig and Gemma2Config where a field may be
/// absent; older and newer names of fields. Both share one architecture but for what they say here.
/// </summary>
internal static class LlamaConfig
{
    public const string Llama = "llama";
    public const string Gemma2 = "gemma2";

    private static readonly string[] Common =
    [
        "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
        "head_dim", "hidden_act", "max_position_embeddings", "rms_norm_eps", "rope_theta", "rope_scaling", "rope_parameters",
        "attention_bias", "attention_dropout", "tie_word_embeddings", "bos_token_id", "eos_token_id", "pad_token_id", "model_type",
    ];

    private static readonly string[] ReadOfLlama = ["mlp_bias"];

    private static readonly string[] ReadOfGemma2 =
    [
        "hidden_activation", "query_pre_attn_scalar", "sliding_window", "layer_types", "attn_logit_softcapping",
        "final_logit_softcapping", "use_bidirectional_attention",
    ];

    // They do not change what a pass computes: how weights are stored, made, cached or served, and how texts are generated.
    private static readonly string[] WithoutEffect =
    [
        "architectures", "auto_map", "bad_words_ids", "begin_suppress_tokens", "cache_implementation", "chunk_size_feed_forward",
        "cross_attention_hidden_size", "decoder_start_token_id", "diversity_penalty", "do_sample", "dtype",
        "early_stopping", "encoder_no_repeat_ngram_size", "exponential_decay_length_penalty", "finetuning_task",
        "forced_bos_token_id", "forced_eos_token_id", "id2label", "initializer_range", "is_decoder", "is_encoder_decoder",
        "label2id", "length_penalty", "max_length", "min_length", "name_or_path", "no_repeat_ngram_size", "num_beam_groups",
        "num_beams", "num_return_sequences", "output_attentions", "output_hidden_states", "output_scores", "prefix",
        "pretraining_tp", "problem_type", "pruned_heads", "remove_invalid_values", "repetition_penalty",
        "return_dict", "return_dict_in_generate", "sep_token_id", "suppress_tokens", "task_specific_params", "temperature",
        "tf_legacy_loss", "tie_encoder_decoder", "tokenizer_class", "top_k", "top_p", "torch_dtype", "torchscript",
        "transformers_version", "typical_p", "use_bfloat16", "use_cache", "transformers.js_config",
    ];

    public static TransformerConfig Read(ConfigFields fields, string family)
    {
        var gemma = family == Gemma2;
        RefuseUnknown(fields, family);
        var (heads, width, layers) = (fields.Count("num_attention_heads"), fields.Count("hidden_size"), fields.Count("num_hidden_layers"));
        var shared = fields.Has("num_key_value_heads") ? fields.Count("num_key_value_heads") : gemma ? 4 : heads;
        if (heads % shared != 0)
            throw new BadInputException($"{fields.Path}: num_attention_heads {heads} is not a multiple of num_key_value_heads {shared}.");
        var headWidth = HeadWidth(fields, gemma, width, heads);
        if (headWidth % 2 != 0)
            throw new BadInputException($"{fields.Path}: head_dim {headWidth} is odd; rotary positions turn pairs of numbers.");
        var biases = fields.Flag("attention_bias") ?? false;
        var config = new TransformerConfig
        {
            Family = family,
            Layers = layers,
            Heads = heads,
            KeyValueHeads = shared,
            HeadWidth = headWidth,
            Width = width,
            MlpWidth = fields.Count("intermediate_size"),
            Vocabulary = fields.Count("vocab_size"),
            Context = fields.Count("max_position_embeddings"),
            Rotary = Rotary(fields),
            Norm = gemma ? NormKind.RootMeanSquareFromOne : NormKind.RootMeanSquare,
            NormEpsilon = Positive(fields, "rms_norm_eps") ?? 1e-6,
            GatedMlp = true,
            AttentionBias = biases,
            MlpBias = fields.Flag("mlp_bias") ?? false,
            AttentionDropout = Share(fields, "attention_dropout"),
            TiedHead = fields.Flag("tie_word_embeddings") ?? gemma,
            BeginToken = fields.Integer("bos_token_id"),
            EndToken = fields.FirstInteger("eos_token_id"),
            PadToken = fields.Integer("pad_token_id"),
        };
        if (!gemma)
            return config with { Activation = ActivationNames.Read(fields, "hidden_act", "silu") };
        if (fields.Flag("use_bidirectional_attention") == true)
            throw new BadInputException($"{fields.Path}: use_bidirectional_attention is not supported.");
        return config with
        {
            Activation = ActivationNames.Read(fields, "hidden_activation", "gelu_pytorch_tanh"),
            EmbeddingScale = Math.Sqrt(width),
            NormsAdded = true,
            ScoreScale = 1 / Math.Sqrt(Positive(fields, "query_pre_attn_scalar") ?? 256),
            ScoreCap = fields.IsNull("attn_logit_softcapping") ? null : Positive(fields, "attn_logit_softcapping") ?? 50,
            LogitCap = fields.IsNull("final_logit_softcapping") ? null : Positive(fields, "final_logit_softcapping") ?? 30,
            SlidingWindow = fields.IsNull("sliding_window") ? null : fields.Has("sliding_window") ? fields.Count("sliding_window") : 4096,
            SlidingLayers = SlidingLayers(fields, layers),
        };
    }

    private static int HeadWidth(ConfigFields fields, bool gemma, int width, int heads)
    {
        if (fields.Has("head_dim"))
            return fields.Count("head_dim");
        if (gemma)
            return 256;
        return width % heads == 0
            ? width / heads
            : throw new BadInputException($"{fields.Path}: hidden_size {width} is not a multiple of num_attention_heads {heads}, and there is no head_dim.");
    }

    /// <summary>Old files have rope_theta and rope_scaling, new ones both in rope_parameters.</summary>
    private static RotaryPositions Rotary(ConfigFields fields)
    {
        var both = fields.Object("rope_parameters");
        if (both?.Names.FirstOrDefault(n => n is "full_attention" or "sliding_attention") is { } kind)
            throw new BadInputException($"{both.Path}: parameters of '{kind}' layers alone are not supported.");
        if (both is not null && fields.Has("rope_scaling"))
            throw new BadInputException($"{fields.Path} has both rope_parameters and rope_scaling.", "Keep the one that the model was trained with.");
        var scaling = both ?? fields.Object("rope_scaling");
        var theta = (both is null ? null : Positive(both, "rope_theta")) ?? Positive(fields, "rope_theta") ?? 10_000;
        return new RotaryPositions(theta, scaling is null ? null : Scaling(scaling));
    }

    private static RotaryScaling? Scaling(ConfigFields fields)
    {
        string[] known = ["rope_type", "type", .. fields.Path.EndsWith("rope_parameters", StringComparison.Ordinal) ? ["rope_theta"] : Array.Empty<string>(), "factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings", "partial_rotary_factor"];
        if (fields.Names.FirstOrDefault(n => !known.Contains(n) && fields.Has(n)) is { } unknown)
            throw new BadInputException($"{fields.Path}: '{unknown}' is not supported.");
        if (fields.Number("partial_rotary_factor") is { } share and not 1)
            throw new BadInputException($"{fields.Path}: partial_rotary_factor {share} is not supported: all of a head is turned.");
        if (fields.Text("rope_type") is { } newer && fields.Text("type") is { } older && newer != older)
            throw new BadInputException($"{fields.Path} says rope_type '{newer}' and type '{older}'.", "Keep the one that the model was trained with.");
        var type = fields.Text("rope_type") ?? fields.Text("type") ?? "default";
        return type switch
        {
            "default" => null,
            "linear" => new RotaryScaling(Factor(fields)),
            "llama3" => new RotaryScaling(Factor(fields), Bands(fields)),
            _ => throw new BadInputException($"{fields.Path}: rope_type '{type}' is not supported.", "Supported: default, linear, llama3."),
        };
    }

    private static double Factor(ConfigFields fields)
    {
        var factor = Needed(fields, "factor");
        return factor >= 1 ? factor : throw new BadInputException($"{fields.Path}: factor must be 1 or more, not {Text(factor)}.");
    }

    private static RotaryBands Bands(ConfigFields fields)
    {
        var (low, high) = (Needed(fields, "low_freq_factor"), Needed(fields, "high_freq_factor"));
        return high > low
            ? new RotaryBands(low, high, fields.Count("original_max_position_embeddings"))
            : throw new BadInputException($"{fields.Path}: high_freq_factor {Text(high)} must be above low_freq_factor {Text(low)}.");
    }

    /// <summary>Every other layer, from the first, unless the file lists them.</summary>
    private static bool[] SlidingLayers(ConfigFields fields, int layers)
    {
        if (fields.Texts("layer_types") is not { } types)
            return [.. Enumerable.Range(0, layers).Select(layer => layer % 2 == 0)];
        if (types.Count != layers)
            throw new BadInputException($"{fields.Path}: layer_types lists {types.Count} layers, but num_hidden_layers is {layers}.");
        return [.. types.Select(type => type switch
        {
            "sliding_attention" => true,
            "full_attention" => false,
            _ => throw new BadInputException($"{fields.Path}: layer type '{type}' is not supported.", "Supported: sliding_attention, full_attention."),
        })];
    }

    private static void RefuseUnknown(ConfigFields fields, string family)
    {
        if (fields.Has("quantization_config"))
        {
            throw new BadInputException(
                $"{fields.Path}: quantised weights (quantization_config) are not supported.", "Use the float32, float16 or bfloat16 checkpoint.");
        }

        string[] known = [.. Common, .. family == Gemma2 ? ReadOfGemma2 : ReadOfLlama, .. WithoutEffect];
        // Null says that a field is not used, and names with an underscore are notes of the program that wrote the file.
        string[] unknown = [.. fields.Names.Where(name => !known.Contains(name) && !name.StartsWith('_') && fields.Has(name))];
        if (unknown.Length > 0)
        {
            throw new BadInputException(
                $"{fields.Path}: {string.Join(", ", unknown)}: not known of family '{family}', and may change what the model computes.",
                "If it does not, remove it from the file.");
        }
    }

    private static double? Positive(ConfigFields fields, string name) => fields.Number(name) is not { } value ? null
        : value > 0 && double.IsFinite(value) ? value : throw new BadInputException($"{fields.Path}: {name} must be above 0, and finite, not {Text(value)}.");

    private static double Needed(ConfigFields fields, string name) =>
        Positive(fields, name) ?? throw new BadInputException($"{fields.Path} lacks {name}.");

    private static double Share(ConfigFields fields, string name)
    {
        var share = fields.Number(name) ?? 0;
        return share is >= 0 and < 1 ? share : throw new BadInputException($"{fields.Path}: {name} must be from 0 to below 1, not {Text(share)}.");
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
