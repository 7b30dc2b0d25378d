using InverseScope.Core.Specs.Running;
using InverseScope.Core.Specs.Steps;

namespace InverseScope.Core.Specs.Compilation;

/// <summary>Says in English what pipelines compute.</summary>
internal static class English
{
    /// <summary>Clauses in order: "take the words, keep …, then take the first".</summary>
    public static string Pipeline(Pipeline pipeline)
    {
        var clauses = pipeline.Select(s => StepTable.Of(s).Explain(s)).ToArray();
        return clauses.Length switch
        {
            0 => "",
            1 => clauses[0],
            _ => $"{string.Join(", ", clauses[..^1])}, then {clauses[^1]}",
        };
    }

    /// <summary>In brackets, since it stands inside another clause.</summary>
    public static string Nested(Pipeline pipeline) => pipeline switch
    {
        [Step.It] => "(the value itself)",
        [Step.It, ..] => $"(with this value: {Pipeline([.. pipeline.Skip(1)])})",
        _ => $"({Pipeline(pipeline)})",
    };

    public static string Nested(IEnumerable<Pipeline> pipelines) => And(pipelines.Select(Nested));

    public static string Operand(Operand operand) => operand switch
    {
        Operand.Fixed { Value: var value } => Constant(value),
        Operand.Computed { Pipeline: var pipeline } => Nested(pipeline),
        _ => throw new ArgumentOutOfRangeException(nameof(operand)),
    };

    public static string Constant(Constant constant) => constant switch
    {
        Specs.Constant.Text text => Quote(text.Value),
        Specs.Constant.Number number => Number(number.Value),
        Specs.Constant.Bool truth => LabelText.Of(truth.Value),
        _ => throw new ArgumentOutOfRangeException(nameof(constant)),
    };

    public static string Quote(string text) => $"\"{Syntax.QuotedText.Shown(text, 400)}\"";

    public static string Number(double number) => LabelText.Of(number);

    public static string And(IEnumerable<string> parts)
    {
        var all = parts.ToArray();
        return all.Length < 2 ? string.Concat(all) : $"{string.Join(", ", all[..^1])} and {all[^1]}";
    }
}
