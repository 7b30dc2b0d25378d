using InverseScope.Torch.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace InverseScope.Torch.Training;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter 2019), β = (0.9, 0.999), ε = 1e-8. Our own, because a
/// training that goes on from a checkpoint needs both moments back, in a file that appears whole or not at all.
/// </summary>
internal sealed class AdamW : IDisposable
{
    private const double FirstDecay = 0.9;
    private const double SecondDecay = 0.999;
    private const double Epsilon = 1e-8;
    private readonly List<State> _states = [];
    private readonly double _weightDecay;

    /// <param name="parameters">Matrices decay; vectors (biases, norms) do not.</param>
    public AdamW(IEnumerable<(string Name, Parameter Parameter)> parameters, double weightDecay)
    {
        _weightDecay = weightDecay;
        using var frozen = no_grad();
        foreach (var (name, parameter) in parameters)
        {
            var (first, second) = (zeros_like(parameter), zeros_like(parameter));
            _states.Add(new State(name, parameter, first.DetachFromDisposeScope(), second.DetachFromDisposeScope()));
        }
    }

    /// <summary>Everything that a checkpoint must hold, by name.</summary>
    public IEnumerable<(string Name, Tensor Values)> Tensors => _states.SelectMany(s => new (string, Tensor)[]
    {
        (s.Name, s.Parameter), ($"first.{s.Name}", s.First), ($"second.{s.Name}", s.Second),
    });

    /// <summary>Moves the parameters by their gradients; those that ask for none any more stay where they are.</summary>
    /// <param name="step">Counted from 1.</param>
    public void Step(int step, double rate)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var firstShare = 1 - Math.Pow(FirstDecay, step);
        var secondShare = 1 - Math.Pow(SecondDecay, step);
        foreach (var (_, parameter, first, second) in _states)
        {
            if (!parameter.requires_grad || parameter.grad is not { } gradient)
                continue;
            if (parameter.dim() > 1)
                parameter.MultiplyInPlace(1 - rate * _weightDecay);
            first.MultiplyInPlace(FirstDecay).AddInPlace(gradient, 1 - FirstDecay);
            second.MultiplyInPlace(SecondDecay).AddProductInPlace(gradient, gradient, 1 - SecondDecay);
            var scale = second.sqrt().DivideInPlace(Math.Sqrt(secondShare)).AddInPlace(Epsilon);
            parameter.AddQuotientInPlace(first, scale, -rate / firstShare);
        }
    }

    public void Dispose()
    {
        foreach (var state in _states)
        {
            state.First.Dispose();
            state.Second.Dispose();
        }
    }

    private sealed record State(string Name, Parameter Parameter, Tensor First, Tensor Second);
}
