using System.Text;
using System.Text.Json;

namespace InverseScope.Core.Tasks;

/// <summary>
/// Reads a user's texts: a text file with one text in each line, or JSON lines <c>{"text": …, "weight": …}</c> whose
/// weight is 1 where it is left out and whose other fields, as far as they hold one value, are variables. A first line
/// with <c>schema</c> may say how models read the texts. UTF-8, with or without a byte order mark; blank lines are passed
/// over.
/// </summary>
internal static class TextFileReader
{
    /// <summary>Characters of the longest line that is read.</summary>
    public const int MaxCharacters = 65_536;

    /// <exception cref="BadInputException">Unreadable, empty, or a faulty line, with its number.</exception>
    public static TextFile Read(string path)
    {
        var jsonLines = Path.GetExtension(path) is ".jsonl" or ".ndjson";
        var texts = new List<WeightedText>();
        InstructionFormat? format = null;
        var number = 0;
        try
        {
            using var reader = new StreamReader(
                path, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true);
            while (ReadLine(reader, path, number + 1) is { } line)
            {
                number++;
                if (string.IsNullOrWhiteSpace(line))
                    continue;
                if (jsonLines && number == 1 && (format = ParseHeader(path, line)) is not null)
                    continue;
                texts.Add(jsonLines ? ParseJson(path, number, line) : new WeightedText(line, 1));
            }
        }
        catch (DecoderFallbackException)
        {
            throw new BadInputException($"{path}({number + 1}): not UTF-8, at or after this line.", "Save the file as UTF-8.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"Cannot read the task file '{path}': {e.Message}");
        }

        return texts.Count > 0
            ? new TextFile(texts, format)
            : throw new BadInputException($"{path} holds no text.", jsonLines
                ? "Expected lines such as {\"text\": \"…\"}."
                : "Expected one text in each line.");
    }

    // Our own, because the reader's ReadLine would take a file without line ends into memory as a whole.
    private static string? ReadLine(StreamReader reader, string path, int number)
    {
        var line = new StringBuilder();
        int next;
        while ((next = reader.Read()) >= 0 && next != '\n')
        {
            if (next == '\0')
                throw new BadInputException($"{path}({number}): holds a zero character: not a text file.", "Save it as UTF-8.");
            if (line.Length == MaxCharacters)
                throw new BadInputException($"{path}({number}): longer than {MaxCharacters:N0} characters.", "Split the text.");
            line.Append((char)next);
        }

        if (next < 0 && line.Length == 0)
            return null;
        if (line.Length > 0 && line[^1] == '\r')
            line.Length--;
        return line.ToString();
    }

    private static WeightedText ParseJson(string path, int number, string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("text", out var text)
                || text.ValueKind != JsonValueKind.String)
            {
                throw new BadInputException($"{path}({number}): no field \"text\" with a string.", "Expected {\"text\": \"…\"}.");
            }

            if (string.IsNullOrWhiteSpace(text.GetString()))
                throw new BadInputException($"{path}({number}): \"text\" is empty.");
            if (!root.TryGetProperty("weight", out var weight))
                return new WeightedText(text.GetString()!, 1, Variables(root));
            if (weight.ValueKind == JsonValueKind.Number && weight.TryGetDouble(out var value) && value > 0 && double.IsFinite(value))
                return new WeightedText(text.GetString()!, value, Variables(root));
            throw new BadInputException($"{path}({number}): \"weight\" must be a number above 0, found {weight.GetRawText()}.");
        }
        catch (JsonException e)
        {
            throw new BadInputException(
                $"{path}({number},{e.BytePositionInLine + 1}): not JSON: {e.Message}", "Each line holds one object.", e);
        }
        catch (InvalidOperationException e)
        {
            // A lone surrogate, written as an escape, is JSON but not text.
            throw new BadInputException($"{path}({number}): \"text\" is not valid Unicode.", null, e);
        }
    }

    // Null: the line is none, but a text.
    private static InstructionFormat? ParseHeader(string path, string line)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(line);
        }
        catch (JsonException)
        {
            return null;
        }

        using (document)
        {
            if (document.RootElement is not { ValueKind: JsonValueKind.Object } root || !root.TryGetProperty("schema", out var schema)
                || root.TryGetProperty("text", out _))
            {
                return null;
            }

            if (schema.ValueKind != JsonValueKind.String || schema.GetString() != InstructionFormat.Schema)
                throw new BadInputException($"{path}(1): expected \"schema\": \"{InstructionFormat.Schema}\", found {schema.GetRawText()}.");
            foreach (var field in root.EnumerateObject().Where(f => f.Name is not ("schema" or "template")))
                throw new BadInputException($"{path}(1): unknown key '{field.Name}'.", "Known here: schema, template.");
            var template = root.TryGetProperty("template", out var name) && name.ValueKind == JsonValueKind.String ? name.GetString()! : "";
            return InstructionFormat.Of(template) ?? throw new BadInputException(
                $"{path}(1): \"template\" must be one of {string.Join(", ", InstructionFormat.Templates)}; found '{template}'.{NearestName.Hint(template, InstructionFormat.Templates)}");
        }
    }

    private static Dictionary<string, string>? Variables(JsonElement root)
    {
        Dictionary<string, string>? variables = null;
        foreach (var field in root.EnumerateObject())
        {
            var value = field.Value.ValueKind switch
            {
                JsonValueKind.String => field.Value.GetString(),
                JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => field.Value.GetRawText(),
                _ => null,
            };
            if (value is { Length: > 0 } && field.Name is not ("text" or "weight"))
                (variables ??= new Dictionary<string, string>(StringComparer.Ordinal))[field.Name] = value;
        }

        return variables;
    }
}

/// <summary>What a file of texts holds.</summary>
/// <param name="Format">How models read its texts, if it says.</param>
internal sealed record TextFile(IReadOnlyList<WeightedText> Texts, InstructionFormat? Format);
