using System.Globalization;
using InverseScope.Core.Information;

namespace InverseScope.Cli.Output;

/// <summary>
/// A text with what an activation says of each of its tokens: the tokens, below each a shade that darkens with the bits, and
/// the bits. It reads the same in a file as on a terminal.
/// </summary>
internal static class TokenBitsView
{
    private const double BitsOfFullShade = 4;
    private const string Shades = " ░▒▓█";

    public static void Write(Shell shell, IReadOnlyList<TokenBits> tokens)
    {
        shell.Out.WriteLine();
        shell.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $" what the activation says of each token, {tokens.Sum(t => t.Bits):0.0} bits in all, by the generator:"));
        var cells = tokens.Select(t => (
            Token: t.Token.Length == 0 ? "(end)" : t.Token.Trim() is { Length: > 0 } shown ? shown : "␣",
            Bits: t.Bits.ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture), Shade: ShadeOf(t.Bits))).ToArray();
        for (var begin = 0; begin < cells.Length;)
        {
            var (end, width) = (begin, 0);
            // A token wider than the line has a line of its own.
            while (end < cells.Length && (end == begin || width + WidthOf(end) + 1 < shell.Width))
                width += WidthOf(end++) + 1;
            Line(begin, end, c => c.Token);
            Line(begin, end, c => new string(c.Shade, Math.Max(c.Token.Length, c.Bits.Length)));
            Line(begin, end, c => c.Bits);
            begin = end;
        }

        int WidthOf(int i) => Math.Max(cells[i].Token.Length, cells[i].Bits.Length);

        void Line(int begin, int end, Func<(string Token, string Bits, char Shade), string> what) => shell.Out.WriteLine(
            (" " + string.Join(' ', Enumerable.Range(begin, end - begin).Select(i => what(cells[i]).PadRight(WidthOf(i))))).TrimEnd());
    }

    private static char ShadeOf(double bits) =>
        Shades[(int)Math.Round(Math.Clamp(bits / BitsOfFullShade, 0, 1) * (Shades.Length - 1))];
}
