using InverseScope.Core.Sites;
using InverseScope.Testing;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Models;

namespace InverseScope.Torch.Tests.Generators;

/// <summary>A generator of <see cref="SpeakerTarget"/>, trained well enough that what it writes is mostly of the task.</summary>
public sealed class SpeakerGenerator : IDisposable
{
    public static readonly string[] Patterns = ["L0.resid@last", "L0H1@2", "L0.mlp@4"];

    private readonly TempFolder _folder = new();
    private readonly SpeakerTarget _target = new();
    private bool _made;

    public string Model(TorchFixture torch) => _target.Folder(torch);

    public string Folder(TorchFixture torch)
    {
        if (_made)
            return _folder.Path;
        using var target = TargetModel.Open(Model(torch), torch.Thread);
        new GeneratorTrainer(torch.Thread, TimeProvider.System).Train(
            target, SpeakerTarget.Task, Sites(target), GeneratorTrainerTests.Tiny with { Steps = 250, BackboneSteps = 500 }, _folder.Path, "a command");
        _made = true;
        return _folder.Path;
    }

    public static IReadOnlyList<Site> Sites(TargetModel target) =>
        SitePattern.ExpandAll(Patterns, target.Description.Layers, target.Description.Heads, null, SpeakerTarget.Task);

    public void Dispose()
    {
        _folder.Dispose();
        _target.Dispose();
    }
}
