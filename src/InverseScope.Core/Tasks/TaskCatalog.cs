using System.Runtime.CompilerServices;
using System.Text;
using InverseScope.Core.Yaml;

namespace InverseScope.Core.Tasks;

/// <summary>
/// Finds tasks by name, built in or from a folder, or by the path of a file: <c>.txt</c> with one text in each line,
/// <c>.jsonl</c>, or templates or pairs of words as <c>.yaml</c> or <c>.json</c>.
/// </summary>
public sealed class TaskCatalog
{
    private static readonly Dictionary<string, Func<ITask>> BuiltIn = new(StringComparer.Ordinal)
    {
        ["addition"] = () => new AdditionTask(),
        ["counting"] = () => new CountingTask(),
        ["icl-translation"] = () => TranslationTaskFile.Parse("icl-translation", BuiltInFile("icl-translation.yaml"), ""),
        ["ioi"] = () => TemplateTaskFile.Parse("ioi", BuiltInFile("ioi.yaml")),
    };

    private static readonly string[] Extensions = [".txt", ".jsonl", ".ndjson", ".yaml", ".yml", ".json"];

    private static readonly ConditionalWeakTable<ITask, string> Sources = [];

    private readonly string? _folder;

    /// <param name="folder">Folder with a user's tasks, a file each; null or absent if there is none.</param>
    public TaskCatalog(string? folder = null) => _folder = folder;

    /// <summary>Built-in names, then those of the folder, each in alphabetical order.</summary>
    public IReadOnlyList<string> Names =>
        [.. BuiltIn.Keys.Order(StringComparer.Ordinal), .. FolderFiles().Keys.Where(n => !BuiltIn.ContainsKey(n))];

    /// <summary>The task of a name or of a file.</summary>
    /// <exception cref="BadInputException">No such task, or a faulty file.</exception>
    public ITask Find(string nameOrPath)
    {
        var task = Open(nameOrPath);
        Sources.AddOrUpdate(task, Names.Contains(nameOrPath) ? nameOrPath : Path.GetFullPath(nameOrPath));
        return task;
    }

    /// <summary>By what another process finds a task that a catalogue found: its name there, or the path of its file.</summary>
    public static string SourceOf(ITask task) => Sources.TryGetValue(task, out var source) ? source : task.Name;

    /// <summary>The file of a task of the folder; null if there is none of this name, or it is built in.</summary>
    public string? FileOf(string name) => BuiltIn.ContainsKey(name) ? null : FolderFiles().GetValueOrDefault(name);

    private ITask Open(string nameOrPath)
    {
        if (BuiltIn.TryGetValue(nameOrPath, out var make))
            return make();
        if (FolderFiles().TryGetValue(nameOrPath, out var path))
            return Load(path);
        if (File.Exists(nameOrPath))
            return Load(nameOrPath);
        if (Directory.Exists(nameOrPath))
            throw new BadInputException($"'{nameOrPath}' is a folder.", $"A task is a file: {string.Join(", ", Extensions)}.");
        var isPath = Extensions.Contains(Path.GetExtension(nameOrPath)) || nameOrPath.AsSpan().ContainsAny('/', '\\');
        throw isPath
            ? new BadInputException($"There is no task file '{nameOrPath}'.", $"Built in: {string.Join(", ", BuiltIn.Keys)}.")
            : new BadInputException(
                $"There is no task '{nameOrPath}'.{NearestName.Hint(nameOrPath, Names)}",
                $"Known: {string.Join(", ", Names)}; or give a file ({string.Join(", ", Extensions)}).");
    }

    /// <summary>Reads a task file; the task is called by the file's name without its extension.</summary>
    private static ITask Load(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        switch (Path.GetExtension(path))
        {
            case ".txt" or ".jsonl" or ".ndjson":
                var (texts, format) = TextFileReader.Read(path);
                return new TextFileTask(name, Path.GetFileName(path), texts, format);
            case ".yaml" or ".yml" or ".json":
                return Declared(path, ReadAll(path));
            case var other:
                throw new BadInputException(
                    $"'{path}' cannot be read as a task: '{other}' is not a known kind.",
                    $"Known: {string.Join(", ", Extensions)}.");
        }
    }

    private static ITask Declared(string path, string text) =>
        YamlFields.Parse(path, text).Text("schema") == TranslationTaskFile.Schema
            ? TranslationTaskFile.Parse(path, text, Path.GetDirectoryName(Path.GetFullPath(path))!)
            : TemplateTaskFile.Parse(path, text);

    private static string ReadAll(string path)
    {
        try
        {
            return File.ReadAllText(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            throw new BadInputException($"Cannot read the task file '{path}': {e.Message}");
        }
    }

    private static string BuiltInFile(string name)
    {
        using var stream = typeof(TaskCatalog).Assembly.GetManifestResourceStream(typeof(TaskCatalog), name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private SortedDictionary<string, string> FolderFiles()
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (_folder is null || !Directory.Exists(_folder))
            return files;
        foreach (var path in Directory.EnumerateFiles(_folder).Order(StringComparer.Ordinal))
        {
            if (Extensions.Contains(Path.GetExtension(path)))
                files.TryAdd(Path.GetFileNameWithoutExtension(path), path);
        }

        return files;
    }
}
