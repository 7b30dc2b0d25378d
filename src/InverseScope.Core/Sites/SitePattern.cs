using System.Globalization;
using System.Text;
using InverseScope.Core.Tasks;

namespace InverseScope.Core.Sites;

/// <summary>
/// A set of sites as people write it: <c>L*H*</c>, <c>L3-9.attn@=</c>, <c>L0,2H1@tok:"="+1</c>, <c>embed@query</c>.
/// Layers and heads are <c>*</c>, a number, a range <c>a-b</c>, or a comma list of these.
/// </summary>
public sealed class SitePattern
{
    private readonly string _source;
    private readonly SiteKind _kind;
    private readonly IReadOnlyList<NumberRange> _layers;
    private readonly IReadOnlyList<NumberRange> _heads;
    private readonly Position? _position;

    private SitePattern(
        string source, SiteKind kind, IReadOnlyList<NumberRange> layers, IReadOnlyList<NumberRange> heads, Position? position) =>
        (_source, _kind, _layers, _heads, _position) = (source, kind, layers, heads, position);

    /// <summary>Parses one pattern.</summary>
    /// <exception cref="BadInputException">Names the pattern, what was found and what was expected.</exception>
    public static SitePattern Parse(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        var address = (at < 0 ? text : text[..at]).Trim();
        var position = at < 0 ? null : ParsePosition(text[at..].Trim());
        if (address == "embed")
            return new SitePattern(text, SiteKind.Embedding, [], [], position);
        if (address.Length < 2 || address[0] != 'L')
            throw Malformed(text, "it must start with L and a layer, or be 'embed'");
        var i = 1;
        var layers = ReadNumbers(text, address, ref i, "layer");
        var rest = address[i..];
        switch (rest)
        {
            case ".attn":
                return new SitePattern(text, SiteKind.Attention, layers, [], position);
            case ".mlp":
                return new SitePattern(text, SiteKind.Mlp, layers, [], position);
            case ".resid":
                return new SitePattern(text, SiteKind.Residual, layers, [], position);
        }

        if (rest.StartsWith('.'))
        {
            var hint = NearestName.Hint(rest[1..], ["attn", "mlp", "resid"]);
            throw Malformed(text, $"'{rest}' is none of .attn, .mlp, .resid.{hint}");
        }

        if (rest.StartsWith('H'))
        {
            i = 1;
            var heads = ReadNumbers(text, rest, ref i, "head");
            if (i == rest.Length)
                return new SitePattern(text, SiteKind.Head, layers, heads, position);
        }

        throw Malformed(text, "after the layer comes H and a head, .attn, .mlp or .resid");
    }

    /// <summary>Parses a position with or without its leading <c>@</c>.</summary>
    public static Position ParsePosition(string text)
    {
        var body = (text.StartsWith('@') ? text[1..] : text).Trim();
        if (body == "last")
            return Position.Last;
        if (body.StartsWith("tok:", StringComparison.Ordinal))
            return ParseToken(text, body[4..]);
        if (body.Length == 0)
            throw Malformed(text, "a position is missing after '@'");
        var isNumber = char.IsAsciiDigit(body[^1]) && !body.AsSpan(1).ContainsAnyExceptInRange('0', '9')
            && (char.IsAsciiDigit(body[0]) || body[0] is '-' or '+');
        if (!isNumber)
            return new Position.Named(body);
        if (!int.TryParse(body, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index))
            throw Malformed(text, $"'{body}' is too large for a position");
        if (index == 0 && body[0] == '-')
            throw Malformed(text, "counted from the end, positions start with -1, the last");
        return index < 0 ? new Position.FromEnd(index) : new Position.FromStart(index);
    }

    /// <summary>The sites of this pattern that a target has, layer by layer.</summary>
    /// <param name="layers">Number of layers of the target.</param>
    /// <param name="heads">Number of query heads of the target.</param>
    /// <param name="positions">Positions for a pattern without one; null means the last.</param>
    /// <param name="task">If given, a position name that it does not define is refused.</param>
    /// <exception cref="BadInputException">A layer, head or position name that is not there.</exception>
    public IReadOnlyList<Site> Expand(int layers, int heads, IReadOnlyList<Position>? positions = null, ITask? task = null)
    {
        var at = _position is not null ? [_position] : positions ?? [Position.Last];
        foreach (var position in at)
        {
            if (task is not null && position is Position.Named named && !task.PositionNames.Contains(named.Name))
            {
                var known = string.Join(", ", task.PositionNames);
                throw new BadInputException(
                    $"Task '{task.Name}' has no position '{named.Name}' (in site '{_source}').",
                    $"Its positions: {(known.Length == 0 ? "none" : known)}; also @last, @-2, @5, @tok:\"x\"."
                    + NearestName.Hint(named.Name, [.. task.PositionNames, "last"]));
            }
        }

        var sites = new List<Site>();
        foreach (var position in at)
        {
            foreach (var layer in _kind == SiteKind.Embedding ? [0] : Within(_layers, layers, "layer"))
            {
                foreach (var head in _kind == SiteKind.Head ? Within(_heads, heads, "head") : [0])
                    sites.Add(new Site(new SiteAddress(_kind, layer, head), position));
            }
        }

        return sites;
    }

    /// <summary>Parses and expands several patterns, in order, without duplicates.</summary>
    public static IReadOnlyList<Site> ExpandAll(
        IEnumerable<string> patterns, int layers, int heads, IReadOnlyList<Position>? positions = null, ITask? task = null) =>
        [.. patterns.SelectMany(p => Parse(p).Expand(layers, heads, positions, task)).Distinct()];

    private IEnumerable<int> Within(IReadOnlyList<NumberRange> ranges, int count, string what)
    {
        var found = new List<int>();
        foreach (var (from, to) in ranges)
        {
            if (to >= count)
            {
                throw new BadInputException(
                    $"Site '{_source}': the target has no {what} {to}.",
                    $"It has {count}: {what}s 0 to {count - 1}.");
            }

            for (var number = from; number <= (to ?? count - 1); number++)
                found.Add(number);
        }

        return found.Distinct();
    }

    private static List<NumberRange> ReadNumbers(string source, string text, ref int i, string what)
    {
        var start = i;
        while (i < text.Length && (char.IsAsciiDigit(text[i]) || text[i] is '*' or '-' or ','))
            i++;
        var ranges = new List<NumberRange>();
        foreach (var part in text[start..i].Split(','))
        {
            var bounds = part.Split('-');
            if (part == "*")
            {
                ranges.Add(new NumberRange(0, null));
            }
            else if (bounds.Length <= 2
                && int.TryParse(bounds[0], NumberStyles.None, CultureInfo.InvariantCulture, out var from)
                && int.TryParse(bounds[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var to) && from <= to)
            {
                ranges.Add(new NumberRange(from, to));
            }
            else
            {
                throw Malformed(source, $"'{part}' is not a {what}: expected a number, a range such as 3-9, or *");
            }
        }

        return ranges;
    }

    private static Position.Token ParseToken(string source, string body)
    {
        if (body.Length < 2 || body[0] != '"')
            throw Malformed(source, "after tok: comes a token in double quotes, as in @tok:\"=\"");
        var token = new StringBuilder();
        var i = 1;
        for (; i < body.Length && body[i] != '"'; i++)
        {
            if (body[i] == '\\' && i + 1 < body.Length)
                i++;
            token.Append(body[i]);
        }

        if (i >= body.Length)
            throw Malformed(source, "the closing quote of the token is missing");
        if (token.Length == 0)
            throw Malformed(source, "the token between the quotes is empty");
        var rest = body[(i + 1)..];
        if (rest.Length == 0)
            return new Position.Token(token.ToString(), 0);
        if (rest[0] is '+' or '-'
            && int.TryParse(rest, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var offset))
        {
            return new Position.Token(token.ToString(), offset);
        }

        throw Malformed(source, $"'{rest}' after the token is not an offset such as +1");
    }

    private static BadInputException Malformed(string text, string why) =>
        new($"'{text}' is not a site: {why}.", "Sites look like L9H6, L*H*@=, L17.attn@-2, L3-9.mlp, L13.resid, embed.");

    /// <summary>From .. To, both included; To null: as many as there are.</summary>
    private readonly record struct NumberRange(int From, int? To);
}
