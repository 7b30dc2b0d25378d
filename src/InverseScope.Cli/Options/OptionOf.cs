using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using InverseScope.Core;

namespace InverseScope.Cli.Options;

/// <summary>
/// Options by the kind of their value. Their faults name the option, what was given and what is expected; absent
/// options are null, so that each command applies its own default.
/// </summary>
internal static class OptionOf
{
    public static Option<string?> Text(string name, string description, string valueName) =>
        new(name) { Description = description, HelpName = valueName };

    /// <summary>An address of the web.</summary>
    public static Option<Uri?> Address(string name, string description) =>
        new(name)
        {
            Description = description,
            HelpName = "ADDRESS",
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (Uri.TryCreate(text, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps))
                    return address;
                result.AddError($"{name} takes an address that begins with http:// or https://, found '{text}'.");
                return null;
            },
        };

    public static Option<long?> Integer(string name, string description, long min = 1, long max = long.MaxValue) =>
        new(name)
        {
            Description = description,
            HelpName = "N",
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
                    && value >= min && value <= max)
                {
                    return value;
                }

                var range = (min, max) switch
                {
                    (long.MinValue, _) => "",
                    (_, long.MaxValue) => string.Create(CultureInfo.InvariantCulture, $" of at least {min}"),
                    _ => string.Create(CultureInfo.InvariantCulture, $" from {min} to {max}"),
                };
                result.AddError($"{name} takes a whole number{range}, found '{text}'.");
                return null;
            },
        };

    public static Option<double?> PositiveNumber(string name, string description) =>
        Number(name, description, "above 0", value => value > 0);

    /// <summary>Several numbers above 0: after one mention, with spaces or commas between.</summary>
    public static Option<double[]> Numbers(string name, string description) =>
        new(name)
        {
            Description = description,
            HelpName = "X",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = static (ArgumentResult _) => [],
            CustomParser = result =>
            {
                var found = new List<double>();
                foreach (var text in result.Tokens.SelectMany(t => t.Value.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries)))
                {
                    if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value > 0 && double.IsFinite(value))
                        found.Add(value);
                    else
                        result.AddError($"{name} takes numbers above 0, found '{text}'.");
                }

                return [.. found];
            },
        };

    public static Option<double?> NumberFromZero(string name, string description) =>
        Number(name, description, "of 0 or more", value => value >= 0);

    /// <summary>A number above 0 and at most 1.</summary>
    public static Option<double?> Share(string name, string description) =>
        Number(name, description, "above 0 and at most 1", value => value is > 0 and <= 1);

    /// <summary>A number from 0 to 1.</summary>
    public static Option<double?> ShareFromZero(string name, string description) =>
        Number(name, description, "from 0 to 1", value => value is >= 0 and <= 1);

    private static Option<double?> Number(string name, string description, string range, Func<double, bool> isInside) =>
        new(name)
        {
            Description = description,
            HelpName = "X",
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                    && isInside(value) && double.IsFinite(value))
                {
                    return value;
                }

                result.AddError($"{name} takes a number {range}, found '{text}'.");
                return null;
            },
        };

    /// <summary>A member of an enumeration by its name in lower case.</summary>
    /// <param name="among">Those that can be chosen; none given, all.</param>
    public static Option<T?> Choice<T>(string name, string description, params T[] among)
        where T : struct, Enum
    {
        var values = among.Length > 0 ? among : Enum.GetValues<T>();
        var names = values.Select(v => v.ToString().ToLowerInvariant()).ToArray();
        return new(name)
        {
            Description = description,
            HelpName = string.Join('|', names),
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (Array.IndexOf(names, text) is >= 0 and var index)
                    return values[index];
                result.AddError($"{name} is one of {string.Join(", ", names)}; found '{text}'.{NearestName.Hint(text, names)}");
                return null;
            },
        };
    }

    /// <summary>Several values: after one mention, or with the option repeated.</summary>
    public static Option<string[]> Texts(string name, string description, string valueName) =>
        new(name)
        {
            Description = description,
            HelpName = valueName,
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = static (ArgumentResult _) => [],
        };
}
