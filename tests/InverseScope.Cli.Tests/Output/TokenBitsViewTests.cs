using InverseScope.Cli.Output;
using InverseScope.Core.Information;

namespace InverseScope.Cli.Tests.Output;

public sealed class TokenBitsViewTests
{
    private static readonly TokenBits[] Tokens =
        [new("Ann", 0, 4.2), new(" gave", 3, 0.04), new(" ", 8, -1), new("Bea", 9, 2), new("", 12, 0)];

    [Fact]
    public void Each_token_stands_over_its_shade_and_its_bits() => Assert.Equal(
        """

         what the activation says of each token, 5.2 bits in all, by the generator:
         Ann  gave ␣    Bea  (end)
         ████           ▒▒▒▒
         +4.2 0.0  -1.0 +2.0 0.0

        """, Shown(100));

    [Fact]
    public void A_narrow_terminal_folds_it() => Assert.Equal(
        """

         what the activation says of each token, 5.2 bits in all, by the generator:
         Ann  gave
         ████
         +4.2 0.0
         ␣    Bea
              ▒▒▒▒
         -1.0 +2.0
         (end)

         0.0

        """, Shown(13));

    private static string Shown(int width)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var shell = new Shell(output, TextWriter.Null, TimeProvider.System) { Width = width };
        TokenBitsView.Write(shell, Tokens);
        return output.ToString();
    }
}
