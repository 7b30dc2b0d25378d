using CsCheck;
using InverseScope.Core;
using InverseScope.Core.Information;
using InverseScope.Sweeps.Samples;
using InverseScope.Testing;

namespace InverseScope.Sweeps.Tests.Samples;

public sealed class KeptSiteFileTests : IDisposable
{
    private static readonly Gen<string> Text = Gen.OneOf(Gen.String, Gen.OneOf("", "\uD800", "a\0b", "</script>", "日本語 👍", "a\r\nb"));

    private static readonly Gen<KeptSite> Sites =
        from texts in Text.Array[1, 12].Select(t => t.Distinct().ToArray())
        from references in (
            from text in Gen.Int[0, texts.Length - 1]
            from samples in Gen.Int[0, texts.Length - 1].Array[0, 20]
            from weight in Gen.Float[0, 1]
            from distance in Gen.OneOf(Gen.Float[0, 2], Gen.OneOf(float.NaN, float.PositiveInfinity))
            from tokens in Gen.Select(Text, Gen.Int[0, 9], Gen.Double[-3, 3], (t, start, bits) => new TokenBits(t, start, bits)).Array[0, 3]
            from told in Gen.Bool
            select new KeptReference(
                text, 12.5, 40, samples.Length + 3, samples, [.. samples.Select(_ => weight)], [.. samples.Select(_ => distance)], told ? tokens : null)
            {
                RestTexts = [text],
                RestWeights = [weight],
            }).Array[0, 5]
        from labels in Text.Array[1, 4].Select(t => t.Distinct().ToArray())
        from codes in Gen.Int[-3, labels.Length - 1].Array[texts.Length]
        from hasRest in Gen.Bool
        select new KeptSite
        {
            Site = "L0H1@last",
            MinimumEss = 5,
            Seed = -7,
            Texts = texts,
            PriorShares = [.. texts.Select((_, i) => 1.0 / (i + 3))],
            References = references,
            Labels = new Dictionary<string, KeptLabels>
            {
                ["a0"] = new(labels, codes, [.. labels.Select(_ => 0.25)], 0.9, hasRest ? [.. references.Select(r => new KeptRest([-2, 0], [0.1f, r.Text]))] : []),
                ["A0"] = new([], [.. codes.Select(_ => -1)], [], 1, []),
            },
        };

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_site_comes_back_as_it_was() => Sites.Sample(
        site =>
        {
            KeptSiteFile.Write(_folder.Path, site);
            var path = KeptSiteFile.PathOf(_folder.Path, site.Site);
            Assert.Equivalent(site, KeptSiteFile.Read(path), strict: true);
            Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
        },
        iter: 100, threads: 1);

    [Fact]
    public void A_damaged_file_is_told_and_breaks_nothing()
    {
        var site = Sites.Single();
        KeptSiteFile.Write(_folder.Path, site);
        var path = KeptSiteFile.PathOf(_folder.Path, site.Site);
        var whole = File.ReadAllBytes(path);
        for (var at = 0; at < whole.Length; at++)
        {
            byte[] changed = [.. whole];
            changed[at] ^= 0x55;
            foreach (var damaged in new[] { whole[..at], changed })
            {
                File.WriteAllBytes(path, damaged);
                // What is not told is no damage: the last bytes only repeat what is there.
                if (Record.Exception(() => Assert.Equivalent(site, KeptSiteFile.Read(path), strict: true)) is { } fault)
                    Assert.Contains("not a file of samples", Assert.IsType<BadInputException>(fault).Message, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("L0H0@/../../etc/passwd")]
    [InlineData("L0H0@..\\x:*?")]
    public void Whatever_a_position_is_called_the_file_lies_in_its_folder(string site)
    {
        var folder = Path.Combine(_folder.Path, KeptSiteFile.Folder);
        var path = KeptSiteFile.PathOf(_folder.Path, site);
        Assert.Equal(folder, Path.GetDirectoryName(Path.GetFullPath(path)));
        Assert.DoesNotContain(Path.GetFileName(path), c => "\\:*?/".Contains(c));
        Assert.NotEqual(path, KeptSiteFile.PathOf(_folder.Path, site + "_"));
    }
}
