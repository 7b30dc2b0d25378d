namespace InverseScope.Cli.Tests;

/// <summary>Tests whose commands compute run one after the other: each would take all cores for itself.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TorchCollection
{
    public const string Name = "torch";
}
