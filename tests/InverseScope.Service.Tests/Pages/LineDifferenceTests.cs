using CsCheck;
using InverseScope.Service.Pages;

namespace InverseScope.Service.Tests.Pages;

public sealed class LineDifferenceTests
{
    [Fact]
    public void Lines_are_new_old_or_in_both() => Assert.Equal(
        [(' ', "a"), ('-', "b"), ('+', "x"), (' ', "c"), ('+', "d")], LineDifference.Of("a\nb\nc\n", "a\nx\nc\nd"));

    [Fact]
    public void Old_and_common_lines_are_the_old_text_and_new_and_common_ones_the_new() =>
        Gen.Select(Gen.Int[0, 3].List[1, 12], Gen.Int[0, 3].List[1, 12]).Sample((a, b) =>
        {
            var (before, now) = (string.Join('\n', a), string.Join('\n', b));
            var lines = LineDifference.Of(before, now);
            return string.Join('\n', lines.Where(l => l.Sign != '+').Select(l => l.Line)) == before
                && string.Join('\n', lines.Where(l => l.Sign != '-').Select(l => l.Line)) == now;
        });
}
