using System.Text.Json;
using System.Text.Json.Nodes;
using InverseScope.Core;

namespace InverseScope.Torch.Models;

/// <summary>GPT-2's config.json, with the defaults of Hugging Face's GPT2Config where a field may be absent.</summary>
internal static class Gpt2Config
{
    public const string Family = "gpt2";

    /// <summary>A model of this family with the usual proportions: heads share the width, and the MLP is four times as wide.</summary>
    /// <param name="width">A multiple of <paramref name="heads"/>.</param>
    public static TransformerConfig Sized(int layers, int heads, int width, int vocabulary, int context) => new()
    {
        Family = Family,
        Layers = layers,
        Heads = heads,
        HeadWidth = width / heads,
        Width = width,
        MlpWidth = 4 * width,
        Vocabulary = vocabulary,
        Context = context,
    };

    public static TransformerConfig Read(ConfigFields fields)
    {
        RefuseOther(fields);
        var width = fields.Count("n_embd");
        var heads = fields.Count("n_head");
        if (width % heads != 0)
            throw new BadInputException($"{fields.Path}: n_embd {width} is not a multiple of n_head {heads}.");
        var epsilon = fields.Number("layer_norm_epsilon") ?? 1e-5;
        if (!(epsilon > 0))
            throw new BadInputException($"{fields.Path}: layer_norm_epsilon must be above 0, not {epsilon}.");
        return new TransformerConfig
        {
            Family = Family,
            Layers = fields.Count("n_layer"),
            Heads = heads,
            HeadWidth = width / heads,
            Width = width,
            MlpWidth = fields.Has("n_inner") ? fields.Count("n_inner") : 4 * width,
            Vocabulary = fields.Count("vocab_size"),
            Context = fields.Count(fields.Has("n_positions") ? "n_positions" : "n_ctx"),
            NormEpsilon = epsilon,
            Activation = ActivationNames.Read(fields, "activation_function", "gelu_new"),
            ScaleScores = fields.Flag("scale_attn_weights") ?? true,
            ScaleScoresByLayer = fields.Flag("scale_attn_by_inverse_layer_idx") ?? false,
            TiedHead = fields.Flag("tie_word_embeddings") ?? true,
            EmbeddingDropout = Dropout(fields, "embd_pdrop"),
            AttentionDropout = Dropout(fields, "attn_pdrop"),
            ResidualDropout = Dropout(fields, "resid_pdrop"),
            BeginToken = fields.Integer("bos_token_id"),
            EndToken = fields.Integer("eos_token_id"),
            PadToken = fields.Integer("pad_token_id"),
        };
    }

    /// <summary>The config.json of a model, as Hugging Face's GPT2Config reads it.</summary>
    public static string Write(TransformerConfig config)
    {
        var json = new JsonObject
        {
            ["activation_function"] = ActivationNames.Of(config.Activation),
            ["architectures"] = new JsonArray("GPT2LMHeadModel"),
            ["attn_pdrop"] = config.AttentionDropout,
            ["bos_token_id"] = config.BeginToken,
            ["embd_pdrop"] = config.EmbeddingDropout,
            ["eos_token_id"] = config.EndToken,
            ["layer_norm_epsilon"] = config.NormEpsilon,
            ["model_type"] = config.Family,
            ["n_embd"] = config.Width,
            ["n_head"] = config.Heads,
            ["n_inner"] = config.MlpWidth,
            ["n_layer"] = config.Layers,
            ["n_positions"] = config.Context,
            ["pad_token_id"] = config.PadToken,
            ["resid_pdrop"] = config.ResidualDropout,
            ["scale_attn_by_inverse_layer_idx"] = config.ScaleScoresByLayer,
            ["scale_attn_weights"] = config.ScaleScores,
            ["tie_word_embeddings"] = config.TiedHead,
            ["torch_dtype"] = "float32",
            ["vocab_size"] = config.Vocabulary,
        };
        return json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    private static void RefuseOther(ConfigFields fields)
    {
        if (fields.Flag("add_cross_attention") == true)
            throw new BadInputException($"{fields.Path}: add_cross_attention is not supported.");
        if (fields.Has("quantization_config"))
        {
            throw new BadInputException(
                $"{fields.Path}: quantised weights (quantization_config) are not supported.",
                "Use the float32, float16 or bfloat16 checkpoint.");
        }
    }

    private static double Dropout(ConfigFields fields, string name)
    {
        var share = fields.Number(name) ?? 0.1;
        return share is >= 0 and < 1
            ? share
            : throw new BadInputException($"{fields.Path}: {name} must be from 0 to below 1, not {share}.");
    }
}
