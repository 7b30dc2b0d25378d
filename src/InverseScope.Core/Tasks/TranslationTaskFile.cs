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
        var description = fields.Text("description") ?? Describe(shots, directions);
        fields.ThrowIfFaulty();
        return new TranslationTask(name, description, format!, shots, directions);
    }

    /// <summary>A task of the pairs in published files, each named after its direction: <c>en_fr.json</c> or <c>en-fr.json</c>.</summary>
    /// <param name="name">The task's.</param>
    /// <exception cref="BadInputException">Unreadable, not pairs, or named otherwise.</exception>
    public static TranslationTask OfPairs(string name, IReadOnlyList<string> files)
    {
        var format = ShotFormat.Parse(DefaultShot)!;
        var (directions, faults) = (new List<TranslationDirection>(), new List<string>());
        foreach (var file in files)
        {
            var direction = Path.GetFileNameWithoutExtension(file).Replace('_', '-');
            if (Languages(direction) is not var (source, target))
            {
                throw new BadInputException(
                    $"The name of '{file}' does not tell what is translated into what.",
                    $"Call it as en_fr.json, or write a task file (schema: {Schema}) that says.");
            }

            if (directions.Exists(d => d.Name == direction))
                throw new BadInputException($"'{file}' is a second file of direction {direction}.");
            try
            {
                var read = new TranslationDirection(source, target, ReadFile(file, source, target));
                if (WhyFaulty(read, format, DefaultShots) is { } why)
                    faults.Add($"{file}: {why}");
                directions.Add(read);
            }
            catch (BadInputException e)
            {
                faults.Add(e.Message);
            }
        }

        return faults.Count == 0
            ? new TranslationTask(name, Describe(DefaultShots, directions), format, DefaultShots, directions)
            : throw new BadInputException(string.Join(Environment.NewLine, faults));
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

            List<WordPair> pairs;
            try
            {
                pairs = isFile ? ReadFile(Path.Combine(folder, section.Text(key)!), source, target) : ReadPairs(section.Section(key));
            }
            catch (BadInputException e)
            {
                section.Fault(key, e.Message);
                continue;
            }

            if (WhyFaulty(new TranslationDirection(source, target, pairs), format, shots) is { } why)
            {
                section.Fault(key, why);
                continue;
            }

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
    private static List<WordPair> ReadFile(string path, string source, string target)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new BadInputException($"{path}: not one JSON object of words and their translations.", "Expected {\"dog\": \"chien\", …}.");
            var pairs = new List<WordPair>();
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var pair in document.RootElement.EnumerateObject())
            {
                if (pair.Value.ValueKind != JsonValueKind.String)
                    throw new BadInputException($"{path}: the translation of '{pair.Name}' must be a text, not {pair.Value.ValueKind.ToString().ToLowerInvariant()}.");
                var (from, to) = (pair.Name.Trim(), pair.Value.GetString()!.Trim());
                if (from == source && to == target)
                    continue;
                if (!seen.Add(from))
                    throw new BadInputException($"{path}: '{from}' is there twice.");
                pairs.Add(new WordPair(from, to));
            }

            return pairs;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"Cannot read '{path}': {e.Message}");
        }
        catch (JsonException e)
        {
            throw new BadInputException($"{path}({e.LineNumber + 1},{e.BytePositionInLine + 1}): not JSON: {e.Message}", null, e);
        }
        catch (InvalidOperationException e)
        {
            // A lone surrogate, written as an escape, is JSON but not text.
            throw new BadInputException($"{path}: a text in it is not valid Unicode.", null, e);
        }
    }

    // The first reason; null: there is none.
    private static string? WhyFaulty(TranslationDirection direction, ShotFormat format, int shots)
    {
        foreach (var (source, target) in direction.Pairs)
        {
            if (source.Length == 0 || target.Length == 0)
                return source.Length == 0 ? $"the word that '{target}' translates is empty" : $"the translation of '{source}' is empty";
            if (!format.CanHold(source) || !format.CanHold(target))
                return $"'{source}' and '{target}' cannot be told apart on a line '{format.Pattern}'";
        }

        return direction.Pairs.Count > shots ? null
            : $"direction {direction.Name} has {direction.Pairs.Count} {(direction.Pairs.Count == 1 ? "pair" : "pairs")}, too few for {shots} shots and a query";
    }

    private static string Describe(int shots, IEnumerable<TranslationDirection> directions) =>
        $"Word translation shown by {shots} examples: {string.Join(", ", directions.Select(d => d.Name))}.";

    private static (string Source, string Target)? Languages(string direction) =>
        direction.Split('-') is [{ Length: > 0 } source, { Length: > 0 } target] && source != target
            && (source + target).All(char.IsAsciiLetter)
            ? (source, target)
            : null;
}
