using InverseScope.Testing;
using InverseScope.Torch.Generators;
using InverseScope.Torch.Runtime;
using InverseScope.Torch.Training;
using static TorchSharp.torch;

namespace InverseScope.Torch.Tests.Generators;

[Collection(TorchCollection.Name)]
public sealed class TrainingLoopTests(TorchFixture torch)
{
    private const int Steps = 40;
    private static readonly TrainingSchedule Schedule = new(Steps, 0.1, 5, 0, 10, 8, 7);
    private int _measured;

    [Theory]
    [InlineData(10)]
    [InlineData(30)]
    public void Stopped_while_it_looks_at_its_sites_it_looks_again_and_ends_alike(int at)
    {
        using var whole = new TempFolder();
        using var parts = new TempFolder();
        var looks = new List<int>();
        double[] Looked(int step)
        {
            looks.Add(step);
            return [step / (double)Steps, 1];
        }

        var expected = Run(whole.Path, new SiteAllocation(Looked));
        Assert.Equal([10, 20, 30], looks); // nothing comes after the last step
        Assert.Throws<OperationCanceledException>(
            () => Run(parts.Path, new SiteAllocation(step => step == at ? throw new OperationCanceledException() : Looked(step))));
        looks.Clear();
        Assert.Equal(expected, Run(parts.Path, new SiteAllocation(Looked)));
        Assert.Equal(at, looks[0]);
    }

    /// <summary>Weights follow the shares, and the loss falls with every measurement, so that the last weights are kept.</summary>
    private float[] Run(string folder, SiteAllocation allocation) => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        var weights = nn.Parameter(tensor(new float[] { 1, 2 }));
        new TrainingLoop("a test", new TrainingCheckpoint(folder, "same", "train"), null, CancellationToken.None).Run(
            [("weights", weights)], Schedule, _ => (weights - tensor(Array.ConvertAll(allocation.Shares ?? [1, 1], s => (float)s))).Squared().sum(),
            () => -_measured++, allocation);
        return weights.data<float>().ToArray();
    });
}
