using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Testing;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Models;
using static TorchSharp.torch;

namespace InverseScope.Torch.Tests.Capture;

[Collection(TorchCollection.Name)]
public sealed class PatchedContinuationTests : IDisposable
{
    private readonly TempFolder _folder;
    private readonly TargetModel _target;

    public PatchedContinuationTests(TorchFixture torch)
    {
        _folder = TinyTarget.Make(torch.Thread);
        _target = TargetModel.Open(_folder.Path, torch.Thread);
    }

    public void Dispose()
    {
        _target.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("embed@1")]
    [InlineData("L0H1@1")]
    [InlineData("L1H0@-1")]
    [InlineData("L0.attn@last")]
    [InlineData("L1.mlp@-2")]
    [InlineData("L1.resid@last")]
    public void What_is_written_with_kept_keys_and_values_is_what_reading_all_again_gives(string site)
    {
        ContinuationRequest[] requests =
        [
            new("abc", "hgfed", 5), new("hgf", null, 5), new("hgf", "abc", 5), new("bb", "abc", 6), new("cab", "hgf", 2), new("aaaaaa", "ab", 2),
        ];
        var found = new PatchedContinuation(_target, null, SiteOf(site)).Write(requests, default);
        foreach (var (request, text) in requests.Zip(found))
            Assert.Equal(ByHand(site, request), text);
    }

    [Fact]
    public void A_patch_before_the_last_token_is_read_by_all_that_is_written_after_it()
    {
        var found = new PatchedContinuation(_target, null, SiteOf("embed@1")).Write([new("abc", null, 5), new("abc", "hgfed", 5)], default);
        Assert.NotEqual(found[0], found[1]);
    }

    [Fact]
    public void Texts_without_the_position_are_told_apart() =>
        Assert.Equal(
            [true, true, false, false],
            new PatchedContinuation(_target, null, SiteOf("L0.resid@3")).Write(
                [new("abc", "abcdef", 1), new("abcdef", "abc", 1), new("abc", null, 1), new("abcde", "abcd", 1)], default).Select(t => t is null));

    [Fact]
    public void A_text_that_fills_the_context_is_gone_on_with_by_one_token()
    {
        ContinuationRequest[] requests = [new("abcdefgh", "ab", 1), new("abcdefg", "ab", 2)];
        Assert.Equal(
            requests.Select(request => ByHand("L0.resid", request)),
            new PatchedContinuation(_target, null, SiteOf("L0.resid")).Write(requests, default));
    }

    [Fact]
    public void What_the_end_of_the_context_cuts_is_no_continuation() =>
        Assert.Equal(
            [true, true, false, false],
            new PatchedContinuation(_target, null, SiteOf("L0.resid")).Write(
                [new("abcdefgh", "ab", 2), new("abcde", null, 5), new("abcdefgh", null, 1), new("abcde", null, 4)], default).Select(t => t is null));

    [Theory]
    [InlineData(2, 50)]
    [InlineData(30, 40)]
    [InlineData(300, 2)]
    public void A_batch_counts_the_tokens_that_are_to_be_written(int tokens, int characters)
    {
        var config = _target.Config with { Context = 1024 };
        var places = tokens + PatchedContinuation.Most(config, tokens, characters);
        Assert.Equal(tokens + 4 * characters, places);
        Assert.InRange(PatchedContinuation.Rows(config, tokens, places - tokens), 1, ActivationCapture.TokensPerBatch / (places - 1));
    }

    [Fact]
    public void Scores_that_are_not_finite_are_no_continuation()
    {
        using var thread = new InverseScope.Torch.Runtime.TorchThread(threads: 1);
        using var folder = TinyTarget.Make(thread, spoil: true);
        using var target = TargetModel.Open(folder.Path, thread);
        Assert.Equal([null], new PatchedContinuation(target, null, SiteOf("L0.resid")).Write([new("abc", null, 3)], default));
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        ContinuationRequest[] requests = [new("abc", "hgfed", 5), new("hgf", null, 2)];
        var writer = new PatchedContinuation(_target, null, SiteOf("L0H1"));
        writer.Write(requests, default);
        var before = _target.Compute(_ => Tensor.TotalCount);
        writer.Write(requests, default);
        Assert.Equal(before, _target.Compute(_ => Tensor.TotalCount));
    }

    private static Site SiteOf(string text) => SitePattern.ExpandAll([text], TinyTarget.Layers, TinyTarget.Heads, null, null)[0];

    // Every token reads the whole text anew, with the patch in its place.
    private string ByHand(string site, ContinuationRequest request) => _target.Compute(network =>
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var at = SiteOf(site);
        var patch = new SitePatch(at.Address);
        int Position(string text) => at.Position.Resolve(_target.Tokenize(text), null)!.Value;
        var given = request.Donor is { } donor ? patch.Read(network, [(_target.Tokenize(donor).Ids, Position(donor))], default) : null;
        var text = request.Text;
        while (text.Length - request.Text.Length < request.Characters && text.Length < 9)
        {
            var ids = Array.ConvertAll(_target.Tokenize(text).Ids, id => (long)id);
            var stream = network.Run(new ForwardPass(tensor(ids, [1, ids.Length]))
            {
                Tap = given is null ? null : patch.Into([(0, Position(request.Text))], given),
            });
            text += (char)('a' + network.Logits(stream)[0, -1].argmax().item<long>());
        }

        return text[request.Text.Length..];
    });
}
