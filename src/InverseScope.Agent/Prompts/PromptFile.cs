using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using InverseScope.Agent.Chat;
using InverseScope.Core;
using InverseScope.Core.Yaml;

namespace InverseScope.Agent.Prompts;

/// <summary>
/// What a language model is asked, as a file: Markdown after a header of YAML between two lines <c>---</c>. The header says
/// what the prompt is for, its version, the instructions of the system (<c>system</c>), which variables stand in double
/// braces in the text, and the JSON Schema of the reply. Immutable.
/// </summary>
public sealed partial class PromptFile
{
    /// <summary>What <c>schema</c> must say.</summary>
    public const string SchemaId = "inversescope/prompt/v1";

    private const string Fence = "---\n";
    private const int MaxBytes = 256 << 10;

    private readonly IReadOnlyList<Part> _parts;

    private PromptFile(
        string id, long version, string purpose, string? spec, string system, IReadOnlyDictionary<string, string> variables,
        ReplySchema? reply, string hash, IReadOnlyList<Part> parts)
    {
        (Id, Version, Purpose, Spec, System) = (id, version, purpose, spec, system);
        (Variables, Reply, Hash, _parts) = (variables, reply, hash, parts);
    }

    /// <summary>Letters, digits and hyphens; the name of a shipped file without <c>.md</c>.</summary>
    public string Id { get; }

    /// <summary>At least 1; goes up with every change of meaning.</summary>
    public long Version { get; }

    /// <summary>What it is for, in a sentence without a capital.</summary>
    public string Purpose { get; }

    /// <summary>Id of the feature spec whose question it asks; null: of none in particular.</summary>
    public string? Spec { get; }

    /// <summary>Instructions that stand before all data; empty if there are none.</summary>
    public string System { get; }

    /// <summary>What each variable is, by its name.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; }

    /// <summary>What the reply must be; null: any text.</summary>
    public ReplySchema? Reply { get; }

    /// <summary>SHA-256, hex, of the whole file, whatever its line ends.</summary>
    public string Hash { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="BadInputException">It cannot be read or is wrong; the message lists all faults with their lines.</exception>
    public static PromptFile Read(string path)
    {
        try
        {
            var bytes = File.ReadAllBytes(path);
            if (bytes.Length > MaxBytes)
                throw new BadInputException($"{path}: {bytes.Length >> 10} KiB; a prompt has at most {MaxBytes >> 10}.");
            return Parse(path, new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes));
        }
        catch (DecoderFallbackException)
        {
            throw new BadInputException($"{path}: this is not UTF-8 text.", "Save it as UTF-8.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path}: the prompt cannot be read: {e.Message}", null, e);
        }
    }

    /// <summary>Reads a text.</summary>
    /// <param name="file">Name for messages.</param>
    /// <exception cref="BadInputException">It is wrong; the message lists all faults with their lines.</exception>
    public static PromptFile Parse(string file, string text)
    {
        text = text.TrimStart('\uFEFF').ReplaceLineEndings("\n");
        var end = text.StartsWith(Fence, StringComparison.Ordinal) ? text.IndexOf("\n" + Fence, StringComparison.Ordinal) : -1;
        if (end < 0)
        {
            throw new BadInputException(
                $"{file}(1,1): a prompt begins with a header between two lines '---'.", $"Begin with '---', then 'schema: {SchemaId}'.");
        }

        // An empty line in the place of the fence, so that lines are those of the file.
        var header = YamlFields.Parse(file, "\n" + text[Fence.Length..(end + 1)]);
        var body = text[(end + 1 + Fence.Length)..];
        var firstLine = text.AsSpan(0, end + 1).Count('\n') + 2;

        if (header.Text("schema") is var schema && schema != SchemaId)
            header.Fault("schema", $"'schema' must be {SchemaId}, found '{schema}'");
        var id = Required(header, "id", "a name of letters, digits and hyphens");
        if (id.Length > 0 && !IdForm().IsMatch(id))
            header.Fault("id", $"'id' must be letters, digits and hyphens, found '{id}'");
        var version = header.Integer("version", 0, min: 1);
        if (version == 0)
            header.Fault("version", "'version' must be a whole number of at least 1");
        var purpose = Required(header, "purpose", "what the prompt is for");
        var spec = header.Text("spec");
        var system = header.Text("system")?.Trim() ?? "";
        if (system.Contains("{{", StringComparison.Ordinal))
            header.Fault("system", "'system' has no variables: data stands in the text below the header");
        var section = header.Section("variables");
        var variables = ReadVariables(section);
        var parts = ReadBody(body, firstLine, variables.Keys, header);
        foreach (var unused in variables.Keys.Except(parts.Select(p => p.Variable)))
            section.Fault(unused!, $"the variable '{unused}' is nowhere in the text: write {{{{{unused}}}}} where it belongs, or leave it out");
        var reply = ReadReply(header);
        header.ThrowIfFaulty();
        return new PromptFile(id, version, purpose, spec, system, variables, reply, ContentHash.Of(text), parts);
    }

    /// <summary>
    /// The text with each variable's value in its place, as JSON and never as it is: nothing that a value holds can end its
    /// quotes, begin another variable, or be a special token of a chat template.
    /// </summary>
    /// <param name="values">One for each of <see cref="Variables"/>, and no other.</param>
    /// <exception cref="ArgumentException">A value is missing, or none is wanted.</exception>
    public RenderedPrompt Render(IReadOnlyDictionary<string, JsonNode?> values)
    {
        if (!values.Keys.ToHashSet().SetEquals(Variables.Keys))
        {
            throw new ArgumentException(
                $"The prompt {Id} has the variables {string.Join(", ", Variables.Keys)}, given {string.Join(", ", values.Keys)}.", nameof(values));
        }

        var text = new StringBuilder();
        foreach (var part in _parts)
            text.Append(part.Variable is null ? part.Text : PromptJson.Of(values[part.Variable]));
        return new RenderedPrompt(Id, Hash, System, text.ToString().Trim());
    }

    private static string Required(YamlFields header, string key, string what)
    {
        var value = header.Text(key)?.Trim() ?? "";
        if (value.Length == 0)
            header.Fault(key, $"'{key}' is missing: {what}");
        return value;
    }

    private static Dictionary<string, string> ReadVariables(YamlFields section)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in section.Keys)
        {
            if (!VariableForm().IsMatch(name))
                section.Fault(name, $"a variable's name is of small letters, digits and underscores, found '{name}'");
            variables[name] = section.Text(name) ?? "";
        }

        return variables;
    }

    private static ReplySchema? ReadReply(YamlFields header)
    {
        if (header.Json("reply") is not { } reply)
            return null;
        try
        {
            return ReplySchema.Parse(reply.ToJsonString());
        }
        catch (FormatException e)
        {
            header.Fault("reply", $"'reply' is no JSON Schema: {e.Message}");
            return null;
        }
    }

    private static List<Part> ReadBody(string body, int firstLine, IEnumerable<string> variables, YamlFields header)
    {
        var parts = new List<Part>();
        var known = variables.ToHashSet();
        var from = 0;
        foreach (Match match in Placeholder().Matches(body))
        {
            var name = match.Groups["name"].Value;
            var before = body[..match.Index];
            var (line, column) = (firstLine + before.Count(c => c == '\n'), match.Index - before.LastIndexOf('\n'));
            if (!match.Groups["end"].Success)
                header.Fault(line, column, "'{{' begins a variable that does not end: write {{name}}");
            else if (!known.Contains(name))
                header.Fault(line, column, $"the variable '{name}' is not in the header's 'variables'.{NearestName.Hint(name, known)}");
            parts.Add(new Part(body[from..match.Index], null));
            parts.Add(new Part("", name));
            from = match.Index + match.Length;
        }

        parts.Add(new Part(body[from..], null));
        if (string.IsNullOrWhiteSpace(body))
            header.Fault(firstLine, 1, "the prompt has no text below its header");
        return parts;
    }

    [GeneratedRegex(@"\{\{(?<name>[^{}\n]*)(?<end>\}\})?", RegexOptions.CultureInvariant)]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"^[a-z0-9]+(-[a-z0-9]+)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex IdForm();

    [GeneratedRegex(@"^[a-z][a-z0-9_]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex VariableForm();

    /// <summary>A piece of the text, or the place of a variable.</summary>
    private sealed record Part(string Text, string? Variable);
}

/// <summary>A prompt with its data, ready to be sent.</summary>
/// <param name="Id">Of the prompt file.</param>
/// <param name="Hash">Of the prompt file, not of the data.</param>
/// <param name="System">Instructions; empty if there are none.</param>
/// <param name="User">The text with its data.</param>
public sealed record RenderedPrompt(string Id, string Hash, string System, string User);
