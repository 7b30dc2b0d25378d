using InverseScope.Torch.Banks;

namespace InverseScope.Torch.Tests.Banks;

public sealed class OpenFilesTests
{
    [Theory]
    [InlineData("Max open files            1024                 524288               files     ", 512)]
    [InlineData("Max open files            1048576              1048576              files     ", 8192)]
    [InlineData("Max open files            unlimited            unlimited            files     ", 8192)]
    [InlineData("Max open files            1                    1                    files     ", 1)]
    [InlineData("Max processes             1024                 1024                 processes ", 256)]
    public void Half_of_what_is_allowed_is_used(string line, int expected) =>
        Assert.Equal(expected, OpenFiles.Of(["Limit                     Soft Limit           Hard Limit           Units     ", line]));

    [Fact]
    public void This_machine_allows_some() => Assert.InRange(OpenFiles.AtOnce, 1, 8192);
}
