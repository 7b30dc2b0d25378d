using System.Text.Json.Nodes;
using InverseScope.Core;
using InverseScope.Testing;
using InverseScope.Torch.Checks;
using InverseScope.Torch.Runtime;

namespace InverseScope.Torch.Tests.Checks;

[Collection(TorchCollection.Name)]
public sealed class ModelCheckTests(TorchFixture torch)
{
    // Measured below 1.4e-6 for GPT-2, where erf-GELU in place of tanh-GELU gives 2e-4, and below 5.1e-6 for the others.
    [Theory]
    [InlineData("gpt2-tiny", 3e-6)]
    [InlineData("gpt2-tiny-f16", 3e-6)]
    [InlineData("gpt2-tiny-bf16-sharded", 3e-6)]
    [InlineData("gpt2-tiny-hub-layout", 3e-6)]
    [InlineData("gemma2-tiny", 1e-5)]
    [InlineData("gemma2-tiny-bf16-sharded", 1e-5)]
    [InlineData("llama3-tiny", 1e-5)]
    [InlineData("llama3-tiny-bf16-sharded", 1e-5)]
    [InlineData("llama3-tiny-ropescaled", 1e-5)]
    public void Reference_folders_agree(string name, double expected)
    {
        var result = ModelCheck.Run(Golden.Folder(name), torch.Thread);
        Assert.InRange(result.WorstError, 0, expected);
        Assert.Equal(0, result.DifferingTokens);
        Assert.Contains(result.Quantities, q => q.Name == "greedy" && q.Compared >= 12);
        Assert.True(result.Passed);
    }

    [Fact]
    public void The_full_reference_compares_every_quantity()
    {
        var names = ModelCheck.Run(Golden.Folder("gpt2-tiny"), torch.Thread).Quantities.Select(q => q.Name).Order(StringComparer.Ordinal);
        Assert.Equal(
            ["attn_out", "attn_probs", "batch final_logits", "batch_greedy", "final_logits", "final_norm_out", "greedy",
                "head_out", "mlp_out", "next_token_logprob", "patched final_logits", "patched_value", "resid_mid", "resid_post",
                "resid_pre", "z"],
            names);
    }

    [Theory]
    [InlineData("models/addition")]
    [InlineData("models/counting")]
    public void Trained_models_agree_in_both_bases(string name)
    {
        var result = ModelCheck.Run(Shared.Path(name), torch.Thread);
        Assert.InRange(result.WorstError, 0, 1e-5);
        Assert.Equal(0, result.DifferingTokens);
        Assert.Contains(result.Quantities, q => q.Name == "head_out_tl");
    }

    [Theory]
    [InlineData("final_logits")]
    [InlineData("greedy")]
    [InlineData("position_ids")]
    public void A_deviation_is_found_and_placed(string what)
    {
        using var folder = new TempFolder();
        var json = Copy("gpt2-tiny", folder);
        switch (what)
        {
            case "final_logits":
                json["prompts"]![2]!["final_logits"]![0] = json["prompts"]![2]!["final_logits"]![0]!.GetValue<double>() + 0.01;
                break;
            case "greedy":
                json["greedy"]![0]!["continuation"]![3] = 1;
                break;
            default:
                json["batches"]![0]!["position_ids"]![0]![11] = 9;
                break;
        }

        File.WriteAllText(folder["golden.json"], json.ToJsonString());
        var result = ModelCheck.Run(folder.Path, torch.Thread);
        Assert.False(result.Passed);
        var wrong = result.Quantities.Where(q => q.WorstError > result.Tolerance || q.DifferingTokens > 0).ToArray();
        Assert.NotEmpty(wrong);
        Assert.All(wrong, q => Assert.NotEmpty(q.Where));
        Assert.Equal(what == "greedy" ? 1 : 0, result.DifferingTokens);
        Assert.Equal(what != "greedy", result.WorstError > result.Tolerance);
    }

    // Measured: 34 and 10 epsilons.
    [Theory]
    [InlineData("gemma2-tiny", NumberType.BFloat16)]
    [InlineData("llama3-tiny", NumberType.Float16)]
    public void A_narrower_type_has_a_tolerance_of_its_own(string name, NumberType type)
    {
        using var thread = new TorchThread(threads: 1, weights: type);
        var result = ModelCheck.Run(Golden.Folder(name), thread);
        Assert.InRange(result.WorstError, 4 * result.Epsilon, 64 * result.Epsilon);
        Assert.True(result.Passed);
    }

    [Fact]
    public void Tokens_that_differ_are_no_error_of_numbers_and_a_fault_in_float32_only()
    {
        ModelCheckResult In(NumberType type) => new(
            "m", type, [new CheckedQuantity("final_logits", 9e-5, null, "p", 3), new CheckedQuantity("greedy", null, 2, "p", 12, 0.01)]);
        Assert.Equal((9e-5, 2, 12), (In(NumberType.Float32).WorstError, In(NumberType.Float32).DifferingTokens, In(NumberType.Float32).ComparedTokens));
        Assert.False(In(NumberType.Float32).Passed);
        Assert.True(In(NumberType.BFloat16).Passed);
        Assert.Equal((1e-4, 0.125, 1.0 / 64), (In(NumberType.Float32).Tolerance, In(NumberType.BFloat16).Tolerance, In(NumberType.Float16).Tolerance));
    }

    [Theory]
    [InlineData("final_logits", 0.12, true)]
    [InlineData("final_logits", 0.13, false)]
    [InlineData("mlp_out", 0.24, true)]
    [InlineData("mlp_out", 0.26, false)]
    [InlineData("attn_probs", 0.37, true)]
    [InlineData("attn_probs", 0.38, false)]
    public void Each_quantity_is_bounded_by_what_the_type_rounds_of_it(string quantity, double error, bool passes) =>
        Assert.Equal(passes, new ModelCheckResult("m", NumberType.BFloat16, [new CheckedQuantity(quantity, error, null, "p", 1)]).Passed);

    [Theory]
    [InlineData("greedy", 0.24, true)]
    [InlineData("greedy", 0.26, false)]
    [InlineData("input_ids", null, false)]
    public void A_token_that_no_rounding_explains_is_a_fault_in_every_type(string quantity, double? lead, bool passes) =>
        Assert.Equal(passes, new ModelCheckResult("m", NumberType.BFloat16, [new CheckedQuantity(quantity, null, 1, "p", 12, lead)]).Passed);

    [Fact]
    public void The_lead_of_another_token_is_taken_where_the_continuation_leaves_the_reference()
    {
        using var folder = new TempFolder();
        var json = Copy("gpt2-tiny", folder);
        json["greedy"]![0]!["continuation"]![3] = 1;
        File.WriteAllText(folder["golden.json"], json.ToJsonString());
        using var thread = new TorchThread(threads: 1, weights: NumberType.BFloat16);
        var greedy = ModelCheck.Run(folder.Path, thread).Quantities.Single(q => q.Name == "greedy");
        Assert.Equal(1, greedy.DifferingTokens);
        Assert.InRange(greedy.Lead!.Value, 0.01, 2);
    }

    [Theory]
    [InlineData("{", "malformed")]
    [InlineData("{}", "neither")]
    [InlineData("""{"prompts":[]}""", "nothing to compare")]
    [InlineData("""{"prompts":[{"id":"p","input_ids":[512]}]}""", "token id")]
    [InlineData("""{"prompts":[{"id":"p","input_ids":[1],"final_logits":[1]}]}""", "1 numbers for final_logits")]
    [InlineData("""{"prompts":[{"id":"p"}]}""", "malformed")]
    public void A_reference_that_cannot_be_used_is_refused(string golden, string message)
    {
        using var folder = new TempFolder();
        Copy("gpt2-tiny", folder);
        File.WriteAllText(folder["golden.json"], golden);
        var e = Assert.Throws<BadInputException>(() => ModelCheck.Run(folder.Path, torch.Thread));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("input_ids")]
    [InlineData("position")]
    [InlineData("capture")]
    [InlineData("head")]
    [InlineData("mask")]
    public void A_reference_for_what_the_model_lacks_is_refused(string what)
    {
        using var folder = new TempFolder();
        var json = Copy("gpt2-tiny", folder);
        var patch = json["patching"]!.AsArray().First(p => p!["head"] is not null)!;
        switch (what)
        {
            case "input_ids":
                json["prompts"]![0]!["input_ids"] = new JsonArray();
                break;
            case "position":
                patch["position"] = 9999;
                break;
            case "capture":
                json["prompts"]!.AsArray().First(p => p!["captures"] is not null)!["captures"]![0]!["position"] = -1;
                break;
            case "head":
                patch["head"] = 77;
                break;
            default:
                json["batches"]![0]!["attention_mask"] = new JsonArray(new JsonArray(1));
                break;
        }

        File.WriteAllText(folder["golden.json"], json.ToJsonString());
        var e = Assert.Throws<BadInputException>(() => ModelCheck.Run(folder.Path, torch.Thread));
        Assert.Contains("golden.json", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_reference_says_so()
    {
        using var folder = new TempFolder();
        Copy("gpt2-tiny", folder);
        File.Delete(folder["golden.json"]);
        var e = Assert.Throws<BadInputException>(() => ModelCheck.Run(folder.Path, torch.Thread));
        Assert.Contains("no golden.json", e.Message, StringComparison.Ordinal);
    }

    private static JsonNode Copy(string name, TempFolder folder)
    {
        foreach (var file in Directory.GetFiles(Golden.Folder(name)))
            File.Copy(file, folder[Path.GetFileName(file)]);
        return JsonNode.Parse(File.ReadAllText(folder["golden.json"]))!;
    }
}
