using System.Text.Json;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Models;
using InverseScope.Torch.Tokenizers;
using InverseScope.Torch.Training;

namespace InverseScope.Torch.Tests.Training;

[Collection(TorchCollection.Name)]
public sealed class ShippedModelTests(TorchFixture torch)
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "models", "ioi");

    [Fact]
    public void It_puts_the_indirect_object_above_the_subject_on_fresh_held_out_texts()
    {
        var task = new TaskCatalog().Find("ioi");
        var heldOut = new HeldOut(task, new TrainingOptions().HeldOutShare);
        var random = new RunSeed(20_301).Stream("fresh texts");
        string[] texts = [.. Enumerable.Range(0, 1000).Select(_ => heldOut.Draw(random, heldOut: true))];
        using var target = TargetModel.Open(Folder, torch.Thread);
        var accuracy = target.Compute(network => AccuracyMeasurement.Of(network, TokenizerFolder.Load(Folder)!, task, texts));
        Assert.True(accuracy.AboveRival >= 0.97, $"{accuracy}");
    }

    [Fact]
    public void Its_record_belongs_to_the_task_as_it_is()
    {
        using var record = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "training.json")));
        Assert.Equal(new TaskCatalog().Find("ioi").Fingerprint, record.RootElement.GetProperty("task_fingerprint").GetString());
        Assert.True(Directory.GetFiles(Folder).Sum(f => new FileInfo(f).Length) < 8 << 20);
    }
}
