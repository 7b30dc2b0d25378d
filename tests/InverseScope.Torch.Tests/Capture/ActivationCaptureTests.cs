using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Sites;
using InverseScope.Testing;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Models;
using InverseScope.Torch.Safetensors;
using static TorchSharp.torch;

namespace InverseScope.Torch.Tests.Capture;

[Collection(TorchCollection.Name)]
public sealed class ActivationCaptureTests : IDisposable
{
    private static readonly string[] Patterns = ["embed", "L*H*", "L*.attn", "L*.mlp", "L*.resid"];

    private readonly TorchFixture _torch;
    private readonly TempFolder _folder;
    private readonly TargetModel _target;

    public ActivationCaptureTests(TorchFixture torch)
    {
        (_torch, _folder) = (torch, TinyTarget.Make(torch.Thread));
        _target = TargetModel.Open(_folder.Path, torch.Thread);
    }

    public void Dispose()
    {
        _target.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(Basis.Raw)]
    [InlineData(Basis.Centred)]
    public void Head_coordinates_keep_every_inner_product_of_the_stream(Basis basis)
    {
        using var capture = Capture(basis, "L*H*@last", "L*H*@1");
        var found = capture.Read(["abc", "hgfe", "bb"], default);
        for (var s = 0; s < found.Count; s++)
        {
            var wide = capture.FullWidth(s, found[s].Values);
            for (var i = 0; i < 3; i++)
            {
                for (var j = 0; j < 3; j++)
                {
                    var inStream = Dot(wide.AsSpan(i * TinyTarget.Width, TinyTarget.Width), wide.AsSpan(j * TinyTarget.Width, TinyTarget.Width));
                    Assert.Equal(inStream, Dot(found[s][i], found[s][j]), 1e-4f * (1 + Math.Abs(inStream)));
                }
            }
        }
    }

    [Fact]
    public void Raw_head_outputs_and_the_output_bias_add_up_to_the_attention_output()
    {
        using var capture = Capture(Basis.Raw, "L1H*", "L1.attn");
        var found = capture.Read(["abcd"], default);
        float[] bias;
        using (var file = SafetensorsFile.Open(_folder["model.safetensors"]))
            bias = file.ReadSingles("transformer.h.1.attn.c_proj.bias");
        var heads = Enumerable.Range(0, TinyTarget.Heads).Select(h => capture.FullWidth(h, found[h].Values)).ToArray();
        for (var c = 0; c < TinyTarget.Width; c++)
            Assert.Equal(found[TinyTarget.Heads].Values[c], heads.Sum(h => h[c]) + bias[c], 1e-4f);
    }

    [Fact]
    public void The_stream_is_the_sum_of_what_was_added()
    {
        using var capture = Capture(Basis.Raw, "embed", "L0.attn", "L0.mlp", "L0.resid");
        var found = capture.Read(["abcd"], default);
        for (var c = 0; c < TinyTarget.Width; c++)
            Assert.Equal(found[3].Values[c], found[0].Values[c] + found[1].Values[c] + found[2].Values[c], 1e-4f);
    }

    [Fact]
    public void The_centred_basis_has_mean_zero_over_the_stream()
    {
        using var capture = Capture(Basis.Centred, Patterns);
        var found = capture.Read(["abcd"], default);
        for (var s = 0; s < found.Count; s++)
            Assert.Equal(0, capture.FullWidth(s, found[s].Values).Average(), 1e-5f);
    }

    [Fact]
    public void Numbers_at_a_site_do_not_depend_on_what_else_is_captured()
    {
        string[] texts = [.. Texts(40)];
        using var all = Capture(Basis.Raw, [.. Patterns, "L0H1@1"]);
        using var one = Capture(Basis.Raw, "L0H1@1");
        Assert.Equal(one.Read(texts, default)[0].Values, all.Read(texts, default)[^1].Values);
    }

    [Fact]
    public void A_batch_of_different_lengths_gives_what_each_text_gives_alone()
    {
        string[] texts = [.. Texts(40)];
        using var capture = Capture(Basis.Raw, [.. Patterns, "L*H*@2", "L1.resid@tok:\"c\""]);
        var together = capture.Read(texts, default);
        for (var i = 0; i < texts.Length; i++)
        {
            var alone = capture.Read([texts[i]], default);
            for (var s = 0; s < together.Count; s++)
            {
                Assert.Equal(alone[s].Present[0], together[s].Present[i]);
                Assert.Equal(alone[s][0].Length, together[s][i].Length);
                for (var k = 0; k < alone[s][0].Length; k++)
                    Assert.Equal(alone[s][0][k], together[s][i][k], 1e-4f);
            }
        }
    }

    [Fact]
    public void A_text_without_the_position_is_marked_absent()
    {
        using var capture = Capture(Basis.Raw, "L0H0@3", "L0H0@-2", "L0H0@tok:\"a\"+1");
        var found = capture.Read(["ab", "bcda", "b"], default);
        Assert.Equal([0, 1, 0], found[0].Present);
        Assert.Equal([1, 1, 0], found[1].Present);
        Assert.Equal([1, 0, 0], found[2].Present);
        Assert.True(found[0][0].IsEmpty);
    }

    [Fact]
    public void A_site_that_the_target_lacks_is_named()
    {
        BadInputException Refused(SiteAddress address) =>
            Assert.Throws<BadInputException>(() => new ActivationCapture(_target, [new Site(address, Position.Last)], Basis.Raw, null));
        Assert.Contains("'L2.attn': the target has 2 layers", Refused(new(SiteKind.Attention, 2)).Message, StringComparison.Ordinal);
        Assert.Contains("'L1H2': the target has 2 heads", Refused(new(SiteKind.Head, 1, 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_that_is_too_long_or_unreadable_is_refused()
    {
        using var capture = Capture(Basis.Raw, "L0H0");
        Assert.Contains("at most 8", Assert.Throws<BadInputException>(() => capture.Read(["abcdefgha"], default)).Message, StringComparison.Ordinal);
        Assert.Contains("'x'", Assert.Throws<BadInputException>(() => capture.Read(["abx"], default)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Capturing_leaves_no_tensor_behind()
    {
        using (Capture(Basis.Raw, Patterns))
        {
        }

        var before = _torch.Thread.Run(() => Tensor.TotalCount);
        using (var capture = Capture(Basis.Centred, Patterns))
        {
            capture.Read([.. Texts(40)], default);
            var during = _torch.Thread.Run(() => Tensor.TotalCount);
            capture.Read([.. Texts(40)], default);
            Assert.Equal(during, _torch.Thread.Run(() => Tensor.TotalCount));
        }

        Assert.Equal(before, _torch.Thread.Run(() => Tensor.TotalCount));
    }

    [Fact]
    public void A_weight_that_is_not_finite_is_reported_with_text_and_site()
    {
        using var folder = TinyTarget.Make(_torch.Thread, spoil: true);
        using var target = TargetModel.Open(folder.Path, _torch.Thread);
        using var capture = new ActivationCapture(target, SitePattern.ExpandAll(["L0.mlp"], 2, 2), Basis.Raw, null);
        var e = Assert.Throws<BadInputException>(() => capture.Read(["ab"], default));
        Assert.Contains("\"ab\" at L0.mlp@last is not finite", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancelled_work_stops()
    {
        using var capture = Capture(Basis.Raw, "L0H0");
        Assert.Throws<OperationCanceledException>(() => capture.Read(["ab"], new CancellationToken(canceled: true)));
    }

    [Fact]
    public void The_content_hash_follows_every_file_that_decides_what_is_computed()
    {
        string Hash() => TargetContent.Hash(_folder.Path);
        var hashes = new List<string> { Hash() };
        foreach (var file in new[] { "config.json", "vocab.json", "model.safetensors" })
        {
            File.AppendAllText(_folder[file], " ");
            hashes.Add(Hash());
        }

        File.WriteAllText(_folder["README.md"], "says nothing");
        Assert.Equal(hashes[^1], Hash());
        Assert.Equal(hashes.Count, hashes.Distinct().Count());
        Assert.Equal(_target.Description.ContentHash, hashes[0]);
    }

    private static IEnumerable<string> Texts(int count)
    {
        var random = new RunSeed(3).Stream("texts");
        for (var i = 0; i < count; i++)
            yield return string.Concat(Enumerable.Range(0, 1 + random.NextInt(7)).Select(_ => "abcdefgh"[random.NextInt(8)]));
    }

    private ActivationCapture Capture(Basis basis, params string[] patterns) =>
        new(_target, SitePattern.ExpandAll(patterns, TinyTarget.Layers, TinyTarget.Heads), basis, null);

    private static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum = 0f;
        for (var i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }
}
