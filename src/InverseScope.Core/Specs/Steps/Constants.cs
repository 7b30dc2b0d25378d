using InverseScope.Core.Specs.Running;

namespace InverseScope.Core.Specs.Steps;

/// <summary>Constants of a spec as values of a pipeline.</summary>
internal static class Constants
{
    public static Value ToValue(Constant constant) => constant switch
    {
        Constant.Text text => Value.Of(text.Value),
        Constant.Number number => Value.Of(number.Value),
        Constant.Bool truth => Value.Of(truth.Value),
        _ => throw new ArgumentOutOfRangeException(nameof(constant)),
    };

    public static string Describe(in Value constant) => constant.Type switch
    {
        StepType.Text => $"the text {Syntax.SpecNode.Quote(constant.Text.ToString())}",
        StepType.Number => $"the number {LabelText.Of(constant.Number)}",
        StepType.Bool => LabelText.Of(constant.Bool),
        _ => "a number that is not finite",
    };

    /// <summary>Advice where a value of one type is compared with a constant of another.</summary>
    public static string HowToMatch(StepType value, in Value constant) => (value, constant.Type) switch
    {
        (StepType.Text, StepType.Number) =>
            $"Put int before it to compare numbers, or write \"{LabelText.Of(constant.Number)}\" in quotes to compare text.",
        (StepType.Number, StepType.Text) => "Write a number without quotes.",
        (StepType.List, _) => "Compare a list with a pipeline that gives a list, or take one item first.",
        (StepType.Bool, _) => "Write true or false.",
        (StepType.Label, _) => "Compare a joint label with a pipeline that gives one.",
        _ => $"Write {value.Describe()}.",
    };
}
