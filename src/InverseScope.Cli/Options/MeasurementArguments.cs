using System.CommandLine;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Runtime;

namespace InverseScope.Cli.Options;

/// <summary>
/// The measurement options, the same for every command that measures. What is not given is left to the command's
/// defaults.
/// </summary>
internal static class MeasurementArguments
{
    private const int MostReferences = 10_000_000;
    private const int MostSamples = 100_000;
    private const int LargestBank = 100_000_000;

    public static readonly Option<string?> Model = OptionOf.Text(
        "--model", "The target: a model's name (see 'model list'), or a folder in Hugging Face layout.", "MODEL");

    public static readonly Option<string?> Task = OptionOf.Text(
        "--task", "The prior: a task's name (see 'task list'), or a file.", "TASK");

    public static readonly Option<string[]> Sites = OptionOf.Texts(
        "--sites", "Activations: L0H1, L*H*, L3-9.attn, L2.mlp, L1.resid, embed, each with @position if not the last.", "SITE");

    public static readonly Option<string[]> Positions = OptionOf.Texts(
        "--positions", "Positions for sites that name none: @last, @-2, @5, @tok:\"=\", or a name of the task.", "@POSITION");

    public static readonly Option<long?> References = OptionOf.Integer(
        "--references", "How many reference texts.", 1, MostReferences);

    public static readonly Option<NumberType?> WeightType = OptionOf.Choice<NumberType>("--dtype", "Type of the target's weights, and of a generator's backbone. Default float32.");
    public static readonly Option<string?> Device = OptionOf.Text("--device", "Where to compute: cpu, cuda, or cuda:N for one of several GPUs. Default cpu.", "DEVICE");

    public static readonly Option<long?> Threads = OptionOf.Integer(
        "--threads", "Threads of one tensor operation. Default: all cores.", 1, 1024);

    private static readonly Option<SamplerKind?> Sampler = OptionOf.Choice<SamplerKind>(
        "--sampler", "Where samples come from: the whole prior, a bank of draws, a trained generator, or bank and generator together.");

    private static readonly Option<KernelKind?> Kernel = OptionOf.Choice<KernelKind>(
        "--kernel", "How a distance becomes a weight.");

    private static readonly Option<DistanceKind?> Distance = OptionOf.Choice<DistanceKind>(
        "--distance", "Distance between activations.");

    private static readonly Option<double?> Epsilon = OptionOf.PositiveNumber(
        "--epsilon", "Width of the kernel, in units of the distance.");

    private static readonly Option<double?> NormBand = OptionOf.PositiveNumber(
        "--norm-band", "Cosine distance only: how far norms may differ, as a share of the reference's.");

    private static readonly Option<Basis?> HeadBasis = OptionOf.Choice<Basis>(
        "--basis", "Convention for head outputs: raw, or centred with the value bias folded out.");

    private static readonly Option<Weighting?> SampleWeighting = OptionOf.Choice<Weighting>(
        "--weighting", "How samples are weighted.");

    private static readonly Option<long?> Samples = OptionOf.Integer(
        "--samples", "Samples for each reference; 0 keeps every neighbour with its exact weight.", 0, MostSamples);

    private static readonly Option<long?> BankSize = OptionOf.Integer(
        "--bank-size", "Draws in the bank.", 2, LargestBank);

    private static readonly Option<string?> Generator = OptionOf.Text(
        "--generator", "The generator: a name, or a folder. Samplers generator and mixture draw from it, by default the one that fits; beside the others it tells what activations say of each token.", "GENERATOR");

    private static readonly Option<long?> Draws = OptionOf.Integer(
        "--draws", "Texts that the generator writes for each reference. Default 256.", 2, MostSamples);

    private static readonly Option<double?> Temperature = OptionOf.PositiveNumber(
        "--temperature", "The generator's scores are divided by it. Default 1.");

    private static readonly Option<double?> TopP = OptionOf.Share(
        "--top-p", "Share of each token's probability that the generator draws from, likeliest tokens first. Default 1.");

    /// <summary>Adds the options that choose the target and the prior.</summary>
    public static void AddTarget(Command command)
    {
        command.Add(Model);
        command.Add(Task);
    }

    /// <summary>Adds the options that say how samples are drawn and weighted, and where it is computed.</summary>
    public static void AddSampling(Command command)
    {
        Option[] options =
        [
            Positions, Sampler, Generator, Kernel, Distance, Epsilon, NormBand, HeadBasis, SampleWeighting, Samples, BankSize, Draws, Temperature, TopP,
        ];
        foreach (var option in options)
            command.Add(option);
        AddCompute(command);
    }

    /// <summary>Adds the options that say what counts as near, where activations need no model.</summary>
    public static void AddNeighbours(Command command)
    {
        Option[] options = [Kernel, Distance, Epsilon, NormBand, Samples, BankSize];
        foreach (var option in options)
            command.Add(option);
    }

    /// <summary>Adds the options that say what a generator's noise is like, and where it is computed.</summary>
    public static void AddNoise(Command command)
    {
        Option[] options = [Positions, Kernel, Distance, HeadBasis];
        foreach (var option in options)
            command.Add(option);
        AddCompute(command);
    }

    /// <summary>Adds the options by which samples of generators are judged, and where it is computed.</summary>
    public static void AddEvaluation(Command command)
    {
        AddTarget(command);
        Option[] options = [Positions, Distance, NormBand, HeadBasis, Kernel, Epsilon, Draws, BankSize, Temperature, TopP];
        foreach (var option in options)
            command.Add(option);
        AddCompute(command);
    }

    /// <summary>Adds the options that decide which activations a bank holds.</summary>
    public static void AddBank(Command command)
    {
        Option[] options = [Positions, Sampler, HeadBasis, BankSize];
        foreach (var option in options)
            command.Add(option);
        AddCompute(command);
    }

    /// <summary>Adds the options that say where it is computed.</summary>
    public static void AddCompute(Command command)
    {
        command.Add(Device);
        command.Add(WeightType);
        command.Add(Threads);
    }

    /// <summary>The options given, over the command's defaults.</summary>
    /// <exception cref="BadInputException">They do not go together.</exception>
    public static MeasurementOptions Read(ParseResult parse, MeasurementOptions defaults)
    {
        var options = defaults with
        {
            Sampler = parse.GetValue(Sampler) ?? defaults.Sampler,
            Kernel = parse.GetValue(Kernel) ?? defaults.Kernel,
            Distance = parse.GetValue(Distance) ?? defaults.Distance,
            Epsilon = parse.GetValue(Epsilon) ?? defaults.Epsilon,
            NormBand = parse.GetValue(NormBand) ?? defaults.NormBand,
            Basis = parse.GetValue(HeadBasis) ?? defaults.Basis,
            Weighting = parse.GetValue(SampleWeighting) ?? defaults.Weighting,
            Samples = (int)(parse.GetValue(Samples) ?? defaults.Samples),
            BankSize = (int)(parse.GetValue(BankSize) ?? defaults.BankSize),
            Generator = parse.GetValue(Generator) ?? defaults.Generator,
            Draws = (int)(parse.GetValue(Draws) ?? defaults.Draws),
            Temperature = parse.GetValue(Temperature) ?? defaults.Temperature,
            TopP = parse.GetValue(TopP) ?? defaults.TopP,
        };
        var problems = options.Check().ToArray();
        return problems.Length == 0 ? options : throw new BadInputException(string.Join(Environment.NewLine, problems));
    }

    /// <summary>Whether draws of a generator, or those in a bank, were asked for by number.</summary>
    public static bool GivesDraws(ParseResult parse) => parse.GetValue(Draws) is not null || parse.GetValue(BankSize) is not null;

    /// <summary>The sampler that was asked for; null leaves the choice to the command.</summary>
    public static SamplerKind? ReadSampler(ParseResult parse) => parse.GetValue(Sampler);

    /// <summary>The name or folder of the target.</summary>
    /// <exception cref="BadInputException">None was given.</exception>
    public static string ReadModel(ParseResult parse) => parse.GetValue(Model)
        ?? throw new BadInputException("No target is given.", "Name a model or a folder with --model ('model list' shows the names).");

    /// <summary>The name or file of the prior.</summary>
    /// <exception cref="BadInputException">None was given.</exception>
    public static string ReadTask(ParseResult parse) => parse.GetValue(Task)
        ?? throw new BadInputException("No task is given.", "Name a task or a file with --task ('task list' shows the names).");

    /// <summary>The name or folder of the target; null if none was given.</summary>
    public static string? GivenModel(ParseResult parse) => parse.GetValue(Model);

    /// <summary>The name or file of the prior; null if none was given.</summary>
    public static string? GivenTask(ParseResult parse) => parse.GetValue(Task);

    /// <summary>The sites asked for; null if none was.</summary>
    /// <exception cref="BadInputException">One that the target or the task does not have.</exception>
    public static IReadOnlyList<Site>? GivenSites(ParseResult parse, int layers, int heads, ITask task) =>
        parse.GetValue(Sites) is { Length: > 0 } ? ReadSites(parse, layers, heads, task) : null;

    /// <summary>The sites asked for, in order.</summary>
    /// <param name="layers">Layers of the target.</param>
    /// <param name="heads">Heads of the target.</param>
    /// <exception cref="BadInputException">None was given, or one that the target or the task does not have.</exception>
    public static IReadOnlyList<Site> ReadSites(ParseResult parse, int layers, int heads, ITask task)
    {
        var patterns = SiteList.Sites(parse.GetValue(Sites) ?? []);
        if (patterns.Count == 0)
            throw new BadInputException("No site is given.", "Name at least one, as in --sites L0H1@last or --sites 'L*H*'.");
        return Expand(patterns, parse, layers, heads, task);
    }

    /// <summary>The one site of a command that looks at one.</summary>
    /// <exception cref="BadInputException">None was given, or several, or one that the target or the task does not have.</exception>
    public static Site ReadSite(ParseResult parse, string? pattern, int layers, int heads, ITask task)
    {
        if (pattern is null)
            throw new BadInputException("No site is given.", "Name one, as in --site L0H1@last.");
        var sites = Expand([pattern], parse, layers, heads, task);
        return sites.Count == 1
            ? sites[0]
            : throw new BadInputException($"--site '{pattern}' names {sites.Count} sites.", "Name one, as in --site L0H1@last.");
    }

    private static IReadOnlyList<Site> Expand(
        IReadOnlyList<string> patterns, ParseResult parse, int layers, int heads, ITask task)
    {
        var positions = SiteList.Positions(parse.GetValue(Positions) ?? []).Select(SitePattern.ParsePosition).ToArray();
        return SitePattern.ExpandAll(patterns, layers, heads, positions.Length == 0 ? null : positions, task);
    }
}
