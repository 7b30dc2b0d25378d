using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Tests;

[Collection(TorchCollection.Name)]
public sealed class TensorArithmeticTests(TorchFixture torch)
{
    private const int UntilOptimised = 50_000;
    private const int Sums = 20;

    /// <summary>libtorch turns the integers into float32 before it reads the number, which is time enough to collect it.</summary>
    [Fact]
    public void Sums_are_right_while_garbage_is_collected()
    {
        using var done = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!done.IsCancellationRequested)
            {
#pragma warning disable RS0030 // The collector is what is tested against.
                GC.Collect(0);
#pragma warning restore RS0030
                GC.WaitForPendingFinalizers();
            }
        });
        var right = torch.Thread.Run(() =>
        {
            using var scope = NewDisposeScope();
            var (one, many, half) = (ones(1, dtype: ScalarType.Int64), ones(1 << 18, dtype: ScalarType.Int64), tensor(0.5f));

            // Only optimised code lets go of an argument before the call ends.
            for (var i = 0; i < UntilOptimised; i++)
                RightlyAdded(one, half);
            collector.Start();
            try
            {
                return Enumerable.Range(0, Sums).Count(_ => RightlyAdded(many, half));
            }
            finally
            {
                done.Cancel();
                collector.Join();
            }
        });

        Assert.Equal(Sums, right);
    }

    private static bool RightlyAdded(Tensor ones, Tensor half)
    {
        using var scope = NewDisposeScope();
        return ones.Plus(half)[0].item<float>() == 1.5f && ones.Plus(0.5)[0].item<float>() == 1.5f;
    }
}
