using CsCheck;
using InverseScope.Core.Search;

namespace InverseScope.Core.Tests.Search;

public sealed class PartitionHashTests
{
    private static readonly Gen<int[]> Labels = Gen.Int[-1, 6].Array[1, 60];

    [Fact]
    public void The_names_of_labels_do_not_matter() => Labels.Sample(labels =>
    {
        int[] renamed = [.. labels.Select(l => l == -1 ? -1 : 1_000 - 17 * l)];
        Assert.Equal(Of(labels), Of(renamed));
    });

    [Fact]
    public void Undefined_is_not_a_name_like_others() => Labels.Where(l => l.Contains(-1)).Sample(labels =>
        Assert.NotEqual(Of(labels), Of([.. labels.Select(l => l == -1 ? 7 : l)])));

    [Fact]
    public void Different_partitions_have_different_fingerprints() => Gen.Select(Labels, Labels).Sample((a, b) =>
        Assert.Equal(a.Length == b.Length && IsSamePartition(a, b), Of(a) == Of(b)));

    [Fact]
    public void One_label_changed_changes_the_fingerprint() =>
        Gen.Select(Labels.Where(l => l.Length > 1), Gen.Int[0, 59]).Sample((labels, at) =>
        {
            int[] changed = [.. labels];
            changed[at % labels.Length] = 99;
            Assert.Equal(IsSamePartition(labels, changed), Of(labels) == Of(changed));
        });

    private static UInt128 Of(int[] labels) => PartitionHash.Of(labels, -1);

    private static bool IsSamePartition(int[] a, int[] b)
    {
        for (var i = 0; i < a.Length; i++)
        {
            if ((a[i] == -1) != (b[i] == -1))
                return false;
            for (var j = 0; j < i; j++)
            {
                if ((a[i] == a[j]) != (b[i] == b[j]))
                    return false;
            }
        }

        return true;
    }
}
