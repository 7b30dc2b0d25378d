using System.Globalization;
using System.Text.Json.Nodes;
using InverseScope.Core.Specs.Syntax;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace InverseScope.Core.Yaml;

/// <summary>
/// Reads a declarative file as a mapping of known keys. Collects every fault with its line and column, so that one
/// reading shows all of them; <see cref="ThrowIfFaulty"/> reports them together.
/// </summary>
public sealed class YamlFields
{
    private const int MaxCharacters = 1 << 20;
    private const int MaxDepth = 32;
    private readonly string _file;
    private readonly List<string> _faults;
    private readonly Dictionary<string, YamlNode> _nodes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly string _path;
    private readonly List<YamlFields> _children = [];

    private YamlFields(string file, List<string> faults, YamlMappingNode? mapping, string path)
    {
        (_file, _faults, _path) = (file, faults, path);
        if (mapping is null)
            return;
        foreach (var (key, value) in mapping.Children)
        {
            if (key is YamlScalarNode { Value: { } name })
                _nodes[name] = value;
            else
                Fault(key, "a key must be a plain word");
        }
    }

    /// <summary>Reads text whose root must be a mapping.</summary>
    /// <param name="file">Name for messages.</param>
    /// <param name="text">YAML or JSON.</param>
    /// <exception cref="BadInputException">Not YAML, or no mapping at the root.</exception>
    public static YamlFields Parse(string file, string text)
    {
        if (text.Length > MaxCharacters)
            throw new BadInputException($"{file}: {text.Length:N0} characters; at most {MaxCharacters:N0} are read.");
        var stream = new YamlStream();
        try
        {
            CheckShape(file, text);
            stream.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new BadInputException($"{file}({e.Start.Line},{e.Start.Column}): not YAML: {e.InnerException?.Message ?? e.Message}");
        }
        catch (InvalidOperationException e)
        {
            // The scanner throws this where a text without quotes runs over lines into a ':', inside brackets.
            throw new BadInputException($"{file}: not YAML: a bracket is not closed, or a text lacks its quotes.", null, e);
        }

        if (stream.Documents.Count != 1 || stream.Documents[0].RootNode is not YamlMappingNode root)
            throw new BadInputException($"{file}: expected one document with keys and values at its root.");
        return new YamlFields(file, [], root, "");
    }

    // What the library reads into a tree it reads by calling itself: brackets within brackets would end the process. An alias of aliases
    // stands for more than any machine holds.
    private static void CheckShape(string file, string text)
    {
        var parser = new Parser(new StringReader(text));
        for (var depth = 0; parser.MoveNext();)
        {
            switch (parser.Current)
            {
                case AnchorAlias alias:
                    throw new BadInputException($"{file}({alias.Start.Line},{alias.Start.Column}): an alias (*{alias.Value}) is not read.", "Write out what it stands for.");
                case MappingStart or SequenceStart when ++depth > YamlSpecReader.MaxDepth:
                    throw new BadInputException($"{file}({parser.Current.Start.Line},{parser.Current.Start.Column}): keys and lists stand more than {YamlSpecReader.MaxDepth} deep in one another.");
                case MappingEnd or SequenceEnd:
                    depth--;
                    break;
            }
        }
    }

    /// <summary>All keys, in the file's order, for mappings whose keys the file chooses.</summary>
    public IReadOnlyCollection<string> Keys => _nodes.Keys;

    /// <summary>The text of a key, or null.</summary>
    public string? Text(string key) => Scalar(key)?.Value;

    /// <summary>Whether a key holds a single value, not keys or a list.</summary>
    public bool IsText(string key)
    {
        _asked.Add(key);
        return _nodes.GetValueOrDefault(key) is YamlScalarNode;
    }

    /// <summary>A number within bounds, or the default.</summary>
    public double Number(string key, double otherwise, double above = double.NegativeInfinity)
    {
        if (Scalar(key) is not { } node)
            return otherwise;
        if (double.TryParse(node.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && double.IsFinite(value) && value > above)
        {
            return value;
        }

        Fault(node, $"'{key}' must be a number{(double.IsNegativeInfinity(above) ? "" : $" above {above.ToString(CultureInfo.InvariantCulture)}")}, found '{node.Value}'");
        return otherwise;
    }

    /// <summary>A whole number within bounds, or the default.</summary>
    public long Integer(string key, long otherwise, long min = long.MinValue, long max = long.MaxValue)
    {
        if (Scalar(key) is not { } node)
            return otherwise;
        if (long.TryParse(node.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= min && value <= max)
        {
            return value;
        }

        var range = (min, max) switch
        {
            (long.MinValue, long.MaxValue) => "",
            (_, long.MaxValue) => $" of at least {min}",
            _ => $" from {min} to {max}",
        };
        Fault(node, $"'{key}' must be a whole number{range}, found '{node.Value}'");
        return otherwise;
    }

    /// <summary>true or false, or the default.</summary>
    public bool Flag(string key, bool otherwise)
    {
        if (Scalar(key) is not { } node)
            return otherwise;
        if (node.Value is "true" or "false")
            return node.Value == "true";
        Fault(node, $"'{key}' must be true or false, found '{node.Value}'");
        return otherwise;
    }

    /// <summary>A member of an enumeration by its name in lower case, or the default.</summary>
    public T Choice<T>(string key, T otherwise)
        where T : struct, Enum
    {
        if (Scalar(key) is not { } node)
            return otherwise;
        var names = Enum.GetNames<T>().Select(n => n.ToLowerInvariant()).ToArray();
        if (Array.IndexOf(names, node.Value) is >= 0 and var index)
            return Enum.GetValues<T>()[index];
        Fault(node, $"'{key}' must be one of {string.Join(", ", names)}; found '{node.Value}'.{NearestName.Hint(node.Value ?? "", names)}");
        return otherwise;
    }

    /// <summary>A list of texts; a single text counts as a list of one.</summary>
    public IReadOnlyList<string> Texts(string key)
    {
        _asked.Add(key);
        if (!_nodes.TryGetValue(key, out var node))
            return [];
        if (node is YamlScalarNode single)
            return [single.Value ?? ""];
        if (node is YamlSequenceNode sequence && sequence.Children.All(c => c is YamlScalarNode))
            return [.. sequence.Children.Select(c => ((YamlScalarNode)c).Value ?? "")];
        Fault(node, $"'{key}' must be a list of texts");
        return [];
    }

    /// <summary>The mapping under a key; empty if absent.</summary>
    public YamlFields Section(string key)
    {
        _asked.Add(key);
        _nodes.TryGetValue(key, out var node);
        if (node is not null and not YamlMappingNode)
            Fault(node, $"'{key}' must hold keys and values");
        var child = new YamlFields(_file, _faults, node as YamlMappingNode, _path + key + ".");
        _children.Add(child);
        return child;
    }

    /// <summary>What is under a key, as JSON: plain scalars that JSON has a word for become it, all others are texts. Null if absent.</summary>
    public JsonNode? Json(string key)
    {
        _asked.Add(key);
        return _nodes.TryGetValue(key, out var node) ? Json(node, 0) : null;
    }

    /// <summary>Adds a fault at a place of the file, found by the caller; line and column are 1-based.</summary>
    public void Fault(int line, int column, string message) => _faults.Add($"{_file}({line},{column}): {message}");

    /// <summary>Adds a fault at a key, found by the caller.</summary>
    public void Fault(string key, string message)
    {
        if (_nodes.TryGetValue(key, out var node))
            Fault(node, message);
        else
            _faults.Add($"{_file}: {message}");
    }

    /// <summary>Reports all faults at once, unknown keys among them. Call it after the last key was asked for.</summary>
    /// <exception cref="BadInputException">There are faults.</exception>
    public void ThrowIfFaulty()
    {
        FindUnknownKeys();
        if (_faults.Count > 0)
            throw new BadInputException(string.Join(Environment.NewLine, _faults));
    }

    private void FindUnknownKeys()
    {
        foreach (var (key, node) in _nodes)
        {
            if (!_asked.Contains(key))
                Fault(node, $"unknown key '{_path}{key}'.{NearestName.Hint(key, _asked)} Known here: {string.Join(", ", _asked.Order())}");
        }

        foreach (var child in _children)
            child.FindUnknownKeys();
    }

    private YamlScalarNode? Scalar(string key)
    {
        _asked.Add(key);
        if (!_nodes.TryGetValue(key, out var node))
            return null;
        if (node is YamlScalarNode scalar)
            return scalar;
        Fault(node, $"'{key}' must be a single value");
        return null;
    }

    private JsonNode? Json(YamlNode node, int depth)
    {
        // An alias may stand within what it stands for.
        if (depth > MaxDepth)
        {
            Fault(node, $"nested more than {MaxDepth} deep");
            return null;
        }

        switch (node)
        {
            case YamlMappingNode mapping:
                var entries = new JsonObject();
                foreach (var (key, value) in mapping.Children)
                {
                    if (key is YamlScalarNode { Value: { } name })
                        entries[name] = Json(value, depth + 1);
                    else
                        Fault(key, "a key must be a plain word");
                }

                return entries;

            case YamlSequenceNode sequence:
                return new JsonArray([.. sequence.Children.Select(child => Json(child, depth + 1))]);

            default:
                var scalar = (YamlScalarNode)node;
                if (scalar.Style != ScalarStyle.Plain)
                    return JsonValue.Create(scalar.Value);
                return YamlSpecReader.Resolve(scalar.Value ?? "", default, out _) switch
                {
                    SpecNode.Text text => JsonValue.Create(text.Value),
                    SpecNode.Bool flag => JsonValue.Create(flag.Value),
                    SpecNode.Number number when number.Value == Math.Floor(number.Value) && Math.Abs(number.Value) < 1L << 53 =>
                        JsonValue.Create((long)number.Value),
                    SpecNode.Number number => JsonValue.Create(number.Value),
                    _ => null,
                };
        }
    }

    private void Fault(YamlNode node, string message) =>
        _faults.Add($"{_file}({node.Start.Line},{node.Start.Column}): {message}");
}
