using InverseScope.Core.Consistency;

namespace InverseScope.Core.Tests.Consistency;

public sealed class PriorLabelsTests
{
    [Fact]
    public void Undefined_texts_count_in_the_denominator_and_missing_labels_do_not() =>
        Assert.Equal([0.5, 0.25], PriorLabels.Shares([0, 1, 0, LabelCode.Undefined, LabelCode.Failed]));

    [Fact]
    public void A_weight_counts_as_so_many_texts()
    {
        Assert.Equal(PriorLabels.Shares([0, 1, 1, 1]), PriorLabels.Shares([0, 1], [2, 6]));
        Assert.Throws<ArgumentException>(() => PriorLabels.Shares([0, 1], [1]));
    }
}
