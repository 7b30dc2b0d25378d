using CsCheck;
using InverseScope.Core.Search;

namespace InverseScope.Core.Tests.Search;

public sealed class ColumnTests
{
    [Fact]
    public void Compressed_codes_part_the_rows_alike_and_are_dense() =>
        Gen.Long[-3, 20].Select(v => v < 0 ? -1 : v * 1_000_000_007).Array[1, 80].Sample(wide =>
        {
            var codes = new int[wide.Length];
            var count = Column.Compress(wide, codes);

            Assert.Equal(PartitionHash.Of(Narrow(wide), -1), PartitionHash.Of(codes, Column.Undefined));
            Assert.Equal(Math.Max(1, wide.Where(v => v >= 0).Distinct().Count()), count);
            Assert.All(codes, c => Assert.InRange(c, Column.Undefined, count - 1));
        });

    private static int[] Narrow(long[] wide) => [.. wide.Select(v => v < 0 ? -1 : (int)(v / 1_000_000_007))];
}
