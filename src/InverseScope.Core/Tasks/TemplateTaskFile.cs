using System.Globalization;
using InverseScope.Core.Yaml;

namespace InverseScope.Core.Tasks;

/// <summary>
/// Reads a task from templates: YAML or JSON with the keys <c>schema name description lexicons slots positions answer
/// rival templates</c>. The built-in task <c>ioi</c> is such a file.
/// </summary>
public static class TemplateTaskFile
{
    /// <summary>The value of the key <c>schema</c>.</summary>
    public const string Schema = "inversescope/template-task/v1";

    /// <param name="file">Name for messages; without its extension the task's name, if the file gives none.</param>
    /// <param name="text">YAML or JSON.</param>
    /// <exception cref="BadInputException">All faults, each with its line and column.</exception>
    public static TemplateTask Parse(string file, string text)
    {
        var fields = YamlFields.Parse(file, text);
        if (fields.Text("schema") is not Schema)
            fields.Fault("schema", $"expected 'schema: {Schema}', found '{fields.Text("schema") ?? "none"}'");
        var name = fields.Text("name") ?? Path.GetFileNameWithoutExtension(file);
        var lexicons = ReadLexicons(fields.Section("lexicons"));
        var (slotNames, slots) = ReadSlots(fields.Section("slots"), lexicons);
        var templates = ReadTemplates(fields, slotNames, slots);
        var positions = ReadPositions(fields.Section("positions"), slotNames, templates);
        var (answer, rival) = (Slot(fields, "answer", slotNames), Slot(fields, "rival", slotNames));
        if (rival is not null && answer is null)
            fields.Fault("rival", "'rival' needs 'answer': it is the wrong answer that tempts most");
        var description = fields.Text("description") ?? $"Texts from {templates.Count} templates of {file}.";
        fields.ThrowIfFaulty();
        return new TemplateTask(new TemplateTaskParts(
            name, description, Fingerprint(lexicons, slots, templates, positions, answer, rival), lexicons, slots,
            templates, positions, answer, rival));
    }

    private static Dictionary<string, IReadOnlyList<string>> ReadLexicons(YamlFields section)
    {
        var lexicons = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var key in section.Keys)
        {
            var words = section.Texts(key);
            if (words.Count == 0 || words.Any(w => w.Length == 0))
                section.Fault(key, $"lexicon '{key}' must list at least one word, and no empty one");
            foreach (var repeated in words.GroupBy(w => w).Where(g => g.Count() > 1))
                section.Fault(key, $"lexicon '{key}' lists '{repeated.Key}' {repeated.Count()} times: list it once");
            lexicons[key] = words;
        }

        return lexicons;
    }

    private static (List<string> Names, SlotWords[] Slots) ReadSlots(
        YamlFields section, Dictionary<string, IReadOnlyList<string>> lexicons)
    {
        var slots = new List<SlotWords>();
        foreach (var key in section.Keys)
        {
            var lexicon = section.Text(key) ?? "";
            if (!lexicons.TryGetValue(lexicon, out var words))
            {
                section.Fault(key, $"slot '{key}' draws from '{lexicon}', which is not a lexicon of this file."
                    + NearestName.Hint(lexicon, lexicons.Keys));
                words = [];
            }

            slots.Add(new SlotWords(lexicon, words));
            if (slots.Count(s => s.Lexicon == lexicon) > words.Count && words.Count > 0)
                section.Fault(key, $"'{lexicon}' has {words.Count} words, too few for different words in all of its slots");
        }

        return ([.. section.Keys], [.. slots]);
    }

    private static List<TextTemplate> ReadTemplates(YamlFields fields, List<string> slotNames, SlotWords[] slots)
    {
        var lines = fields.Texts("templates");
        if (lines.Count == 0)
            fields.Fault("templates", "'templates' must list at least one text with slots in [brackets]");
        var templates = new List<TextTemplate>();
        foreach (var line in lines)
        {
            try
            {
                templates.AddRange(TextTemplate.Expand(line, 1.0 / lines.Count, slotName =>
                    slotNames.IndexOf(slotName) is >= 0 and var slot ? slot : null));
            }
            catch (FormatException e)
            {
                fields.Fault("templates", $"template '{line}': {e.Message}");
            }
        }

        if (templates.Count > TextTemplate.MaxTemplates)
            fields.Fault("templates", $"they stand for {templates.Count:N0} templates, more than {TextTemplate.MaxTemplates:N0}");
        if (templates.Any(t => t.Pattern.Length == 0))
            fields.Fault("templates", "a template is empty");
        if (templates.Any(t => t.Slots.Any(s => slots[s].Words.Count == 0)))
            fields.Fault("templates", "a template has a slot without words");
        return templates;
    }

    // "SLOT" or "SLOT:2", its second occurrence.
    private static Dictionary<string, SlotOccurrence> ReadPositions(
        YamlFields section, List<string> slotNames, List<TextTemplate> templates)
    {
        var positions = new Dictionary<string, SlotOccurrence>(StringComparer.Ordinal);
        foreach (var key in section.Keys)
        {
            var parts = (section.Text(key) ?? "").Split(':');
            var slot = slotNames.IndexOf(parts[0].Trim());
            var occurrence = 1;
            if (slot < 0 || parts.Length > 2 || (parts.Length == 2
                && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out occurrence)))
            {
                section.Fault(key, $"position '{key}' must be a slot such as A, or A:2 for its second place."
                    + NearestName.Hint(parts[0], slotNames));
            }
            else if (key is TemplateTask.End or "last" || key.Length == 0 || char.IsAsciiDigit(key[0]) || key[0] is '-' or '+'
                || key.StartsWith("tok:", StringComparison.Ordinal))
            {
                section.Fault(key, $"'{key}' cannot name a position: it has a meaning of its own in sites");
            }
            else if (templates.Count > 0 && !templates.Any(t => t.Places(slot) >= occurrence && occurrence > 0))
            {
                section.Fault(key, $"no template has [{slotNames[slot]}] {occurrence} times, as position '{key}' wants");
            }
            else
            {
                positions[key] = new SlotOccurrence(slot, occurrence);
            }
        }

        return positions;
    }

    private static int? Slot(YamlFields fields, string key, List<string> slotNames)
    {
        if (fields.Text(key) is not { } name)
            return null;
        if (slotNames.IndexOf(name) is >= 0 and var slot)
            return slot;
        fields.Fault(key, $"'{key}' must be a slot of this file, found '{name}'.{NearestName.Hint(name, slotNames)}");
        return null;
    }

    private static string Fingerprint(
        Dictionary<string, IReadOnlyList<string>> lexicons, SlotWords[] slots, List<TextTemplate> templates,
        Dictionary<string, SlotOccurrence> positions, int? answer, int? rival)
    {
        var parts = new List<string> { Schema };
        foreach (var (name, words) in lexicons.OrderBy(l => l.Key, StringComparer.Ordinal))
            parts.Add(ContentHash.Of([name, .. words]));
        parts.Add(ContentHash.Of([.. slots.Select(s => s.Lexicon)]));
        foreach (var template in templates)
            parts.Add(ContentHash.Of(template.Pattern, template.Share.ToString("R", CultureInfo.InvariantCulture)));
        foreach (var (name, at) in positions.OrderBy(p => p.Key, StringComparer.Ordinal))
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{name}={at.Slot}:{at.Occurrence}"));
        parts.Add(string.Create(CultureInfo.InvariantCulture, $"answer={answer} rival={rival}"));
        return ContentHash.Of([.. parts]);
    }
}
