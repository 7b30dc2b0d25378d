using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace InverseScope.Core.Tasks;

/// <summary>Published sets of instructions.</summary>
public enum InstructionSource
{
    /// <summary>Harmful; columns <c>goal, target</c> (llm-attacks, data/advbench/harmful_behaviors.csv).</summary>
    AdvBench,

    /// <summary>
    /// Harmful; columns <c>Behavior, FunctionalCategory, SemanticCategory, ContextString</c> … (centerforaisafety/HarmBench).
    /// </summary>
    HarmBench,

    /// <summary>Harmful; columns <c>Goal, Behavior, Category</c> … (JBB-Behaviors, harmful-behaviors.csv).</summary>
    JailbreakBench,

    /// <summary>Its harmless counterparts, in the same columns (benign-behaviors.csv).</summary>
    JailbreakBenchBenign,

    /// <summary>Harmless; an array of <c>instruction, input, output</c> (tatsu-lab/stanford_alpaca, alpaca_data.json).</summary>
    Alpaca,
}

/// <summary>An instruction of a published set.</summary>
/// <param name="Text">Without white space at its ends; never empty.</param>
/// <param name="Source">Name of the set, e.g. <c>harmbench</c>.</param>
/// <param name="IsHarmful">What the set says.</param>
/// <param name="Category">The set's kind of harm; null where it names none.</param>
public sealed record Instruction(string Text, string Source, bool IsHarmful, string? Category);

/// <summary>What a file holds.</summary>
/// <param name="WithoutContext">Rows left out, because they are about a passage that is not part of the instruction.</param>
public sealed record InstructionFileContent(IReadOnlyList<Instruction> Instructions, int WithoutContext);

/// <summary>
/// Reads published sets of instructions in their own formats: CSV, a JSON array of objects with the same names, or JSON
/// lines with <c>text</c>, <c>harmful</c> and <c>category</c>, as collections of such sets have them.
/// </summary>
public static class InstructionFile
{
    // The field of collected lines that holds the instruction.
    private const string Collection = "text";

    private const int ShownCharacters = 60;

    // What Alpaca writes where an instruction needs no input.
    private static readonly string[] NoInput = ["", "noinput", "no input", "n/a", "none"];

    /// <exception cref="BadInputException">Unreadable, or not what the set publishes, with the line or number of the entry.</exception>
    public static InstructionFileContent Read(InstructionSource source, string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
        }
        catch (DecoderFallbackException e)
        {
            throw new BadInputException($"{path}({LineThatIsNotUtf8(path)}): not UTF-8.", "Convert the file to UTF-8.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"Cannot read '{path}': {e.Message}");
        }

        try
        {
            var rows = Path.GetExtension(path) switch
            {
                ".csv" => CsvReader.Read(text, path, ColumnOf(source), Collection).Select(row => new Row($"{path}({row.Line})", row.Fields, [])),
                ".jsonl" or ".ndjson" => Lines(path, text),
                ".json" => Entries(path, text),
                var other => throw new BadInputException($"'{path}' cannot be read: '{other}' is not .csv, .json or .jsonl."),
            };
            var read = rows.Select(row => Read(source, row)).ToList();
            if (read.Count == 0)
                throw new BadInputException($"{path} holds no instruction.");
            return new InstructionFileContent([.. read.OfType<Instruction>()], read.Count(i => i is null));
        }
        catch (JsonException e)
        {
            throw new BadInputException($"{path}({e.LineNumber + 1}): not JSON: {e.Message}", null, e);
        }
        catch (InvalidOperationException e)
        {
            // A lone surrogate, written as an escape, is JSON but not text.
            throw new BadInputException($"{path}: a text in it is not valid Unicode.", null, e);
        }
    }

    private static IEnumerable<Row> Lines(string path, string text)
    {
        foreach (var (index, line) in text.Split('\n').Index().Where(l => !string.IsNullOrWhiteSpace(l.Item)))
        {
            JsonDocument document;
            try
            {
                document = JsonDocument.Parse(line);
            }
            catch (JsonException e)
            {
                throw new BadInputException($"{path}({index + 1}): not JSON: {e.Message}", "Each line holds one object.", e);
            }

            using (document)
                yield return RowOf($"{path}({index + 1})", document.RootElement);
        }
    }

    private static IEnumerable<Row> Entries(string path, string text)
    {
        using var document = JsonDocument.Parse(text);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
            throw new BadInputException($"{path}: expected an array of objects.");
        foreach (var (index, entry) in document.RootElement.EnumerateArray().Index())
            yield return RowOf($"{path}, entry {index + 1}", entry);
    }

    private static Row RowOf(string place, JsonElement entry)
    {
        if (entry.ValueKind != JsonValueKind.Object)
            throw new BadInputException($"{place}: expected an object.");
        var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var others = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var field in entry.EnumerateObject().Where(f => f.Value.ValueKind != JsonValueKind.Null))
        {
            var isText = field.Value.ValueKind == JsonValueKind.String;
            fields[field.Name] = isText ? field.Value.GetString()! : field.Value.GetRawText();
            if (!isText)
                others.Add(field.Name);
        }

        return new Row(place, fields, others);
    }

    private static int LineThatIsNotUtf8(string path)
    {
        var rest = File.ReadAllBytes(path).AsSpan();
        var line = 1;
        for (var end = rest.IndexOf((byte)'\n'); end >= 0 && Utf8.IsValid(rest[..end]); end = rest.IndexOf((byte)'\n'))
        {
            rest = rest[(end + 1)..];
            line++;
        }

        return line;
    }

    // Null: it needs a context that is not part of it.
    private static Instruction? Read(InstructionSource source, Row row) =>
        row.Fields.ContainsKey(Collection) ? Collected(source, row) : source switch
        {
            InstructionSource.AdvBench => Of(source, row, row.Text(ColumnOf(source)), null),
            InstructionSource.HarmBench => row.Optional("ContextString") is not null
                ? null
                : Of(source, row, row.Text(ColumnOf(source)), row.Optional("SemanticCategory")),
            InstructionSource.JailbreakBench or InstructionSource.JailbreakBenchBenign =>
                Of(source, row, row.Text(ColumnOf(source)), row.Optional("Category")),
            InstructionSource.Alpaca => Of(source, row, row.Text(ColumnOf(source)) + Input(row.Optional("input")), null),
            _ => throw new ArgumentOutOfRangeException(nameof(source)),
        };

    private static Instruction? Collected(InstructionSource source, Row row)
    {
        if (row.Optional("source") is { } named && named != NameOf(source))
            throw new BadInputException($"{row.Place}: this is of '{named}', not of '{NameOf(source)}'.");
        if (row.Flag("has_context") == "true")
            return null;
        var harmful = row.Flag("harmful") ?? (IsHarmful(source) ? "true" : "false");
        if (harmful is not ("true" or "false"))
            throw new BadInputException($"{row.Place}: \"harmful\" must be true or false, found '{harmful}'.");
        return Of(source, row, row.Text(Collection), row.Optional("category")) with { IsHarmful = harmful == "true" };
    }

    private static Instruction Of(InstructionSource source, Row row, string text, string? category) =>
        text.Trim() is { Length: > 0 } trimmed
            ? new Instruction(trimmed, NameOf(source), IsHarmful(source), category)
            : throw new BadInputException($"{row.Place}: the instruction is empty.");

    private static string Input(string? input) =>
        NoInput.Contains(input?.Trim().Trim('<', '>', '.').ToLowerInvariant() ?? "") ? "" : "\n" + input!.Trim();

    private static string Shown(string json) => json.Length > ShownCharacters ? $"{json[..ShownCharacters]}…" : json;

    private static string ColumnOf(InstructionSource source) => source switch
    {
        InstructionSource.AdvBench => "goal",
        InstructionSource.HarmBench => "Behavior",
        InstructionSource.JailbreakBench or InstructionSource.JailbreakBenchBenign => "Goal",
        InstructionSource.Alpaca => "instruction",
        _ => throw new ArgumentOutOfRangeException(nameof(source)),
    };

    private static bool IsHarmful(InstructionSource source) =>
        source is not (InstructionSource.JailbreakBenchBenign or InstructionSource.Alpaca);

    private static string NameOf(InstructionSource source) => source switch
    {
        InstructionSource.JailbreakBenchBenign => NameOf(InstructionSource.JailbreakBench),
        _ => source.ToString().ToLowerInvariant(),
    };

    /// <param name="Others">Names of fields whose value is JSON but no text.</param>
    private sealed record Row(string Place, IReadOnlyDictionary<string, string> Fields, HashSet<string> Others)
    {
        public string Text(string name) => Find(name) ?? throw new BadInputException(
            $"{Place}: there is no '{name}'.", $"Found: {string.Join(", ", Fields.Keys)}. Is this the file that the option is for?");

        public string? Optional(string name) => Find(name) is { } text && !string.IsNullOrWhiteSpace(text) ? text.Trim() : null;

        public string? Flag(string name) => Fields.GetValueOrDefault(name)?.Trim() is { Length: > 0 } flag ? flag : null;

        private string? Find(string name) => Others.Contains(name)
            ? throw new BadInputException($"{Place}: '{name}' must be a text, found {Shown(Fields[name])}.")
            : Fields.GetValueOrDefault(name);
    }
}
