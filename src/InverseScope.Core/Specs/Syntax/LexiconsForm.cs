using System.Text;
using System.Text.Json.Nodes;

namespace InverseScope.Core.Specs.Syntax;

/// <summary>Lexicons by name. Their order means nothing.</summary>
internal sealed class LexiconsForm : Form<ValueList<Lexicon>>
{
    /// <summary>Bytes of a lexicon file.</summary>
    public const int MaxFileBytes = 1 << 20;

    private static readonly Form<LexiconSource> SourceForm = Form.OneOf<LexiconSource>(
        "exactly one of {from: task}, {list: […]}, {file: …}",
        Form.Choice<LexiconSource, LexiconSource.Task, string>(
            "from", "the task's lexicon of this name", Form.Name(("task", "task")), _ => new LexiconSource.Task(), _ => "task"),
        Form.Choice<LexiconSource, LexiconSource.Words, ValueList<string>>(
            "list", "the words", Form.List(Form.SomeText, 1), words => new LexiconSource.Words(words), source => source.List),
        new FileChoice());

    public override string Expected => "a mapping from name to {from: task}, {list: […]} or {file: …}";

    public override bool Fits(SpecNode node) => node is SpecNode.Map;

    public override bool TryRead(SpecNode node, SpecReading reading, out ValueList<Lexicon> value)
    {
        value = [];
        if (node is not SpecNode.Map map)
        {
            reading.Unexpected(node, Expected);
            return false;
        }

        // Always true from here on: what could not be read is reported, and the rules that use it are worth checking.
        var lexicons = new List<Lexicon>(map.Entries.Count);
        foreach (var (name, source) in map.Entries)
        {
            using (reading.Within(name.Value))
            {
                lexicons.Add(new Lexicon(
                    name.Value, SourceForm.TryRead(source, reading, out var read) ? read : new LexiconSource.Unreadable()));
            }
        }

        value = [.. lexicons.OrderBy(l => l.Name, StringComparer.Ordinal)];
        return true;
    }

    public override SpecNode Write(ValueList<Lexicon> value) => new SpecNode.Map(
        [.. value.Select(l => (new SpecNode.Text(l.Name), SourceForm.Write(l.Source)))]);

    public override JsonObject Schema(SpecSchemaBuilder schema) => new()
    {
        ["type"] = "object",
        ["additionalProperties"] = SourceForm.Schema(schema),
    };

    /// <summary>A file beside the spec, and nowhere else: specs come from strangers and from language models.</summary>
    private sealed class FileChoice() : Choice<LexiconSource>("file", "a file beside the spec, one word a line")
    {
        public override bool Writes(LexiconSource value) => value is LexiconSource.File;

        public override bool TryRead(SpecNode node, SpecReading reading, out LexiconSource value)
        {
            value = null!;
            if (!Form.SomeText.TryRead(node, reading, out var name))
                return false;
            if (Read(name, reading.Folder, out var words) is not { } problem)
            {
                value = new LexiconSource.File(name, words);
                return true;
            }

            reading.Error(node.Mark, problem, "Give the name of a text file in the folder of the spec, one word a line, or {list: […]}.");
            return false;
        }

        public override SpecNode Write(LexiconSource value) => Form.SomeText.Write(((LexiconSource.File)value).Name);

        public override JsonObject Schema(SpecSchemaBuilder schema) => Form.SomeText.Schema(schema);

        private static string? Read(string name, string? folder, out ValueList<string> words)
        {
            words = [];
            var shown = SpecNode.Quote(name);
            if (folder is null)
                return $"the lexicon file {shown} cannot be read: this spec does not come from a folder.";
            if (name.AsSpan().IndexOfAny('/', '\\', ':') >= 0 || name is "." or ".." || name.Any(char.IsControl))
                return $"{shown} is not a file beside the spec.";
            try
            {
                var file = new FileInfo(Path.Combine(folder, name));
                if (!file.Exists)
                    return $"there is no file {shown} beside the spec.";
                // A link could lead out of the folder.
                if (file.LinkTarget is not null || (file.Attributes & FileAttributes.ReparsePoint) != 0)
                    return $"{shown} is a link.";
                // Pipes and devices have no length, and to open one may take forever.
                if (file.Length == 0)
                    return $"the lexicon file {shown} is empty.";
                if (file.Length > MaxFileBytes)
                    return $"the lexicon file {shown} is larger than {MaxFileBytes >> 10} KiB.";
                var bytes = new byte[file.Length];
                using (var stream = file.OpenRead())
                    bytes = bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
                words =
                [
                    .. new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\uFEFF').Split('\n')
                        .Select(line => line.Trim()).Where(line => line.Length > 0),
                ];
                return words.Count > 0 ? null : $"the lexicon file {shown} has no words.";
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                return $"the lexicon file {shown} cannot be read: {e.Message}";
            }
        }
    }
}
