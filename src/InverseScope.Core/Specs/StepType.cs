namespace InverseScope.Core.Specs;

/// <summary>Static type of a value in a pipeline; combined, a set of types that a step accepts.</summary>
[Flags]
public enum StepType
{
    None = 0,
    Text = 1,

    /// <summary>A list of text.</summary>
    List = 2,
    Number = 4,

    /// <summary>True or false.</summary>
    Bool = 8,

    /// <summary>What <c>tuple</c> and <c>set</c> make: good for a label, a larger tuple or a <c>map</c>.</summary>
    Label = 16,

    /// <summary>Everything that can be a label: all but lists.</summary>
    Labels = Text | Number | Bool | Label,

    Any = Labels | List,
}

/// <summary>Names of types in messages.</summary>
internal static class StepTypeNames
{
    public static string Describe(this StepType type) => type switch
    {
        StepType.Text => "text",
        StepType.List => "a list of text",
        StepType.Number => "a number",
        StepType.Bool => "true or false",
        StepType.Label => "a joint label",
        StepType.Labels => "text, a number, true or false, or a joint label",
        StepType.Any => "any value",
        _ => string.Join(" or ", Enum.GetValues<StepType>()
            .Where(t => t != StepType.None && int.IsPow2((int)t) && type.HasFlag(t)).Select(Describe)),
    };
}
