using CsCheck;
using InverseScope.Core.Sampling;

namespace InverseScope.Core.Tests.Sampling;

public sealed class SystematicSampleTests
{
    [Fact]
    public void A_systematic_sample_has_each_as_often_as_its_share_to_within_one() =>
        Gen.Select(Gen.Double[0.01, 1].Array[1, 40], Gen.Int[1, 64], Gen.Double[0, 0.999]).Sample((shares, count, start) =>
        {
            var chosen = SystematicSample.Of(shares, count, start);
            Assert.Equal(count, chosen.Length);
            for (var i = 0; i < shares.Length; i++)
                Assert.InRange(chosen.Count(c => c == i) - count * shares[i] / shares.Sum(), -1 - 1e-9, 1 + 1e-9);
        });
}
