using InverseScope.Torch.Models;

namespace InverseScope.Torch.Tests.Models;

public sealed class DeviceMemoryTests
{
    [Theory]
    [InlineData("cuda", null, "0")]
    [InlineData("cuda:3", null, "3")]
    [InlineData("cuda:1", "", "1")]
    [InlineData("cuda:1", "2,5", "5")]
    [InlineData("cuda", " 7 , 1", "7")]
    [InlineData("cuda:1", "GPU-12ab, GPU-34cd", "GPU-34cd")]
    [InlineData("cuda:2", "2,5", null)]
    public void A_device_has_the_name_that_the_driver_knows_it_by(string device, string? visible, string? name) =>
        Assert.Equal(name, DeviceMemory.NameOf(device, visible));

    [Fact]
    public void A_machine_tells_what_is_free() => Assert.InRange(DeviceMemory.Free("cpu")!.Value, 1e6, 1e15);

    [Fact]
    public void What_is_free_on_a_device_that_is_not_there_is_not_known() => Assert.Null(DeviceMemory.Free("cuda:99"));
}
