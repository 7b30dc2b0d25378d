using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace InverseScope.Core.Specs.Syntax;

/// <summary>
/// Reads the part of YAML that specs need: one document of mappings, lists and scalars. Anchors, aliases, tags, several
/// documents, keys that are not scalars and duplicate keys are errors. Only true, false, null and numbers as JSON writes
/// them are not text.
/// </summary>
internal sealed partial class YamlSpecReader
{
    /// <summary>Mappings and lists inside one another; deep enough for the pipelines that the compiler accepts.</summary>
    public const int MaxDepth = 128;

    private readonly Parser _parser;
    private readonly SpecReading _reading;

    private YamlSpecReader(Scanner scanner, SpecReading reading) => (_parser, _reading) = (new Parser(scanner), reading);

    /// <returns>The document; null after errors were reported that leave nothing to read.</returns>
    public static SpecNode? Read(string text, SpecReading reading)
    {
        var scanner = new Scanner(new StringReader(text), skipComments: true);
        try
        {
            return new YamlSpecReader(scanner, reading).ReadDocument();
        }
        catch (YamlException e)
        {
            var message = (e.InnerException?.Message ?? e.Message).TrimEnd('.').Replace("  ", " ", StringComparison.Ordinal);
            var mark = At(e.Start);
            var fix = "Check indentation, brackets and quotes around here.";
            if (message.Contains("escape", StringComparison.Ordinal))
                fix = "Double a backslash in double quotes, or use single quotes, which keep it as it is.";
            else if (message.Contains("invalid mapping", StringComparison.Ordinal))
                fix = "Put a text that contains ': ' in quotes.";
            else if (message.Contains("cannot start any token", StringComparison.Ordinal))
                fix = "Put a text that begins with a special character in quotes.";
            else if (message.Contains("tab", StringComparison.Ordinal))
                (mark, fix) = (FirstTab(text) ?? mark, "Indent with spaces.");
            reading.Error(mark, $"this is not YAML: {message}.", fix);
            return null;
        }
        catch (NestedTooDeeplyException)
        {
            return null;
        }
        // The scanner throws this where a text without quotes runs over lines into a ':', inside brackets.
        catch (InvalidOperationException)
        {
            reading.Error(
                At(scanner.CurrentPosition), "this is not YAML: a key stands where a ',' or a closing bracket is expected.",
                "Check brackets and quotes before here.");
            return null;
        }
    }

    /// <summary>What a scalar without quotes means.</summary>
    /// <param name="isTooLarge">Whether it is a whole number that cannot be kept exactly.</param>
    public static SpecNode Resolve(string text, Mark mark, out bool isTooLarge)
    {
        isTooLarge = false;
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return new SpecNode.Null(mark);
            case "true" or "True" or "TRUE":
                return new SpecNode.Bool(true, mark);
            case "false" or "False" or "FALSE":
                return new SpecNode.Bool(false, mark);
        }

        if (!JsonNumber().IsMatch(text))
            return new SpecNode.Text(text, mark);
        var number = double.Parse(text, CultureInfo.InvariantCulture) + 0.0; // no negative zero: it is the same number
        isTooLarge = IsTooLarge(number);
        return new SpecNode.Number(number, mark);
    }

    /// <summary>Whether whole numbers of this size cannot all be told apart.</summary>
    public static bool IsTooLarge(double number) => !(Math.Abs(number) <= 1L << 53);

    [GeneratedRegex(@"^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?\z", RegexOptions.ECMAScript)]
    private static partial Regex JsonNumber();

    private SpecNode? ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
        {
            _reading.Error(new Mark(1, 1), "the file is empty.", "Expected a feature spec.");
            return null;
        }

        _parser.Consume<DocumentStart>();
        var root = ReadNode(0);
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var second))
            _reading.Error(At(second), "a second document begins here.", "Write one spec in each file.");
        return root;
    }

    // Null after an error that was reported.
    private SpecNode? ReadNode(int depth)
    {
        var current = _parser.Current!;
        var mark = At(current);
        _parser.MoveNext();
        if (current is AnchorAlias)
        {
            _reading.Error(mark, "found an alias.", "Write the value out: specs have no anchors and aliases.");
            return null;
        }

        if (current is NodeEvent node)
            CheckProperties(node, mark);
        if (depth >= MaxDepth && current is not Scalar)
        {
            _reading.Error(mark, $"lists and mappings are nested more than {MaxDepth} deep.", "Flatten the spec.");
            // The scanner's time grows with the square of the depth.
            throw new NestedTooDeeplyException();
        }

        switch (current)
        {
            case Scalar scalar:
                return ReadScalar(scalar, mark);

            case SequenceStart:
                var items = new List<SpecNode>();
                while (!_parser.Accept<SequenceEnd>(out _))
                {
                    if (ReadNode(depth + 1) is { } item)
                        items.Add(item);
                }

                _parser.MoveNext();
                return new SpecNode.List(items, mark);

            default:
                return ReadMap(depth, mark);
        }
    }

    private SpecNode.Map ReadMap(int depth, Mark mark)
    {
        var entries = new MapEntries(_reading);
        while (!_parser.Accept<MappingEnd>(out _))
        {
            if (_parser.Current is Scalar scalar)
            {
                var keyMark = At(scalar);
                CheckProperties(scalar, keyMark);
                _parser.MoveNext();
                if (ReadNode(depth + 1) is { } value)
                    entries.Add(new SpecNode.Text(scalar.Value, keyMark), value);
                continue;
            }

            _reading.Error(At(_parser.Current!), "this key is not a plain word.", "Keys are names.");
            ReadNode(depth + 1);
            ReadNode(depth + 1);
        }

        _parser.MoveNext();
        return new SpecNode.Map(entries.Entries, mark);
    }

    private SpecNode ReadScalar(Scalar scalar, Mark mark)
    {
        if (scalar.Value.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0 && !IsValidUtf16(scalar.Value))
            _reading.Error(mark, "the text has half of a surrogate pair.", "Write the character itself.");
        if (scalar.Style != ScalarStyle.Plain)
            return new SpecNode.Text(scalar.Value, mark);
        var node = Resolve(scalar.Value, mark, out var isTooLarge);
        if (isTooLarge)
            _reading.Error(mark, "the number is too large to be exact.", "Put it in quotes if it is a text.");
        return node;
    }

    private void CheckProperties(NodeEvent node, Mark mark)
    {
        if (!node.Anchor.IsEmpty)
            _reading.Error(mark, "found an anchor.", "Leave it out: specs have no anchors and aliases.");
        if (!node.Tag.IsEmpty)
            _reading.Error(mark, $"found the tag {SpecNode.Quote(node.Tag.IsNonSpecific ? "!" : node.Tag.Value)}.", "Leave it out: specs have no tags.");
    }

    private static Mark At(ParsingEvent parsed) => At(parsed.Start);

    private static Mark At(in YamlDotNet.Core.Mark mark) => new((int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));

    // The scanner tells where the mapping with the tab begins.
    private static Mark? FirstTab(string text)
    {
        foreach (var (i, line) in text.Split('\n').Index())
        {
            var indent = line.AsSpan().IndexOfAnyExcept(' ');
            if (indent >= 0 && line[indent] == '\t')
                return new Mark(i + 1, indent + 1);
        }

        return null;
    }

    private static bool IsValidUtf16(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return false;
            i++;
        }

        return true;
    }

    /// <summary>Ends the reading after its error was reported.</summary>
    private sealed class NestedTooDeeplyException : Exception;
}
