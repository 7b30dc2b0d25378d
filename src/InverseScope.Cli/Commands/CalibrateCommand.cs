using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Sweeps.Calibration;
using InverseScope.Sweeps.Evaluation;

namespace InverseScope.Cli.Commands;

/// <summary><c>calibrate</c>: sweeps over sites whose truth is known, to see what verdicts are worth.</summary>
internal static class CalibrateCommand
{
    private const string DefaultTask = "addition";
    private const int FeaturesFromPrior = 5;
    private const int MostSites = 10_000;

    private static readonly Option<string[]> Plant = OptionOf.Texts(
        "--plant", "Spec files to plant, each at a site of its own. Default: features of what varies in the task.", "SPEC");

    private static readonly Option<bool> Together = new("--together")
    {
        Description = "Plant specs two by two: each site carries both.",
    };

    private static readonly Option<double?> Noise = OptionOf.NumberFromZero(
        "--noise", "Norm of the noise over that of the planted signal. Default 0.5.");

    private static readonly Option<long?> Repetitions = OptionOf.Integer(
        "--repetitions", "Sweeps, each with new activations and references. Default 5.", 1, MostSites);

    private static readonly Option<long?> NullSites = OptionOf.Integer(
        "--null-sites", "Sites in each sweep that encode nothing. Default 5.", 0, MostSites);

    private static readonly Option<long?> References = OptionOf.Integer(
        "--references", "References for the test at each site; two thirds as many to explore. Default 300.", 20, 1_000_000);

    private static readonly Option<long?> Streams = OptionOf.Integer(
        "--streams", "Sweeps of 200 hypotheses simulated as labels alone, to check the tests themselves. Default 10; 0 for none.", 0, 1_000_000);

    public static Command Create(Shell shell)
    {
        var command = new Command("calibrate", "Measure discoveries, false discoveries and coverage on sites whose truth is known.")
        {
            MeasurementArguments.Task, Plant, Together, Noise, Repetitions, NullSites, References, Streams,
        };
        MeasurementArguments.AddNeighbours(command);
        Invocation.SetAction(command, shell, Run);
        return command;
    }

    private static int Run(Invocation invocation)
    {
        var parse = invocation.Parse;
        var task = invocation.Tasks.Find(parse.GetValue(MeasurementArguments.Task) ?? DefaultTask);
        var together = parse.GetValue(Together);
        var files = parse.GetValue(Plant) ?? [];
        var defaults = new CalibrationOptions { Planted = [] };
        var noise = parse.GetValue(Noise) ?? defaults.NoiseRatio;
        var references = (int)(parse.GetValue(References) ?? defaults.ConfirmReferences);
        var options = defaults with
        {
            Planted = files.Length > 0
                ? new SpecLibrary(task).ReadFiles(files)
                : PlantedFeatures.FromPrior(together ? FeaturesFromPrior + 1 : FeaturesFromPrior, task, invocation.Seed, invocation.Cancel),
            Together = together,
            NoiseRatio = noise,
            Repetitions = (int)(parse.GetValue(Repetitions) ?? defaults.Repetitions),
            NullSites = (int)(parse.GetValue(NullSites) ?? defaults.NullSites),
            Measurement = MeasurementArguments.Read(parse, CalibrationRun.Measurement(together, noise)),
            ConfirmReferences = references,
            StreamSweeps = (int)(parse.GetValue(Streams) ?? defaults.StreamSweeps),
            ExploreReferences = Math.Max(20, references * 2 / 3),
        };
        CalibrationReport report;
        using (var progress = invocation.StartProgress())
            report = CalibrationRun.Run(options, task, invocation.Seed, invocation.Shell.Clock, progress, invocation.Cancel);
        if (invocation.Json)
            Json.WriteDocument(invocation.Out, report);
        else
            Write(invocation, report);
        return ExitCode.Done;
    }

    private static void Write(Invocation invocation, CalibrationReport report)
    {
        Tables.Write(
            invocation.Shell,
            ["planted", "#found", "#κ", "confirmed instead, where it was not found"],
            report.BySpec.Select(s => new[]
            {
                s.Title, Text($"{s.Discovered} of {s.Planted}"), s.Kappa is { } kappa ? Text($"{kappa:0.00}") : "–",
                string.Join("; ", s.Related),
            }));
        invocation.Out.WriteLine();
        Tables.WritePairs(
            invocation.Shell,
            [
                ("sweeps", Text($"{report.Repetitions} of task {report.Task}, noise {report.Noise:0.##}, ε {report.Epsilon:0.###}")),
                ("discovery rate", Rate(report.DiscoveryRate, report.Discovered, report.Planted, "planted specs found and confirmed")),
                ("power", Rate(report.Power, report.ConfirmedWhenGiven, report.Planted, "confirmed when given")),
                ("false when given", Text($"{report.FalseWhenGiven} of {report.Given} given specs confirmed where they are not encoded")),
                ("false discovery rate", Text($"{report.FalseDiscoveryRate:0.000}  {report.FalseDiscoveries} of {report.Discoveries} discoveries")),
                ("null sites", Rate(report.NullDiscoveryRate, report.NullSitesWithDiscovery, report.NullSites, "with any discovery")),
                ("replaced", Text($"{report.Replaced} sites explained by something else than what is planted")),
                ("coverage of the effect", Rate(report.Coverage, report.Covered, report.Intervals, "anytime-valid intervals")),
                ("coverage of κ", Rate(report.KappaCoverage, report.KappaCovered, report.KappaIntervals, "bootstrap intervals")),
            ]);
        if (report.Streams is not { } streams)
            return;
        invocation.Out.WriteLine();
        invocation.Out.WriteLine(Text($"The tests alone, on {streams.Sweeps} simulated sweeps of 160 null hypotheses and 40 that copy {streams.Copied:0.##} of the labels:"));
        Tables.WritePairs(
            invocation.Shell,
            [
                ("sequences that ever missed", Text($"{streams.MissRate:0.0000}  {streams.Missed} of {streams.Sequences}")),
                ("null ones established", Text($"{streams.NullEstablishedRate:0.0000}  {streams.NullEstablished} of {streams.NullHypotheses}")),
                ("power", Text($"{streams.Power:0.000}  after {streams.MeanPairs:0} pairs on average")),
                ("false discovery rate", Text($"{streams.FalseDiscoveryRate:0.0000}")),
            ]);
    }

    private static string Rate(double? rate, int count, int of, string what) =>
        rate is { } value ? Text($"{value:0.000}  {count} of {of} {what}") : "not measured: there were none";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
