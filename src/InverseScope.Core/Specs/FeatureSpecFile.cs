using System.Text;

namespace InverseScope.Core.Specs;

/// <summary>
/// Specs in files, with lexicon files beside them. The format goes by the extension: <c>.json</c>, <c>.yaml</c> or
/// <c>.yml</c>; any other is JSON if it begins with a brace, else YAML.
/// </summary>
public static class FeatureSpecFile
{
    /// <summary>Reads and compiles a spec.</summary>
    /// <returns>The spec and its feature, or all errors of the file; that it cannot be read is one without a place.</returns>
    public static SpecResult<CompiledSpec> Compile(string path, CompileContext context) =>
        TryRead(path, out var text) is { } problem
            ? new SpecResult<CompiledSpec>(null, [problem])
            : FeatureCompiler.Compile(text, context, FormatOf(path), FolderOf(path));

    /// <summary>Reads a spec without compiling it.</summary>
    /// <returns>The spec, or all errors of the file; that it cannot be read is one without a place.</returns>
    public static SpecResult<ParsedSpec> Parse(string path) =>
        TryRead(path, out var text) is { } problem
            ? new SpecResult<ParsedSpec>(null, [problem])
            : FeatureSpecText.Parse(text, FormatOf(path), FolderOf(path));

    /// <summary>The format that a path's extension names; null if it names none.</summary>
    public static SpecFormat? FormatOf(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".json" => SpecFormat.Json,
        ".yaml" or ".yml" => SpecFormat.Yaml,
        _ => null,
    };

    private static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path))!;

    private static SpecError? TryRead(string path, out string text)
    {
        text = "";
        if (path.Length == 0)
            return new SpecError("this is no file name.", null);
        if (Directory.Exists(path))
            return new SpecError("this is a folder.", $"Name the specs in it, e.g. {Path.Combine(path, "*.yaml")}");
        if (!File.Exists(path))
            return new SpecError("there is no such file.", Nearest(path));
        try
        {
            using var file = File.OpenRead(path);
            // One byte more than a spec may have shows that it is too long; the parser says so.
            var bytes = new byte[FeatureSpecText.MaxBytes + 1];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            text = length == bytes.Length
                ? Encoding.Latin1.GetString(bytes)
                : new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, length);
            return null;
        }
        catch (DecoderFallbackException)
        {
            return new SpecError("this is not UTF-8 text.", "A spec is a text file: save it as UTF-8.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new SpecError($"the file cannot be read: {e.Message.TrimEnd('.')}.", null);
        }
    }

    private static string? Nearest(string path)
    {
        var folder = FolderOf(path);
        if (!Directory.Exists(folder))
            return $"There is no folder {folder} either.";
        try
        {
            var others = Directory.EnumerateFiles(folder).Take(1000).Select(f => Path.GetFileName(f));
            return NearestName.Hint(Path.GetFileName(path), others) is { Length: > 0 } hint ? hint.TrimStart() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
