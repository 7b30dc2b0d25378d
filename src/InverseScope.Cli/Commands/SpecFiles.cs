using System.Text.RegularExpressions;
using InverseScope.Core;
using InverseScope.Core.Specs;

namespace InverseScope.Cli.Commands;

/// <summary>A spec file as it was found.</summary>
/// <param name="File">As the user gave it.</param>
/// <param name="Compiled">Null if there are errors.</param>
/// <param name="Errors">In the order of the file.</param>
internal sealed record FoundSpec(string File, CompiledSpec? Compiled, IReadOnlyList<SpecError> Errors)
{
    /// <summary>Whether the spec itself is in order, and only its own tests disagree with it.</summary>
    public bool OnlyTestsFail => Errors.Count > 0 && Errors.All(e => SpecFiles.IsTest(e.Path));
}

/// <summary>Reads spec files for the commands that take them.</summary>
internal static partial class SpecFiles
{
    /// <exception cref="BadInputException">A file cannot be read.</exception>
    public static IReadOnlyList<FoundSpec> Read(IEnumerable<string> files, CompileContext context) =>
        [.. files.Select(file => Read(file, context))];

    /// <exception cref="BadInputException">The file cannot be read.</exception>
    public static FoundSpec Read(string file, CompileContext context)
    {
        var result = FeatureCompiler.Compile(
            Text(file), context, folder: Path.GetDirectoryName(Path.GetFullPath(file)));
        return new FoundSpec(file, result.Value, result.Errors);
    }

    /// <exception cref="BadInputException">The file cannot be read.</exception>
    public static string Text(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"Cannot read the spec '{file}': {e.Message}");
        }
    }

    /// <summary>Exit code of specs that do not compile: bad input, unless only their own tests disagree.</summary>
    public static int CodeOf(IEnumerable<FoundSpec> specs)
    {
        var faulty = specs.Where(s => s.Errors.Count > 0).ToArray();
        return faulty.Length == 0 ? ExitCode.Done
            : faulty.All(s => s.OnlyTestsFail) ? ExitCode.Negative
            : ExitCode.BadInput;
    }

    /// <summary>Tells all errors of all files, one a line.</summary>
    public static void WriteErrors(Shell shell, IEnumerable<FoundSpec> specs)
    {
        foreach (var spec in specs)
        {
            foreach (var error in spec.Errors)
                shell.Error.WriteLine(error.Format(spec.File));
        }
    }

    public static bool IsTest(string path) => TestPath().IsMatch(path);

    [GeneratedRegex(@"^tests\[\d+\]$")]
    private static partial Regex TestPath();
}
