namespace InverseScope.Service.Pages;

/// <summary>What stands in the editor.</summary>
/// <param name="Task">Whose lexicons and variables it uses; empty for none.</param>
/// <param name="Model">Whose tokens it uses; empty for none.</param>
/// <param name="Tag">Of the saved spec that it was opened from; null for a new one.</param>
public sealed record SpecDraft(string Name, string Text, string Task, string Model, string? Tag)
{
    /// <summary>Where a new spec starts.</summary>
    public const string Template = """
        schema: inversescope/feature-spec/v1
        id: addition.first-digit
        title: First digit of the first number
        hypothesis: The activation carries the hundreds of the first addend.
        rule:
          - chars
          - nth: 0
        tests:
          - {text: "615+861=1476", label: "6"}

        """;
}
