namespace InverseScope.Service.Tests;

/// <summary>Tests that start processes or compute run one after the other: each would take all cores for itself.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ProcessCollection
{
    public const string Name = "processes";
}
