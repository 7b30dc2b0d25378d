using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using InverseScope.Core.Yaml;

namespace InverseScope.Core.Tasks;

/// <summary>
/// Reads a task of word translation: YAML or JSON with the keys <c>schema name description shot shots both_ways
/// directions</c>. A direction (<c>en-fr</c>) holds its pairs, word by translation, or names a JSON file that does. The
/// built-in task <c>icl-translation</c> is such a file.
/// </summary>
public static class TranslationTaskFile
{
    /// <summary>The value of the key <c>schema</c>.</summary>
    public const string Schema = "inversescope/translation-task/v1";

    private const string DefaultShot = "{source} → {target}";
    private const int DefaultShots = 4;
    private const int MostShots = 64;

    /// <param name="file">Name for messages; without its extension the task's name, if the file gives none.</param>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="folder">Where the names of files start.</param>
    /// <exception cref="BadInputException">All faults, each with its line and column.</exception>
    public static TranslationTask Parse(string file, string text, string folder)
    {
        var fields = YamlFields.Parse(file, text);
        if (fields.Text("schema") is not Schema)
            fields.Fault("schema", $"expected 'schema: {Schema}', found '{fields.Text("schema") ?? "none"}'");
        var name = fields.Text("name") ?? Path.GetFileNameWithoutExtension(file);
        var shots = (int)fields.Integer("shots", DefaultShots, 1, MostShots);
        var pattern = fields.Text("shot") ?? DefaultShot;
        var format = ShotFormat.Parse(pattern);
        if (format is null)
            fields.Fault("shot", $"'shot' must be one line with {{source}}, a sign, and {{target}}, such as '{DefaultShot}', found '{pattern}'");
        var bothWays = fields.Flag("both_ways", false);
        var directions = ReadDirections(fields, folder, format ?? ShotFormat.Parse(DefaultShot)!, shots, bothWays);
        var description = fields.Text("description")
            ?? $"Word translation shown by {shots} examples: {string.Join(", ", directions.Select(d => d.Name))}.";
        fields.ThrowIfFaulty();
        return new TranslationTask(name, description, format!, shots, directions);
    }

    /// <summary>A task of the pairs in published files, each named after its direction: <c>en_fr.json</c> or <c>en-fr.json</c>.</summary>
    /// <param name="name">The task's.</param>
    /// <exception cref="BadInputException">Unreadable, not pairs, or named otherwise.</exception>
    public static TranslationTask OfPairs(string name, IReadOnlyList<string> files)
    {
        var directions = new JsonObject();
        foreach (var file in files)
        {
            var direction = Path.GetFileNameWithoutExtension(file).Replace('_', '-');
            if (Languages(direction) is null)
            {
                throw new BadInputException(
                    $"The name of '{file}' does not tell what is translated into what.",
                    $"Call it as en_fr.json, or write a task file (schema: {Schema}) that says.");
            }

            if (!directions.TryAdd(direction, Path.GetFullPath(file)))
                throw new BadInputException($"'{file}' is a second file of direction {direction}.");
        }

        var text = new JsonObject { ["schema"] = Schema, ["name"] = name, ["directions"] = directions };
        return Parse(name, text.ToJsonString(), Directory.GetCurrentDirectory());
    }

    /// <summary>The task as a file that needs no other file, JSON.</summary>
    public static string Print(TranslationTask task)
    {
        var directions = new JsonObject(task.Directions.Select(d => KeyValuePair.Create(
            d.Name, (JsonNode?)new JsonObject(d.Pairs.Select(p => KeyValuePair.Create(p.Source, (JsonNode?)p.Target))))));
        var text = new JsonObject
        {
            ["schema"] = Schema,
            ["name"] = task.Name,
            ["description"] = task.Description,
            ["shot"] = task.Format.Pattern,
            ["shots"] = task.Shots,
            ["directions"] = directions,
        };
        return text.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n";
    }

    private static List<TranslationDirection> ReadDirections(
        YamlFields fields, string folder, ShotFormat format, int shots, bool bothWays)
    {
        var section = fields.Section("directions");
        var directions = new List<TranslationDirection>();
        foreach (var key in section.Keys)
        {
            var isFile = section.IsText(key);
            if (Languages(key) is not var (source, target))
            {
                section.Fault(key, $"'{key}' must name what is translated into what, as en-fr does");
                continue;
            }

            var pairs = isFile
                ? ReadFile(section, key, Path.Combine(folder, section.Text(key)!), source, target)
                : ReadPairs(section.Section(key));
            if (pairs.FirstOrDefault(p => !format.CanHold(p.Source) || !format.CanHold(p.Target)) is { Source: not null } odd)
                section.Fault(key, $"'{odd.Source}' and '{odd.Target}' cannot be told apart on a line '{format.Pattern}'");
            Add(new TranslationDirection(source, target, pairs));
            if (!bothWays)
                continue;
            if (pairs.GroupBy(p => p.Target).FirstOrDefault(g => g.Count() > 1) is { } shared)
                section.Fault(key, $"'{shared.Key}' translates {string.Join(" and ", shared.Select(p => $"'{p.Source}'"))}: it cannot be translated back");
            else
                Add(new TranslationDirection(target, source, [.. pairs.Select(p => new WordPair(p.Target, p.Source))]));

            void Add(TranslationDirection direction)
            {
                if (directions.Exists(d => d.Name == direction.Name))
                    section.Fault(key, $"direction {direction.Name} is there twice{(bothWays ? ": 'both_ways' adds the way back" : "")}");
                else if (direction.Pairs.Count <= shots)
                    section.Fault(key, $"direction {direction.Name} has {direction.Pairs.Count} pairs, too few for {shots} shots and a query");
                else
                    directions.Add(direction);
            }
        }

        if (section.Keys.Count == 0)
            fields.Fault("directions", "'directions' must hold at least one direction with its pairs, such as en-fr: {dog: chien, …}");
        return directions;
    }

    private static List<WordPair> ReadPairs(YamlFields section)
    {
        var pairs = new List<WordPair>();
        foreach (var source in section.Keys)
        {
            if (section.Text(source) is { } target)
                pairs.Add(new WordPair(source, target));
        }

        return pairs;
    }

    // The published files of roeehendel/icl_task_vectors, data/translation: one object, and in some of them the names of
    // the languages as the first pair.
    private static List<WordPair> ReadFile(YamlFields section, string key, string path, string source, string target)
    {
        var pairs = new List<WordPair>();
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var pair in document.RootElement.EnumerateObject())
            {
                var (from, to) = (pair.Name.Trim(), pair.Value.GetString()?.Trim() ?? "");
                if (from == source && to == target)
                    continue;
                if (!seen.Add(from))
                    section.Fault(key, $"{path}: '{from}' is there twice");
                else
                    pairs.Add(new WordPair(from, to));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            section.Fault(key, $"cannot read '{path}': {e.Message}");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            section.Fault(key, $"'{path}' is not one JSON object of words and their translations: {e.Message}");
        }

        return pairs;
    }

    private static (string Source, string Target)? Languages(string direction) =>
        direction.Split('-') is [{ Length: > 0 } source, { Length: > 0 } target] && source != target
            && (source + target).All(char.IsAsciiLetter)
            ? (source, target)
            : null;
}
