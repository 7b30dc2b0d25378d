using InverseScope.Testing;
using InverseScope.Torch.Runtime;

namespace InverseScope.Torch.Tests;

/// <summary>The one thread with tensors, shared by all tests that need it.</summary>
public sealed class TorchFixture : IDisposable
{
    public TorchThread Thread { get; } = new(threads: 1);

    public void Dispose() => Thread.Dispose();
}

/// <summary>Tests with tensors run one after the other: libtorch's state is global.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TorchCollection : ICollectionFixture<TorchFixture>
{
    public const string Name = "torch";
}

/// <summary>Reference folders kept with the tests.</summary>
internal static class Golden
{
    public static string Folder(string name) =>
        Repository.Path("tests", "InverseScope.Torch.Tests", "Golden", name);
}
