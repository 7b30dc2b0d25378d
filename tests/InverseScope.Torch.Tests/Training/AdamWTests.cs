using InverseScope.Torch.Runtime;
using static TorchSharp.torch;
using AdamW = InverseScope.Torch.Training.AdamW;

namespace InverseScope.Torch.Tests.Training;

[Collection(TorchCollection.Name)]
public sealed class AdamWTests(TorchFixture torch)
{
    [Fact]
    public void Matrices_move_as_with_the_published_optimizer() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        float[] start = [1, -2, 3, 0.5f, 0, -1];
        var (ours, theirs) = (nn.Parameter(tensor(start, [2, 3])), nn.Parameter(tensor(start, [2, 3])));
        using var optimizer = new AdamW([("matrix", ours)], weightDecay: 0.1);
        using var reference = optim.AdamW([theirs], lr: 0.01, weight_decay: 0.1);
        for (var step = 1; step <= 20; step++)
        {
            foreach (var parameter in new[] { ours, theirs })
            {
                parameter.grad?.zero_();
                (parameter * parameter).Times(step).Plus(parameter.sin()).sum().backward();
            }

            optimizer.Step(step, 0.01);
            reference.step();
        }

        Assert.Equal(theirs.data<float>().ToArray(), ours.data<float>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-6);
    });

    [Fact]
    public void Vectors_do_not_decay() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        var vector = nn.Parameter(tensor(new float[] { 1, 2 }));
        using var optimizer = new AdamW([("bias", vector)], weightDecay: 0.5);
        vector.Times(0).sum().backward();
        optimizer.Step(1, 0.1);
        Assert.Equal([1f, 2f], vector.data<float>().ToArray());
    });

    /// <summary>Neither its moments nor the decay move what is frozen in the middle of a training.</summary>
    [Fact]
    public void What_asks_for_no_gradient_any_more_stays_where_it_is() => torch.Thread.Run(() =>
    {
        using var scope = NewDisposeScope();
        var matrix = nn.Parameter(tensor(new float[] { 1, 2 }, [1, 2]));
        using var optimizer = new AdamW([("matrix", matrix)], weightDecay: 0.5);
        (matrix * matrix).sum().backward();
        optimizer.Step(1, 0.1);
        var reached = matrix.data<float>().ToArray();
        Assert.NotEqual([1f, 2f], reached);
        matrix.requires_grad = false;
        optimizer.Step(2, 0.1);
        Assert.Equal(reached, matrix.data<float>().ToArray());
    });
}
