using InverseScope.Core.Specs.Syntax;

namespace InverseScope.Core.Specs;

/// <summary>One thing that is wrong with a spec, told so that a reader can mend it from the message alone.</summary>
/// <param name="What">What was found and what was expected.</param>
/// <param name="Fix">What to write instead, as advice; null when <paramref name="What"/> says it all.</param>
/// <param name="Path">Where in the spec, e.g. <c>rule[2].sum[0]</c>; empty: the spec as a whole.</param>
/// <param name="Line">1-based line in the file; 0 if the spec does not come from a file.</param>
/// <param name="Column">1-based column; 0 if the spec does not come from a file.</param>
public sealed record SpecError(string What, string? Fix, string Path = "", int Line = 0, int Column = 0)
{
    // Room for all names of steps.
    private const int MaxLength = 2000;

    /// <summary>
    /// An error about a part of a spec, whose own words may be in it: they are shown on one line, without control
    /// characters.
    /// </summary>
    internal static SpecError At(Mark mark, string path, string what, string? fix) => new(
        QuotedText.Shown(what, MaxLength), fix is null ? null : QuotedText.Shown(fix, MaxLength), path, mark.Line, mark.Column);

    /// <summary>e.g. <c>carry.yaml:7:5: rule[1]: unknown step 'nht'. Did you mean 'nth'?</c></summary>
    public string Format(string? file)
    {
        var place = (file, Line) switch
        {
            (null, 0) => "",
            (null, _) => $"line {Line}, column {Column}: ",
            (_, 0) => $"{file}: ",
            _ => $"{file}:{Line}:{Column}: ",
        };
        return $"{place}{(Path.Length > 0 ? Path + ": " : "")}{What}{(Fix is null ? "" : " " + Fix)}";
    }

    public override string ToString() => Format(null);
}

/// <summary>A value, or what is wrong.</summary>
/// <param name="Value">Null if there are errors.</param>
/// <param name="Errors">All errors in the order of the file; empty if there is a value.</param>
public sealed record SpecResult<T>(T? Value, IReadOnlyList<SpecError> Errors)
    where T : class
{
    /// <summary>The value.</summary>
    /// <param name="file">File name for messages, if it comes from one.</param>
    /// <exception cref="BadInputException">There is none; the message lists all errors, one a line.</exception>
    public T OrThrow(string? file = null) => Value ?? throw new BadInputException(
        string.Join('\n', Errors.Select(e => e.Format(file))));
}
