using System.CommandLine;

namespace InverseScope.Cli.Options;

/// <summary>Options that every command takes.</summary>
internal static class GlobalOptions
{
    public static readonly Option<bool> Json = new("--json")
    {
        Description = "Print one JSON document (or JSON lines) on standard output.",
        Recursive = true,
    };

    public static readonly Option<long?> Seed = Recursive(
        OptionOf.Integer("--seed", "The seed of all chance. The same seed gives the same numbers. Default 1.", long.MinValue));

    public static readonly Option<string> Home = new("--home")
    {
        Description = "The folder for models, banks, sweeps and the store.",
        HelpName = "DIR",
        DefaultValueFactory = _ => ".inversescope",
        Recursive = true,
        CustomParser = result =>
        {
            var folder = result.Tokens[0].Value;
            if (string.IsNullOrWhiteSpace(folder))
                result.AddError("--home needs a folder.");
            return folder;
        },
    };

    public static readonly Option<bool> Quiet = new("--quiet")
    {
        Description = "No progress, only results and faults.",
        Recursive = true,
    };

    private static Option<T> Recursive<T>(Option<T> option)
    {
        option.Recursive = true;
        return option;
    }
}
