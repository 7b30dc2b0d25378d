using System.Text;
using System.Text.Json;

namespace InverseScope.Core.Specs.Syntax;

/// <summary>Reads JSON with the place of every value.</summary>
internal ref struct JsonSpecReader
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly SpecReading _reading;
    private Utf8JsonReader _json;
    private int _line;
    private int _lineStart;
    private int _scanned;

    private JsonSpecReader(ReadOnlySpan<byte> bytes, SpecReading reading)
    {
        _bytes = bytes;
        _reading = reading;
        _json = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = YamlSpecReader.MaxDepth });
        _line = 1;
    }

    /// <returns>The document; null after errors were reported that leave nothing to read.</returns>
    public static SpecNode? Read(string text, SpecReading reading)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            reading.Error(new Mark(1, 1), "the file is empty.", "Expected a feature spec.");
            return null;
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        var reader = new JsonSpecReader(bytes, reading);
        try
        {
            reader._json.Read();
            var root = reader.ReadValue();
            reader._json.Read();
            return root;
        }
        catch (JsonException e)
        {
            reading.Error(
                Place(text, e), $"this is not JSON: {Reason(e.Message)}", "Check brackets, commas and quotes around here.");
            return null;
        }
    }

    // The library's message, without its place and its advice to programmers.
    private static string Reason(string message)
    {
        if (message.Contains("trailing comma", StringComparison.Ordinal))
            return "there is a comma after the last item.";
        foreach (var end in (ReadOnlySpan<string>)[" LineNumber:", " Change the reader options"])
        {
            if (message.IndexOf(end, StringComparison.Ordinal) is > 0 and var at)
                message = message[..at];
        }

        return message;
    }

    // The library counts bytes.
    private static Mark Place(string text, JsonException e)
    {
        var line = (int)(e.LineNumber ?? 0);
        var bytes = Encoding.UTF8.GetBytes(text.Split('\n').ElementAtOrDefault(line) ?? "");
        var before = (int)Math.Min(e.BytePositionInLine ?? 0, bytes.Length);
        return new Mark(line + 1, Encoding.UTF8.GetCharCount(bytes, 0, before) + 1);
    }

    private SpecNode ReadValue()
    {
        var mark = Here();
        switch (_json.TokenType)
        {
            case JsonTokenType.StartObject:
                var entries = new MapEntries(_reading);
                while (_json.Read() && _json.TokenType != JsonTokenType.EndObject)
                {
                    var key = new SpecNode.Text(ReadText(), Here());
                    _json.Read();
                    entries.Add(key, ReadValue());
                }

                return new SpecNode.Map(entries.Entries, mark);

            case JsonTokenType.StartArray:
                var items = new List<SpecNode>();
                while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
                    items.Add(ReadValue());
                return new SpecNode.List(items, mark);

            case JsonTokenType.String:
                return new SpecNode.Text(ReadText(), mark);

            case JsonTokenType.Number:
                var number = _json.TryGetDouble(out var value) ? value + 0.0 : double.PositiveInfinity; // no negative zero
                if (YamlSpecReader.IsTooLarge(number))
                    _reading.Error(mark, "the number is too large to be exact.", "Put it in quotes if it is a text.");
                return new SpecNode.Number(number, mark);

            case JsonTokenType.True or JsonTokenType.False:
                return new SpecNode.Bool(_json.TokenType == JsonTokenType.True, mark);

            default:
                return new SpecNode.Null(mark);
        }
    }

    private string ReadText()
    {
        try
        {
            return _json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            _reading.Error(Here(), "the text has half of a surrogate pair.", "Write the character itself.");
            return "";
        }
    }

    // Columns count characters, as editors do.
    private Mark Here()
    {
        var at = (int)_json.TokenStartIndex;
        for (; _scanned < at; _scanned++)
        {
            if (_bytes[_scanned] == '\n')
                (_line, _lineStart) = (_line + 1, _scanned + 1);
        }

        return new Mark(_line, Encoding.UTF8.GetCharCount(_bytes[_lineStart..at]) + 1);
    }
}
