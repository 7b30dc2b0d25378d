using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps;
using InverseScope.Torch;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;
using InverseScope.Torch.Tokenizers;

namespace InverseScope.Service.Compute;

/// <summary>Models that run in this process.</summary>
/// <param name="thread">Belongs to the compute.</param>
public sealed class LocalCompute(Home home, TorchThread thread) : ICompute
{
    private readonly ModelCatalog _models = new(home.Models);
    private readonly GeneratorCatalog _generators = new(home.Generators);

    public ComputeHealth Health => new(ComputeState.Running, Environment.ProcessId, 1, null, thread.Device, Environment.WorkingSet);

    public TargetOutline Describe(string model)
    {
        var entry = _models.Find(model);
        using var target = TargetModel.Open(entry.Folder, thread, entry.Name, describesOnly: true);
        target.CheckFiles();
        return new TargetOutline(target.Description, TokenizerFolder.Splitter(entry.Folder));
    }

    public IInversionBackend Open(string model, TargetWeights weights, ITask task, MeasurementOptions options, RunSeed seed)
    {
        var entry = _models.Find(model);
        return TorchBackend.Open(
            thread, entry.Folder, entry.Name, task, options, seed, home.Banks, weights,
            target => _generators.Fitting(options.Generator, target, task, options.Basis).Folder);
    }

    public void Dispose() => thread.Dispose();
}
