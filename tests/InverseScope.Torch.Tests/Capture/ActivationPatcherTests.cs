using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Testing;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Models;
using static TorchSharp.torch;

namespace InverseScope.Torch.Tests.Capture;

[Collection(TorchCollection.Name)]
public sealed class ActivationPatcherTests : IDisposable
{
    private readonly TempFolder _folder;
    private readonly TargetModel _target;

    public ActivationPatcherTests(TorchFixture torch)
    {
        _folder = TinyTarget.Make(torch.Thread);
        _target = TargetModel.Open(_folder.Path, torch.Thread);
    }

    public static TheoryData<string> Sites => ["embed@2", "L0H1@2", "L1H0@-1", "L0.attn@1", "L1.mlp@2", "L0.resid@-2", "L1.resid@-1"];

    public void Dispose()
    {
        _target.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Sites))]
    public void A_patch_is_the_run_with_that_value_in_its_place(string site)
    {
        PatchRequest[] requests =
        [
            new("abcdefg", new PatchAnswer(7, "h"), ["hgfe", "bcb", "aaaaaaa"]),
            new("hgf", new PatchAnswer(2, "f"), ["abcdefgh", "bcb"]),
            new("ccccc", null, ["gac"]),
        ];
        var found = Patcher(site).Patch(requests, default);
        foreach (var (request, outcome) in requests.Zip(found))
        {
            Assert.Equal(request.Donors.Count, outcome!.Effects.Count);
            foreach (var (donor, effect) in request.Donors.Zip(outcome.Effects))
            {
                var (kl, before, after) = ByHand(site, request.Text, request.Answer, donor);
                Assert.Equal(kl, effect!.Value.KlBits, 1e-4 * (1 + kl));
                if (request.Answer is null)
                {
                    Assert.Null(outcome.AnswerProbability);
                    Assert.Null(effect.Value.AnswerProbability);
                    continue;
                }

                Assert.Equal(before, outcome.AnswerProbability!.Value, 1e-5);
                Assert.Equal(after, effect.Value.AnswerProbability!.Value, 1e-5);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sites))]
    public void A_text_that_is_its_own_donor_changes_nothing(string site)
    {
        var outcome = Patcher(site).Patch([new PatchRequest("abcde", new PatchAnswer(5, "a"), ["abcde", "abcde"])], default)[0]!;
        Assert.All(outcome.Effects, e => Assert.InRange(e!.Value.KlBits, 0, 1e-6));
        Assert.All(outcome.Effects, e => Assert.Equal(outcome.AnswerProbability!.Value, e!.Value.AnswerProbability!.Value, 1e-6));
    }

    [Fact]
    public void The_last_stream_is_all_that_the_next_token_rests_on()
    {
        var patched = Patcher("L1.resid@-1").Patch([new PatchRequest("abcd", new PatchAnswer(4, "h"), ["hhg"])], default)[0]!;
        var donor = Patcher("L1.resid@-1").Patch([new PatchRequest("hhg", new PatchAnswer(3, "h"), [])], default)[0]!;
        Assert.Equal(donor.AnswerProbability!.Value, patched.Effects[0]!.Value.AnswerProbability!.Value, 1e-6);
    }

    [Fact]
    public void Texts_without_the_position_are_told_apart()
    {
        var found = Patcher("L0.resid@4").Patch([new PatchRequest("abc", null, ["abcdefg"]), new PatchRequest("abcdef", null, ["abc", "hgfedc"])], default);
        Assert.Null(found[0]);
        Assert.Null(found[1]!.Effects[0]);
        Assert.True(found[1]!.Effects[1]!.Value.KlBits > 0);
    }

    [Fact]
    public void What_is_not_the_end_of_a_text_is_no_answer()
    {
        var outcome = Patcher("L0.resid@1").Patch([new PatchRequest("abcd", new PatchAnswer(2, "h"), ["abdd"])], default)[0]!;
        Assert.Null(outcome.AnswerProbability);
        Assert.Null(outcome.Effects[0]!.Value.AnswerProbability);
    }

    [Fact]
    public void Scores_that_are_not_finite_are_no_measurement()
    {
        using var thread = new InverseScope.Torch.Runtime.TorchThread(threads: 1);
        using var folder = TinyTarget.Make(thread, spoil: true);
        using var target = TargetModel.Open(folder.Path, thread);
        Assert.Null(new ActivationPatcher(target, null, SiteOf("embed@1")).Patch([new PatchRequest("abc", null, ["ddd"])], default)[0]!.Effects[0]);
    }

    [Fact]
    public void An_answer_that_the_target_cannot_read_has_no_probability()
    {
        var outcome = Patcher("L0.resid@1").Patch([new PatchRequest("abcdefgh", new PatchAnswer(8, "a"), ["abdd"]), new PatchRequest("ab", new PatchAnswer(2, "?"), ["ba"])], default);
        Assert.All(outcome, o => Assert.Null(o!.AnswerProbability));
        Assert.All(outcome, o => Assert.NotNull(o!.Effects[0]));
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        PatchRequest[] requests = [new("abcdefg", new PatchAnswer(7, "h"), ["hgfe", "bcb"]), new("hg", null, ["ab"])];
        Patcher("L0H1@1").Patch(requests, default);
        var before = _target.Compute(_ => Tensor.TotalCount);
        Patcher("L0H1@1").Patch(requests, default);
        Assert.Equal(before, _target.Compute(_ => Tensor.TotalCount));
    }

    private static Site SiteOf(string text) => SitePattern.ExpandAll([text], TinyTarget.Layers, TinyTarget.Heads, null, null)[0];

    private ActivationPatcher Patcher(string site) => new(_target, null, SiteOf(site));

    private (double Kl, double Before, double After) ByHand(string site, string text, PatchAnswer? answer, string donor) => _target.Compute(network =>
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var at = SiteOf(site);
        var (place, head) = (SiteReader.PlaceOf(at.Address.Kind), at.Address.Head);
        Tensor? given = null;
        Tensor Run(string input, Func<Tensor, Tensor>? change)
        {
            var ids = Array.ConvertAll(_target.Tokenize(input).Ids, id => (long)id);
            return network.Logits(network.Run(new ForwardPass(tensor(ids, [1, ids.Length]))
            {
                Tap = (p, layer, value) => p == place && layer == at.Address.Layer && change is not null ? change(value) : value,
            })).log_softmax(-1)[0].@double();
        }

        int Position(string input) => at.Position.Resolve(_target.Tokenize(input), null)!.Value;
        Run(donor, value =>
        {
            given = (place == Place.HeadMix ? value[0, head, Position(donor)] : value[0, Position(donor)]).clone().DetachFromDisposeScope();
            return value;
        });
        var position = Position(text);
        Tensor Replace(Tensor value)
        {
            var changed = value.clone();
            if (place == Place.HeadMix)
                changed[0, head, position] = given!;
            else
                changed[0, position] = given!;
            return changed;
        }

        var whole = answer is { } asked ? text[..asked.Begin] + asked.Text : text;
        var (plain, patched) = (Run(whole, null), Run(whole, Replace));
        var kl = 0.0;
        for (var t = position; t < text.Length; t++)
            kl += (plain[t].exp() * (plain[t] - patched[t])).sum().item<double>() / Math.Log(2);
        given!.Dispose();
        if (answer is not { } a)
            return (kl, 0, 0);
        var ids = _target.Tokenize(whole).Ids;
        double Answer(Tensor scores) => Math.Exp(Enumerable.Range(a.Begin, whole.Length - a.Begin).Sum(t => scores[t - 1, ids[t]].item<double>()));
        return (kl, Answer(plain), Answer(patched));
    });
}
