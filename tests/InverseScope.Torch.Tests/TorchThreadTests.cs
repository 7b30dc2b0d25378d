using System.Diagnostics;
using InverseScope.Testing;
using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Tests;

[Collection(TorchCollection.Name)]
public sealed class TorchThreadTests(TorchFixture torch)
{
    [Fact]
    public void All_work_runs_on_one_thread_in_order()
    {
        var order = new List<int>();
        var threads = Enumerable.Range(0, 20).Select(i => torch.Thread.Run(() =>
        {
            order.Add(i);
            return Environment.CurrentManagedThreadId;
        })).ToArray();
        Assert.Single(threads.Distinct());
        Assert.NotEqual(Environment.CurrentManagedThreadId, threads[0]);
        Assert.Equal(Enumerable.Range(0, 20), order);
    }

    [Fact]
    public void Work_within_work_runs_at_once() => Assert.Equal(3, torch.Thread.Run(() => torch.Thread.Run(() => 3)));

    [Fact]
    public void Exceptions_pass_through_and_the_thread_goes_on()
    {
        var e = Assert.Throws<InvalidDataException>(() => torch.Thread.Run(() => throw new InvalidDataException("here")));
        Assert.Equal("here", e.Message);
        Assert.Equal(2, torch.Thread.Run(() => 2));
    }

    [Fact]
    public void Cancelled_work_is_dropped()
    {
        var ran = false;
        Assert.Throws<OperationCanceledException>(
            () => torch.Thread.Run(() => ran = true, new CancellationToken(canceled: true)));
        Assert.False(ran);
    }

    [Fact]
    public void Callers_on_many_threads_each_get_their_own_answer()
    {
        var answers = new int[16];
        var callers = Enumerable.Range(0, 16).Select(i => new Thread(() => answers[i] = torch.Thread.Run(() => i * i))).ToArray();
        Array.ForEach(callers, c => c.Start());
        Array.ForEach(callers, c => c.Join());
        Assert.Equal(Enumerable.Range(0, 16).Select(i => i * i), answers);
    }

    [Fact]
    public void A_thread_without_work_ends()
    {
        using var idle = new TorchThread();
        idle.Dispose();
        Assert.Throws<ArgumentOutOfRangeException>(() => new TorchThread(threads: 0));
    }

    [Fact]
    public void The_libtorch_in_use_is_the_one_beside_the_program()
    {
        torch.Thread.Run(() => zeros(1).Dispose());
        var loaded = File.ReadLines("/proc/self/maps").Where(line => line.Contains("libtorch_cpu.so", StringComparison.Ordinal))
            .Select(line => line[line.IndexOf('/', StringComparison.Ordinal)..]).Distinct();
        Assert.StartsWith(AppContext.BaseDirectory, Assert.Single(loaded), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_libtorch_on_the_library_path_does_no_harm()
    {
        using var folder = new TempFolder();
        foreach (var library in new[] { "libc10.so", "libtorch_cpu.so", "libtorch.so", "libLibTorchSharp.so" })
            File.WriteAllText(folder[library], "of another version");
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "InverseScope.Torch.Tests"))
        {
            ArgumentList = { "-method", $"*.{nameof(The_libtorch_in_use_is_the_one_beside_the_program)}" },
            Environment = { ["LD_LIBRARY_PATH"] = folder.Path },
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Contains("Total: 1, Errors: 0, Failed: 0", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/lib/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by /x/libLibTorchSharp.so)", "lacks GLIBCXX_3.4.32", "Debian 13")]
    [InlineData("/lib/libc.so.6: version `GLIBC_2.38' not found (required by /x/libstdc++.so.6)", "lacks GLIBC_2.38", "Debian 13")]
    [InlineData("/x/libc10.so: file too short", "/x/libtorch.so cannot be loaded", "doctor")]
    public void A_library_that_does_not_load_is_explained_with_the_cure(string loader, string what, string cure)
    {
        var e = TorchRuntime.Explain("/x/libtorch.so", new DllNotFoundException(loader));
        Assert.Contains(what, e.What, StringComparison.Ordinal);
        Assert.Contains(cure, e.Fix, StringComparison.Ordinal);
    }
}
