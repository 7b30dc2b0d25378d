using InverseScope.Core;
using InverseScope.Testing;
using InverseScope.Torch.Models;

namespace InverseScope.Torch.Tests.Models;

public sealed class LlamaConfigTests : IDisposable
{
    private const string Sizes =
        "\"hidden_size\":24,\"intermediate_size\":40,\"num_hidden_layers\":3,\"num_attention_heads\":4,\"vocab_size\":11,\"max_position_embeddings\":32";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Absent_values_of_llama_have_its_defaults()
    {
        var config = Llama("");
        Assert.Equal((3, 4, 4, 6, 24, 40, 11, 32), (config.Layers, config.Heads, config.KeyValueHeads, config.HeadWidth, config.Width, config.MlpWidth, config.Vocabulary, config.Context));
        Assert.Equal((NormKind.RootMeanSquare, 1e-6, Activation.Silu, new RotaryPositions(10_000)), (config.Norm, config.NormEpsilon, config.Activation, config.Rotary));
        Assert.True(config is { GatedMlp: true, AttentionBias: false, MlpBias: false, TiedHead: false, NormsAdded: false, EmbeddingScale: 1, ScoreScale: null, ScoreCap: null, LogitCap: null });
        Assert.Null(config.Window(0));
    }

    [Fact]
    public void Absent_values_of_gemma2_have_its_defaults()
    {
        var config = Gemma2("");
        Assert.Equal((4, 256, Math.Sqrt(24), 1.0 / 16), (config.KeyValueHeads, config.HeadWidth, config.EmbeddingScale, config.ScoreScale));
        Assert.Equal((NormKind.RootMeanSquareFromOne, Activation.GeluTanh, 50.0, 30.0), (config.Norm, config.Activation, config.ScoreCap, config.LogitCap));
        Assert.True(config is { GatedMlp: true, AttentionBias: false, TiedHead: true, NormsAdded: true });
        Assert.Equal([4096, null, 4096], Enumerable.Range(0, 3).Select(config.Window));
    }

    [Fact]
    public void Every_value_of_llama_is_read()
    {
        var config = Llama("""
            "num_key_value_heads": 2, "head_dim": 10, "hidden_act": "gelu", "rms_norm_eps": 0.01, "rope_theta": 500, "attention_bias": true,
            "mlp_bias": true, "attention_dropout": 0.25, "tie_word_embeddings": true, "bos_token_id": 1, "eos_token_id": [2, 4], "pad_token_id": 3
            """);
        Assert.Equal((2, 10, Activation.GeluErf, 0.01, 0.25), (config.KeyValueHeads, config.HeadWidth, config.Activation, config.NormEpsilon, config.AttentionDropout));
        Assert.True(config is { AttentionBias: true, MlpBias: true, TiedHead: true, BeginToken: 1, EndToken: 2, PadToken: 3 });
        Assert.Equal(new RotaryPositions(500), config.Rotary);
    }

    [Fact]
    public void Null_takes_gemmas_caps_and_window_away()
    {
        var config = Gemma2("""
            "attn_logit_softcapping": null, "final_logit_softcapping": null, "sliding_window": null, "query_pre_attn_scalar": 4, "head_dim": 8
            """);
        Assert.Equal((null, null, 0.5, 8), (config.ScoreCap, config.LogitCap, config.ScoreScale, config.HeadWidth));
        Assert.All(Enumerable.Range(0, 3), layer => Assert.Null(config.Window(layer)));
    }

    [Theory]
    [InlineData("\"hidden_activation\": \"gelu\", \"hidden_act\": \"relu\"", Activation.GeluErf)]
    [InlineData("\"hidden_act\": \"relu\"", Activation.GeluTanh)]
    public void What_old_files_of_gemma2_call_hidden_act_is_not_what_it_computes(string fields, Activation expected) =>
        Assert.Equal(expected, Gemma2(fields).Activation);

    [Fact]
    public void Layers_may_be_listed()
    {
        var config = Gemma2("""
            "sliding_window": 8, "layer_types": ["full_attention", "sliding_attention", "sliding_attention"]
            """);
        Assert.Equal([null, 8, 8], Enumerable.Range(0, 3).Select(config.Window));
    }

    [Theory]
    [InlineData("\"rope_theta\": 500, \"rope_scaling\": {\"rope_type\":\"llama3\",\"factor\":8,\"low_freq_factor\":1,\"high_freq_factor\":4,\"original_max_position_embeddings\":16}")]
    [InlineData("\"rope_theta\": 500, \"rope_scaling\": {\"type\":\"llama3\",\"factor\":8,\"low_freq_factor\":1,\"high_freq_factor\":4,\"original_max_position_embeddings\":16}")]
    [InlineData("\"dtype\": \"bfloat16\", \"rope_parameters\": {\"rope_theta\":500,\"rope_type\":\"llama3\",\"factor\":8,\"low_freq_factor\":1,\"high_freq_factor\":4,\"original_max_position_embeddings\":16}")]
    public void Rotary_scaling_is_read_in_all_its_forms(string fields) =>
        Assert.Equal(new RotaryPositions(500, new RotaryScaling(8, new RotaryBands(1, 4, 16))), Llama(fields).Rotary);

    [Theory]
    [InlineData("\"rope_scaling\": null")]
    [InlineData("\"rope_scaling\": {\"rope_type\":\"default\"}")]
    [InlineData("\"rope_parameters\": {\"rope_theta\":10000.0,\"rope_type\":\"default\"}")]
    public void No_scaling_is_read_in_all_its_forms(string fields) => Assert.Equal(new RotaryPositions(10_000), Llama(fields).Rotary);

    [Fact]
    public void Linear_scaling_slows_every_pair() =>
        Assert.Equal(new RotaryScaling(4), Llama("\"rope_scaling\": {\"type\":\"linear\",\"factor\":4}").Rotary!.Scaling);

    [Theory]
    [InlineData("\"attention_multiplier\": 2, \"residual_multiplier\": 3", "attention_multiplier, residual_multiplier: not known of family 'llama'")]
    [InlineData("\"query_pre_attn_scalar\": 2", "query_pre_attn_scalar: not known")]
    [InlineData("\"rope_scaling\": {\"rope_type\":\"yarn\",\"factor\":4}", "rope_type 'yarn' is not supported")]
    [InlineData("\"rope_scaling\": {\"rope_type\":\"linear\"}", "rope_scaling lacks factor")]
    [InlineData("\"rope_scaling\": {\"rope_type\":\"llama3\",\"type\":\"linear\",\"factor\":4}", "says rope_type 'llama3' and type 'linear'")]
    [InlineData("\"rope_theta\": 1e999", "rope_theta must be above 0")]
    [InlineData("\"rope_scaling\": {\"rope_type\":\"linear\",\"factor\":0.5}", "factor must be 1 or more")]
    [InlineData("\"rope_scaling\": {\"rope_type\":\"linear\",\"factor\":2,\"beta_fast\":1}", "'beta_fast' is not supported")]
    [InlineData("\"rope_scaling\": {\"rope_type\":\"llama3\",\"factor\":8,\"low_freq_factor\":4,\"high_freq_factor\":4,\"original_max_position_embeddings\":16}", "must be above low_freq_factor")]
    [InlineData("\"rope_scaling\": {\"rope_type\":\"linear\",\"factor\":2,\"rope_theta\":5}", "'rope_theta' is not supported")]
    [InlineData("\"rope_scaling\": {\"rope_type\":\"default\"}, \"rope_parameters\": {\"rope_theta\":5}", "both rope_parameters and rope_scaling")]
    [InlineData("\"rope_scaling\": 4", "rope_scaling is 4, not an object")]
    [InlineData("\"rope_parameters\": {\"rope_theta\":5,\"partial_rotary_factor\":0.5}", "partial_rotary_factor")]
    [InlineData("\"rope_parameters\": {\"full_attention\":{\"rope_theta\":5}}", "'full_attention' layers alone")]
    [InlineData("\"num_key_value_heads\": 3", "not a multiple of num_key_value_heads 3")]
    [InlineData("\"num_attention_heads\": 5", "not a multiple of num_attention_heads 5")]
    [InlineData("\"head_dim\": 5", "head_dim 5 is odd")]
    [InlineData("\"rms_norm_eps\": 0", "rms_norm_eps must be above 0")]
    [InlineData("\"hidden_act\": \"silue\"", "Did you mean 'silu'?")]
    [InlineData("\"attention_dropout\": 1", "attention_dropout")]
    [InlineData("\"quantization_config\": {}", "quantization_config")]
    [InlineData("\"eos_token_id\": []", "eos_token_id")]
    [InlineData("\"hidden_size\": null", "lacks hidden_size")]
    public void What_cannot_be_computed_is_refused_by_name(string field, string message)
    {
        var e = Assert.Throws<BadInputException>(() => Llama(field));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Contains("config.json", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"layer_types\": [\"full_attention\"]", "lists 1 layers")]
    [InlineData("\"layer_types\": [\"full_attention\", \"linear_attention\", \"full_attention\"]", "layer type 'linear_attention'")]
    [InlineData("\"use_bidirectional_attention\": true", "use_bidirectional_attention")]
    public void What_gemma2_cannot_be_is_refused_by_name(string field, string message) =>
        Assert.Contains(message, Assert.Throws<BadInputException>(() => Gemma2(field)).Message, StringComparison.Ordinal);

    [Fact]
    public void Turning_slows_as_llama3_does_it()
    {
        // Turns within the original context: 64/2π·θ^(−2i/K). The first pair turns 10 times and stays, the last 0.06 times.
        var scaled = Rotation.Speeds(new RotaryPositions(10_000, new RotaryScaling(8, new RotaryBands(1, 4, 64))), 8);
        var plain = Rotation.Speeds(new RotaryPositions(10_000), 8);
        Assert.Equal([1, 0.1, 0.01, 0.001], plain, (a, b) => Math.Abs(a - b) < 1e-12);
        var between = (64 * 0.1 / (2 * Math.PI) - 1) / 3; // 1.02 turns, little above where slowing is whole
        Assert.Equal([1, 0.1 * (between + (1 - between) / 8), 0.00125, 0.000125], scaled, (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(plain.Select(s => s / 4), Rotation.Speeds(new RotaryPositions(10_000, new RotaryScaling(4)), 8));
    }

    private TransformerConfig Llama(string fields) => Read("llama", fields);

    private TransformerConfig Gemma2(string fields) => Read("gemma2", fields);

    // A later field of the same name counts, as everywhere in JSON.
    private TransformerConfig Read(string family, string fields)
    {
        File.WriteAllText(_folder["config.json"], $$"""{ "model_type": "{{family}}", {{Sizes}}{{(fields.Length > 0 ? "," : "")}} {{fields}} }""");
        return ConfigFile.Read(_folder.Path);
    }
}
