using InverseScope.Core.Specs;

namespace InverseScope.Core.Tests.Specs;

/// <summary>Rules used in several tests.</summary>
internal static class Rules
{
    public static CompileContext Ioi { get; } = new(new Dictionary<string, IReadOnlyList<string>>
    {
        ["names"] = ["Mary", "John", "Anna"],
        ["places"] = ["store", "garden"],
    });

    /// <summary>The carry out of the tens of a sum of two numbers of three digits.</summary>
    public static Pipeline Carry { get; } =
    [
        new Step.Sum([[new Step.Chars(), new Step.Nth(1), new Step.Int()], [new Step.Chars(), new Step.Nth(5), new Step.Int()]]),
        new Step.Ge(10),
    ];

    /// <summary>The name that occurs exactly once.</summary>
    public static Pipeline IndirectObject { get; } =
        [new Step.Words(), new Step.In("names"), new Step.Occurring(1), new Step.First()];

    /// <summary>Names of all steps, from the schema.</summary>
    public static IReadOnlyList<string> StepNames { get; } =
    [
        .. FeatureSpecText.Schema()["definitions"]!["step"]!["anyOf"]!.AsArray().SelectMany(alternative =>
            (alternative!["enum"] ?? alternative["required"])!.AsArray().Select(name => name!.GetValue<string>())),
    ];

    public static FeatureSpec Spec(Pipeline rule) => new() { Id = "test", Rule = rule };

    public static IFeature Compile(Pipeline rule, CompileContext? context = null) =>
        FeatureCompiler.Compile(Spec(rule), context ?? Ioi).OrThrow();

    public static string? Label(Pipeline rule, string text) => Compile(rule).Label(text);
}
