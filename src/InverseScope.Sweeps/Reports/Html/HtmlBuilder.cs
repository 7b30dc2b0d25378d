using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace InverseScope.Sweeps.Reports.Html;

/// <summary>
/// Builds markup from interpolated text alone: the literal parts are markup, and whatever stands in a hole is escaped.
/// There is no way to add a text as it is, so a sample can never become markup.
/// </summary>
internal sealed class HtmlBuilder
{
    private readonly StringBuilder _html = new(1 << 16);

    /// <summary>Adds markup; see the class.</summary>
    public HtmlBuilder Add([InterpolatedStringHandlerArgument("")] MarkupHandler markup)
    {
        _ = markup;
        return this;
    }

    public override string ToString() => _html.ToString();

    [InterpolatedStringHandler]
    internal readonly ref struct MarkupHandler(int literalLength, int formattedCount, HtmlBuilder target)
    {
        private readonly StringBuilder _html = Roomy(target._html, literalLength + 8 * formattedCount);

        public void AppendLiteral(string markup) => _html.Append(markup);

        public void AppendFormatted(string? text) => AppendEscaped(VisibleText.Of(text ?? ""));

        /// <param name="format"><c>lines</c> keeps line feeds.</param>
        public void AppendFormatted(string? text, string format) =>
            AppendEscaped(VisibleText.Of(text ?? "", keepLines: format == "lines"));

        public void AppendFormatted(int number) => _html.Append(number);

        /// <summary>A coordinate: one digit after the point.</summary>
        public void AppendFormatted(double number) =>
            _html.Append(Math.Round(number, 1).ToString("0.#", CultureInfo.InvariantCulture));

        private void AppendEscaped(string text)
        {
            foreach (var c in text)
            {
                switch (c)
                {
                    case '&':
                        _html.Append("&amp;");
                        break;
                    case '<':
                        _html.Append("&lt;");
                        break;
                    case '>':
                        _html.Append("&gt;");
                        break;
                    case '"':
                        _html.Append("&quot;");
                        break;
                    case '\'':
                        _html.Append("&#39;");
                        break;
                    default:
                        _html.Append(c);
                        break;
                }
            }
        }

        private static StringBuilder Roomy(StringBuilder html, int more)
        {
            html.EnsureCapacity(html.Length + more);
            return html;
        }
    }
}
