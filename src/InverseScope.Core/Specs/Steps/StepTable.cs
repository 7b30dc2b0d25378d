using System.Collections.Frozen;

namespace InverseScope.Core.Specs.Steps;

/// <summary>The definitions of all steps.</summary>
internal static class StepTable
{
    private static readonly FrozenDictionary<Type, StepDefinition> ByRecord;
    private static readonly FrozenDictionary<string, StepDefinition> ByName;

    static StepTable()
    {
        All = [.. TextSteps.All, .. ListSteps.All, .. NumberSteps.All, .. BoolSteps.All, .. ShapeSteps.All];
        ByRecord = All.ToFrozenDictionary(d => d.Record);
        ByName = All.ToFrozenDictionary(d => d.Name, StringComparer.Ordinal);
        Names = [.. All.Select(d => d.Name)];
    }

    /// <summary>In the order of the guide.</summary>
    public static IReadOnlyList<StepDefinition> All { get; }

    public static IReadOnlyList<string> Names { get; }

    public static StepDefinition Of(Step step) => ByRecord[step.GetType()];

    public static StepDefinition? Find(string name) => ByName.GetValueOrDefault(name);
}
