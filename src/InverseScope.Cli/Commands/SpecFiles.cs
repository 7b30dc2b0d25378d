using System.Text.RegularExpressions;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Tokenizers;

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
    /// <summary>Every file, those that cannot be read too: what is wrong with each is among its errors.</summary>
    public static IReadOnlyList<FoundSpec> Read(IEnumerable<string> files, CompileContext context) =>
        [.. files.Select(file => Read(file, context))];

    public static FoundSpec Read(string file, CompileContext context)
    {
        var result = FeatureSpecFile.Compile(file, context);
        return new FoundSpec(file, result.Value, result.Errors);
    }

    /// <summary>What specs of a task are compiled against; with a model, its tokens too.</summary>
    /// <exception cref="BadInputException">There is no such model, or its tokenizer cannot be read.</exception>
    public static CompileContext Context(Invocation invocation, ITask? task, bool checksOnly = false) => new(task?.Lexicons)
    {
        Variables = task as IVariableTask,
        ChecksOnly = checksOnly,
        Tokenizer = invocation.Parse.GetValue(MeasurementArguments.Model) is { } model ? Tokenizer(invocation, model) : null,
    };

    /// <summary>Splits texts into a model's tokens; null if it has no tokenizer.</summary>
    /// <exception cref="BadInputException">There is no such model, or its tokenizer cannot be read.</exception>
    public static Func<string, IReadOnlyList<string>?>? Tokenizer(Invocation invocation, string model) =>
        TokenizerFolder.Splitter(invocation.Models.Find(model).Folder);

    /// <summary>Exit code of specs with errors: bad input, unless only their own tests disagree.</summary>
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

    /// <summary>Tells the errors on both streams, for commands that need all of their specs.</summary>
    /// <returns>The exit code.</returns>
    public static int Refuse(Invocation invocation, IReadOnlyList<FoundSpec> specs)
    {
        var code = CodeOf(specs);
        WriteErrors(invocation.Shell, specs);
        if (invocation.Json)
        {
            var faulty = specs.Where(s => s.Errors.Count > 0).Select(s => new { s.File, s.Errors });
            Json.WriteDocument(invocation.Out, new { error = new { code, message = "A spec is faulty.", specs = faulty } });
        }

        return code;
    }

    public static bool IsTest(string path) => TestPath().IsMatch(path);

    [GeneratedRegex(@"^tests\[\d+\]$")]
    private static partial Regex TestPath();
}
