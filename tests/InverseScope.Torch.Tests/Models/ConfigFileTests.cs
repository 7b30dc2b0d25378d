using InverseScope.Core;
using InverseScope.Testing;
using InverseScope.Torch.Models;

namespace InverseScope.Torch.Tests.Models;

public sealed class ConfigFileTests : IDisposable
{
    private const string Required = "\"model_type\":\"gpt2\",\"n_embd\":8,\"n_head\":2,\"n_layer\":3,\"vocab_size\":11";
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Absent_values_have_the_defaults_of_the_family()
    {
        var config = Read($$"""{ {{Required}}, "n_positions": 5, "n_inner": null }""");
        Assert.Equal((8, 2, 4, 3, 11, 5), (config.Width, config.Heads, config.HeadWidth, config.Layers, config.Vocabulary, config.Context));
        Assert.Equal((32, 1e-5, Activation.GeluTanh), (config.MlpWidth, config.NormEpsilon, config.Activation));
        Assert.True(config is { TiedHead: true, ScaleScores: true, ScaleScoresByLayer: false });
    }

    [Fact]
    public void Every_value_is_read()
    {
        var config = Read($$"""
            { {{Required}}, "n_ctx": 7, "n_inner": 13, "layer_norm_epsilon": 0.01, "activation_function": "gelu",
              "scale_attn_weights": false, "scale_attn_by_inverse_layer_idx": true, "tie_word_embeddings": false,
              "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3, "embd_pdrop": 0.2, "attn_pdrop": 0.3, "resid_pdrop": 0 }
            """);
        Assert.Equal(
            new TransformerConfig
            {
                Family = "gpt2",
                Layers = 3,
                Heads = 2,
                HeadWidth = 4,
                Width = 8,
                MlpWidth = 13,
                Vocabulary = 11,
                Context = 7,
                NormEpsilon = 0.01,
                Activation = Activation.GeluErf,
                ScaleScores = false,
                ScaleScoresByLayer = true,
                TiedHead = false,
                BeginToken = 1,
                EndToken = 2,
                PadToken = 3,
                EmbeddingDropout = 0.2,
                AttentionDropout = 0.3,
                ResidualDropout = 0,
            },
            config);
    }

    [Theory]
    [InlineData("\"activation_function\":\"gelu_newer\"", "Did you mean 'gelu_new'?")]
    [InlineData("\"add_cross_attention\":true", "add_cross_attention")]
    [InlineData("\"quantization_config\":{}", "quantization_config")]
    [InlineData("\"n_head\":3", "not a multiple")]
    [InlineData("\"n_layer\":0", "n_layer must be above 0")]
    [InlineData("\"n_layer\":\"3\"", "n_layer is \"3\"")]
    [InlineData("\"layer_norm_epsilon\":0", "layer_norm_epsilon")]
    [InlineData("\"attn_pdrop\":1", "attn_pdrop")]
    [InlineData("\"vocab_size\":null", "lacks vocab_size")]
    [InlineData("\"model_type\":\"\\ud800\"", "not Unicode")]
    [InlineData("\"\\ud800\":1", "not Unicode")]
    [InlineData("\"model_type\":\"gemma3\"", "family 'gemma3' is not supported (supported: gpt2, llama, gemma2)")]
    public void What_cannot_be_computed_is_refused_by_name(string field, string message)
    {
        var e = Assert.Throws<BadInputException>(() => Read($$"""{ {{Required}}, "n_positions": 5, {{field}} }"""));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Contains("config.json", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{}")]
    public void What_is_no_config_is_refused(string json) => Assert.Throws<BadInputException>(() => Read(json));

    [Fact]
    public void A_byte_order_mark_is_no_fault()
    {
        File.WriteAllText(_folder["config.json"], $$"""{ {{Required}}, "n_positions": 5 }""", new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.Equal(5, ConfigFile.Read(_folder.Path).Context);
    }

    [Fact]
    public void A_pointer_of_Git_LFS_is_told_from_a_file() => Assert.Contains(
        "pointer of Git LFS",
        Assert.Throws<BadInputException>(() => Read("version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 300\n")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_missing_folder_or_config_is_named()
    {
        Assert.Contains("no model folder", Assert.Throws<BadInputException>(() => ConfigFile.Read(_folder["x"])).Message, StringComparison.Ordinal);
        Assert.Contains("no config.json", Assert.Throws<BadInputException>(() => ConfigFile.Read(_folder.Path)).Message, StringComparison.Ordinal);
    }

    private TransformerConfig Read(string json)
    {
        File.WriteAllText(_folder["config.json"], json);
        return ConfigFile.Read(_folder.Path);
    }
}
