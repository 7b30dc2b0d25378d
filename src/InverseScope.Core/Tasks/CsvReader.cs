using System.Text;

namespace InverseScope.Core.Tasks;

/// <summary>Reads comma-separated values as RFC 4180 has them: quoted fields may hold commas, doubled quotes and line ends.</summary>
internal static class CsvReader
{
    private const int NamesShown = 200;

    /// <summary>The rows after the header, each with the line on which it begins (from 1); blank lines are passed over.</summary>
    /// <param name="text">The whole file.</param>
    /// <param name="file">Name for messages.</param>
    /// <param name="wanted">Columns of which the header must name one; none: any header will do.</param>
    /// <exception cref="BadInputException">
    /// A quote that is not closed, a row with more or fewer fields than the header, or a header without a wanted column.
    /// </exception>
    public static IEnumerable<(int Line, IReadOnlyDictionary<string, string> Fields)> Read(string text, string file, params IReadOnlyList<string> wanted)
    {
        string[]? header = null;
        foreach (var (line, row) in Rows(text, file))
        {
            if (row is [""])
                continue;
            if (header is null)
            {
                header = [.. row.Select(name => name.Trim())];
                if (header.Distinct(StringComparer.OrdinalIgnoreCase).Count() < header.Length)
                    throw new BadInputException($"{file}({line}): two columns have the same name.");
                if (wanted.Count > 0 && !wanted.Intersect(header, StringComparer.OrdinalIgnoreCase).Any())
                {
                    var names = string.Join(", ", header);
                    throw new BadInputException(
                        $"{file}({line}): there is no column '{wanted[0]}'.",
                        $"Found: {(names.Length > NamesShown ? $"{names[..NamesShown]}…" : names)}. Is this the file that the option is for, with its header?");
                }

                continue;
            }

            if (row.Count != header.Length)
                throw new BadInputException($"{file}({line}): {row.Count} fields, but the header names {header.Length}.");
            yield return (line, header.Zip(row).ToDictionary(f => f.First, f => f.Second, StringComparer.OrdinalIgnoreCase));
        }
    }

    private static IEnumerable<(int Line, List<string> Row)> Rows(string text, string file)
    {
        var (row, field) = (new List<string>(), new StringBuilder());
        var (line, start, quoteAt, isQuoted) = (1, 1, 0, false);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            // A carriage return alone ends a line too, as some spreadsheets write it.
            if (c == '\r' && !isQuoted && !(i + 1 < text.Length && text[i + 1] == '\n'))
                c = '\n';
            if (c == '\n')
                line++;
            if (isQuoted)
            {
                if (c != '"')
                    field.Append(c);
                else if (i + 1 < text.Length && text[i + 1] == '"')
                    field.Append(text[++i]);
                else
                    isQuoted = false;
                continue;
            }

            switch (c)
            {
                case '"' when field.Length == 0:
                    (isQuoted, quoteAt) = (true, line);
                    break;
                case ',':
                    Next();
                    break;
                case '\r':
                    break;
                case '\n':
                    Next();
                    yield return (start, row);
                    (row, start) = ([], line);
                    break;
                default:
                    field.Append(c);
                    break;
            }
        }

        if (isQuoted)
            throw new BadInputException($"{file}({quoteAt}): a quote is opened here and never closed.");
        if (field.Length > 0 || row.Count > 0)
        {
            Next();
            yield return (start, row);
        }

        void Next()
        {
            row.Add(field.ToString());
            field.Clear();
        }
    }
}
