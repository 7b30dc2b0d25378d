using InverseScope.Core.Tasks;
using InverseScope.Sweeps;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Desk;

/// <summary>What the service has open: its home, the one store in it, and what can be named there.</summary>
/// <param name="Store">Belongs to the workspace.</param>
public sealed record Workspace(Home Home, SweepStore Store, TimeProvider Clock, string Version) : IDisposable
{
    public TaskCatalog Tasks { get; } = new(Home.Tasks);

    public ModelCatalog Models { get; } = new(Home.Models);

    public GeneratorCatalog Generators { get; } = new(Home.Generators);

    public void Dispose() => Store.Dispose();
}
