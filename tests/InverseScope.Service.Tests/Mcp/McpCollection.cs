namespace InverseScope.Service.Tests.Mcp;

/// <summary>Tests that run models and processes, one after the other: each would take all cores for itself.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class McpCollection
{
    public const string Name = "mcp";
}
