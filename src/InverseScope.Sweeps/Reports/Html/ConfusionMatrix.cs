using System.Text;

namespace InverseScope.Sweeps.Reports.Html;

/// <summary>Labels of references (rows) against labels of their samples (columns); each row adds up to 1.</summary>
internal static class ConfusionMatrix
{
    private const int LabelLength = 9;
    private const int CellHeight = 17;
    private const int Left = 74;
    private const int Top = 16;

    // Below this a cell stays empty, and below the other its number is not written.
    private const double DrawnShare = 0.01;
    private const double WrittenShare = 0.095;

    public static void Write(HtmlBuilder html, LabelTable table)
    {
        var columns = table.Labels.Count + 2;
        var cell = columns > 8 ? 24 : 32;
        var (width, height) = (Left + columns * cell + 2, Top + table.Rows.Count * CellHeight + 2);
        html.Add($"<figure><figcaption>Label of the reference (down), of its samples (across)</figcaption><svg class=\"matrix\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"Confusion matrix of {table.Labels.Count} labels\">");
        for (var c = 0; c < columns; c++)
            ColumnHead(html, table, c, cell);
        var shapes = new SortedDictionary<string, StringBuilder>(StringComparer.Ordinal);
        for (var r = 0; r < table.Rows.Count; r++)
        {
            var (row, y) = (table.Rows[r], Top + r * CellHeight);
            html.Add($"<text x=\"{Left - 6}\" y=\"{y + 12}\" class=\"e\">{(row.Label is null ? "others" : Cut(row.Label, LabelLength))} <tspan class=\"quiet\">{row.References}</tspan></text>");
            foreach (var (style, from, count) in Runs(Shares(row)))
            {
                if (!shapes.TryGetValue(style, out var shape))
                    shapes[style] = shape = new StringBuilder();
                var run = count * cell - 1;
                shape.Append(FormattableString.Invariant($"M{Left + from * cell} {y}h{run}v{CellHeight - 1}h-{run}z"));
            }
        }

        foreach (var (style, shape) in shapes)
            html.Add($"<path class=\"{style}\" d=\"{shape.ToString()}\"/>");
        for (var r = 0; r < table.Rows.Count; r++)
        {
            foreach (var (share, column) in Shares(table.Rows[r]).Select((s, c) => (s, c)).Where(s => s.s >= WrittenShare))
                html.Add($"<text class=\"t{KappaScale.Class(share)}\" x=\"{Left + (column + 0.5) * cell}\" y=\"{Top + r * CellHeight + 12}\">{KappaScale.Brief(share)}</text>");
            if (table.Rows[r].Label is { } label && table.Labels.ToList().IndexOf(label) is >= 0 and var diagonal)
                html.Add($"<rect class=\"diagonal\" x=\"{Left + diagonal * cell}\" y=\"{Top + r * CellHeight}\" width=\"{cell - 1}\" height=\"{CellHeight - 1}\"/>");
        }

        html.Add($"</svg></figure>");
    }

    private static void ColumnHead(HtmlBuilder html, LabelTable table, int column, int cell)
    {
        var name = column < table.Labels.Count ? table.Labels[column]
            : column == table.Labels.Count ? "other labels" : "undefined";
        var sign = column < table.Labels.Count ? Cut(name, cell > 24 ? 5 : 3)
            : column == table.Labels.Count ? "…" : "∅";
        html.Add($"<text x=\"{Left + (column + 0.5) * cell}\" y=\"11\" class=\"m\">{sign}");
        if (sign != name)
            html.Add($"<title>{name}</title>");
        html.Add($"</text>");
    }

    // Neighbouring cells of one colour are one shape: most of a matrix is its lowest step.
    private static IEnumerable<(string Style, int From, int Count)> Runs(IEnumerable<double> shares)
    {
        var styles = shares.Select(s => s < DrawnShare ? null : KappaScale.Class(s)).ToList();
        for (var from = 0; from < styles.Count;)
        {
            var end = from + 1;
            while (end < styles.Count && styles[end] == styles[from])
                end++;
            if (styles[from] is { } style)
                yield return (style, from, end - from);
            from = end;
        }
    }

    private static IEnumerable<double> Shares(LabelRow row) => row.Shares.Append(row.Other).Append(row.Undefined);

    private static string Cut(string label, int length)
    {
        var (head, left) = VisibleText.Cut(label, length);
        return left == 0 ? head : head[..^1] + "…";
    }
}
