using InverseScope.Core.Machine;
using InverseScope.Testing;

namespace InverseScope.Core.Tests.Machine;

public sealed class ContainerMemoryTests : IDisposable
{
    private readonly TempFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Version_2_leaves_the_limit_less_what_is_used_and_not_cache()
    {
        Groups("0::/job");
        V2("job", "1000", "600", "anon 350\ninactive_file 250\nactive_file 0\n");
        Assert.Equal(650, ContainerMemory.Free(_root.Path));
    }

    [Fact]
    public void Version_1_leaves_the_same()
    {
        Groups("8:pids:/", "4:memory:/job/inner", "0::/");
        File("sys/fs/cgroup/memory/job/inner/memory.limit_in_bytes", "1000\n");
        File("sys/fs/cgroup/memory/job/inner/memory.usage_in_bytes", "600\n");
        File("sys/fs/cgroup/memory/job/inner/memory.stat", "inactive_file 1\ntotal_inactive_file 250\n");
        Assert.Equal(650, ContainerMemory.Free(_root.Path));
    }

    [Fact]
    public void The_tightest_group_above_counts()
    {
        Groups("0::/a/b/c");
        V2("a/b/c", "max", "10", "");
        V2("a/b", "900", "700", "");
        V2("a", "5000", "4900", "");
        Assert.Equal(100, ContainerMemory.Free(_root.Path));
    }

    [Fact]
    public void In_a_container_the_group_is_the_mount_itself()
    {
        Groups("0::/a/path/of/the/host");
        V2("", "1000", "400", "");
        Assert.Equal(600, ContainerMemory.Free(_root.Path));
    }

    [Fact]
    public void More_than_the_limit_leaves_nothing()
    {
        Groups("0::/");
        V2("", "1000", "1400", "");
        Assert.Equal(0, ContainerMemory.Free(_root.Path));
    }

    [Fact]
    public void Without_a_limit_nothing_is_told()
    {
        Assert.Null(ContainerMemory.Free(_root.Path));
        Groups("0::/job", "malformed");
        Assert.Null(ContainerMemory.Free(_root.Path));
        V2("job", "max", "600", "");
        Assert.Null(ContainerMemory.Free(_root.Path));
    }

    private void Groups(params string[] lines) => File("proc/self/cgroup", string.Join('\n', lines));

    private void V2(string group, string limit, string use, string statistics)
    {
        File(Path.Combine("sys/fs/cgroup", group, "memory.max"), limit + "\n");
        File(Path.Combine("sys/fs/cgroup", group, "memory.current"), use + "\n");
        File(Path.Combine("sys/fs/cgroup", group, "memory.stat"), statistics);
    }

    private void File(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root[path])!);
        System.IO.File.WriteAllText(_root[path], text);
    }
}
