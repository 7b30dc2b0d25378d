using InverseScope.Core;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps;

namespace InverseScope.Service.Cluster;

/// <summary>What a worker has as files.</summary>
public sealed class WorkerFiles(Home home)
{
    private readonly ModelCatalog _models = new(home.Models);
    private readonly GeneratorCatalog _generators = new(home.Generators);
    private readonly TaskCatalog _tasks = new(home.Tasks);

    internal (string[] Models, string[] Generators) Names() => ([.. _models.All.Select(m => m.Name)], [.. _generators.All.Select(g => g.Name)]);

    internal LocalTarget Find(TargetKey key, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        try
        {
            return new LocalTarget(key.Model, _tasks.Find(key.Task), key.Options);
        }
        catch (BadInputException e)
        {
            throw new UnfitWorkerException(e.Message, e);
        }
    }
}
