using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core;
using InverseScope.Core.Information;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Torch;

namespace InverseScope.Cli.Commands;

/// <summary><c>sample</c>: inputs whose activation at a site is like that of a given text.</summary>
internal static class SampleCommand
{
    private const long DefaultCount = 10;
    private const int BarWidth = 16;
    private const double BitsOfFullBar = 8;

    public static Command Create(Shell shell)
    {
        var site = OptionOf.Text("--site", "The activation, e.g. L0H1@last.", "SITE");
        var text = OptionOf.Text("--text", "The reference text. Default: one drawn from the task.", "TEXT");
        var count = OptionOf.Integer("--count", "How many samples to show. Default 10.", 1, 10_000);
        count.Aliases.Add("-n");
        var command = new Command("sample", "Show inputs whose activation at a site is like that of a given text.") { site, text, count };
        MeasurementArguments.AddTarget(command);
        MeasurementArguments.AddSampling(command);
        Invocation.SetAction(command, shell, invocation => Run(
            invocation,
            invocation.Parse.GetValue(site),
            invocation.Parse.GetValue(text),
            (int)(invocation.Parse.GetValue(count) ?? DefaultCount)));
        return command;
    }

    private static int Run(Invocation invocation, string? siteText, string? givenText, int count)
    {
        var parse = invocation.Parse;
        var options = MeasurementArguments.Read(parse, new MeasurementOptions { Samples = 0 });
        var model = invocation.Models.Find(MeasurementArguments.ReadModel(parse));
        var task = invocation.Tasks.Find(MeasurementArguments.ReadTask(parse));
        var text = givenText ?? task.Draw(invocation.Seed.Stream("task-sample"));
        if (task.WhyInvalid(text) is { } reason)
            invocation.Say($"{CommandLine.Name}: note: '{text}' is no text of {task.Name}: {reason.TrimEnd('.')}.");
        using var thread = Compute.Start(parse);
        invocation.Home.Make();
        using var backend = Backends.Open(invocation, thread, model, task, options, invocation.Seed);
        var site = MeasurementArguments.ReadSite(parse, siteText, backend.Target.Layers, backend.Target.Heads, task);
        SampleSet set;
        using (var progress = invocation.StartProgress())
        {
            backend.Prepare([site], progress, invocation.Cancel);
            set = backend.Sample(site, [text], "sample", invocation.Cancel).Sets.SingleOrDefault()
                ?? throw new BadInputException($"'{text}' has no position {site.Position}.", "Give another text with --text, or another position.");
        }

        var heat = set.Texts.Length == 0 ? [] : SampleGlimpse.Heat(thread, model, task, site, text, set, backend.Texts, invocation.Seed, invocation.Cancel);
        var shown = SampleGlimpse.Spread(set, count).Select(i => new Shown(backend.Texts[set.Texts[i]], set.Weights[i], set.Distances[i])).ToArray();
        if (invocation.Json)
        {
            Json.WriteDocument(invocation.Out, new
            {
                Model = backend.Target.Name,
                ModelHash = backend.Target.ContentHash,
                Task = task.Name,
                Site = site.ToString(),
                Reference = text,
                Measurement = options,
                backend.Generator,
                Bank = HasBank(options) ? new { Drawn = options.BankSize, Distinct = backend.PriorTexts, Repeated = options.BankSize - backend.PriorTexts } : null,
                set.Draws,
                set.Neighbours,
                set.Ess,
                set.Bits,
                Measured = set.Ess >= options.MinimumEss,
                Tokens = heat,
                set.PriorGap,
                TokenBits = set.Tokens?.Select(t => new { t.Token, t.Bits }),
                Samples = shown,
            });
        }
        else
        {
            Write(invocation, backend, site, text, set, heat, shown);
        }

        return ExitCode.Done;
    }

    private static void Write(
        Invocation invocation, TorchBackend backend, Site site, string text, SampleSet set, IReadOnlyList<TokenHeat> heat,
        IReadOnlyList<Shown> shown)
    {
        Tables.WritePairs(invocation.Shell,
        [
            ("reference", text),
            ("site", $"{site} of {backend.Target.Name}"),
            ("neighbours", Invariant($"{set.Neighbours:N0} of {From(backend, set)}, effective sample size {set.Ess:N1}")),
        ]);
        if (set.Tokens is { } tokens)
        {
            invocation.Out.WriteLine($"What the activation says of its own tokens, by the generator {backend.Generator!.Name}:");
            TokenBitsView.Write(invocation.Shell, tokens);
        }
        else if (backend.Generator is { } generator)
        {
            invocation.Out.WriteLine($"The generator {generator.Name} says nothing of its tokens: it was not trained on {site}, or cannot write the text.");
        }

        if (set.Texts.Length == 0)
        {
            invocation.Out.WriteLine(WhyNothing(backend.Options, set.Draws));
            return;
        }

        if (set.Ess < backend.Options.MinimumEss)
            invocation.Out.WriteLine(Invariant($"Too few neighbours for a measurement (at least {backend.Options.MinimumEss}): take it as a glimpse."));
        invocation.Out.WriteLine();
        Tables.Write(
            invocation.Shell,
            ["token", "#bits here", "#anywhere", "what the samples keep of it"],
            heat.Select(h => new[] { Quoted(h.Token), Signed(h.SamePlace), Signed(h.Anywhere), Bar(Math.Max(h.SamePlace, h.Anywhere)) }));
        invocation.Out.WriteLine();
        Tables.Write(
            invocation.Shell,
            ["#weight", "#distance", "sample"],
            shown.Select(s => new[] { Invariant($"{s.Weight:0.0000}"), Invariant($"{s.Distance:0.0000}"), s.Text }));
    }

    private static string From(TorchBackend backend, SampleSet set)
    {
        var (drawn, distinct) = (backend.Options.BankSize, backend.PriorTexts);
        var texts = HasBank(backend.Options)
            ? Invariant($"{drawn:N0} draws of the prior ({distinct:N0} distinct, {drawn - distinct:N0} repeated)")
            : Invariant($"{distinct:N0} texts");
        if (set.Draws is not { } draws)
            return texts;
        var generated = Invariant($"{draws.Total:N0} that {backend.Generator!.Name} wrote ({draws.Distinct:N0} distinct, {draws.Repeated:N0} repeated, {draws.Unfinished:N0} unfinished; {draws.Invalid:N0} no texts of the task, {Math.Max(0, draws.Refused - draws.Unfinished - draws.Invalid):N0} not near)");
        return backend.Options.Sampler == SamplerKind.Mixture ? $"{texts} and {generated}" : generated;
    }

    private static bool HasBank(MeasurementOptions options) => options.Sampler is SamplerKind.Bank or SamplerKind.Mixture;

    private static string WhyNothing(MeasurementOptions options, DrawCounts? draws) =>
        draws is not null && 2 * (draws.Unfinished + draws.Invalid) > draws.Total
            ? $"Nothing lies near: the generator mostly writes no texts of the task. {(options.Temperature > 1 ? "Lower the --temperature." : "Train it longer.")}"
            : $"Nothing lies near: try a larger --epsilon, or more {string.Join(" or ", new[] { options.Sampler != SamplerKind.Generator ? "--bank-size" : null, draws is not null ? "--draws" : null }.OfType<string>())}.";

    private static string Quoted(string token) => token.Length == 0 ? "(begin)" : $"'{token}'";

    private static string Signed(double bits) => bits.ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture);

    private static string Bar(double bits) => new('█', (int)Math.Round(Math.Clamp(bits / BitsOfFullBar, 0, 1) * BarWidth));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed record Shown(string Text, double Weight, double Distance);
}
