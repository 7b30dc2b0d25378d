using InverseScope.Core.Specs;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>
/// Labels of a feature at one site under codes that follow the order of the labels themselves. The codes of a
/// <see cref="LabelColumn"/> follow the order in which texts were asked for, which differs in a resumed sweep: sums over
/// labels would then end in other last digits.
/// </summary>
public sealed class RankedLabels
{
    private readonly LabelColumn _column;
    private readonly int[] _rankOf;

    private RankedLabels(LabelColumn column)
    {
        _column = column;
        _rankOf = new int[column.Labels.Count];
        var order = Enumerable.Range(0, _rankOf.Length).OrderBy(code => column.Labels[code], StringComparer.Ordinal);
        foreach (var (rank, code) in order.Index())
            _rankOf[code] = rank;
    }

    /// <summary>Labels all texts of the site: references, samples and prior.</summary>
    public static RankedLabels Over(MeasuredSite site, LabelColumn column, CancellationToken cancel)
    {
        site.Prior.Ask(column, cancel);
        column.Prepare(() => site.Samples.Sets.SelectMany(s => s.Texts).Concat(site.Samples.Sets.Select(s => s.Reference)), cancel);
        foreach (var set in site.Samples.Sets)
        {
            _ = column[set.Reference];
            foreach (var text in set.Texts)
                _ = column[text];
        }

        return new RankedLabels(column);
    }

    /// <summary>Code of a text of the site; negative without a label.</summary>
    public int this[int text] => _column[text] is >= 0 and var code ? _rankOf[code] : _column[text];
}
