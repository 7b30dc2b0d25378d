using System.Text;

namespace InverseScope.Core.Specs;

/// <summary>Specs in files. The format goes by the extension: <c>.json</c>, else YAML.</summary>
public static class FeatureSpecFile
{
    /// <summary>Reads and compiles a spec, with lexicon files beside it.</summary>
    /// <returns>The spec and its feature, or all errors of the file.</returns>
    /// <exception cref="BadInputException">The file cannot be read, or is not UTF-8.</exception>
    public static SpecResult<CompiledSpec> Compile(string path, CompileContext context) =>
        FeatureCompiler.Compile(Read(path), context, FormatOf(path), FolderOf(path));

    /// <summary>Reads a spec without compiling it.</summary>
    /// <exception cref="BadInputException">The file cannot be read, or is not UTF-8.</exception>
    public static SpecResult<ParsedSpec> Parse(string path) =>
        FeatureSpecText.Parse(Read(path), FormatOf(path), FolderOf(path));

    /// <summary>The format that a path's extension names.</summary>
    public static SpecFormat FormatOf(string path) =>
        Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase) ? SpecFormat.Json : SpecFormat.Yaml;

    private static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path))!;

    private static string Read(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            // One byte more than a spec may have shows that it is too long; the parser says so.
            var bytes = new byte[FeatureSpecText.MaxBytes + 1];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            var text = bytes.AsSpan(0, length);
            if (text.StartsWith(Encoding.UTF8.Preamble))
                text = text[Encoding.UTF8.Preamble.Length..];
            return length == bytes.Length
                ? Encoding.Latin1.GetString(text)
                : new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(text);
        }
        catch (DecoderFallbackException e)
        {
            throw new BadInputException($"The spec '{path}' is not UTF-8 text.", "Save it as UTF-8.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"The spec '{path}' cannot be read: {e.Message}", null, e);
        }
    }
}
