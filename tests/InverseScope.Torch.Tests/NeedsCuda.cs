using InverseScope.Torch.Runtime;

namespace InverseScope.Torch.Tests;

/// <summary>A GPU for tests; one that asks for it where there is none is reported as skipped.</summary>
internal static class NeedsCuda
{
    /// <summary>A thread that computes on the first GPU; belongs to the caller. Skips the test where there is none.</summary>
    public static TorchThread Thread(NumberType weights)
    {
        if (TorchRuntime.Devices().Count == 1)
            Assert.Skip("needs a GPU and a libtorch with CUDA: see tests/SKIPS.md");
        return new TorchThread(device: "cuda", weights: weights);
    }
}
