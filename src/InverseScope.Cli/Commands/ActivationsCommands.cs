using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Torch.Banks;

namespace InverseScope.Cli.Commands;

/// <summary><c>activations collect</c>: builds the activation bank of a model, task and sites ahead of time.</summary>
internal static class ActivationsCommands
{
    private const int MiB = 1 << 20;
    private static readonly CollectionOptions Defaults = new();

    private static readonly Option<long?> Memory = OptionOf.Integer(
        "--memory", $"Host memory, in MiB, of activations on their way to the disk, beside the model and one batch. Default {Defaults.BufferBytes / MiB}. Changes no number; little makes for many small writes.", 1, 8192);

    private static readonly Option<long?> BatchTokens = OptionOf.Integer(
        "--batch-tokens", $"Most tokens in one pass through the model, padding included. Default {Defaults.BatchTokens}. Fewer take less memory; numbers change by rounding.", 1, CollectionOptions.LargestBatch);

    public static Command Create(Shell shell)
    {
        var collect = new Command("collect", "Run the prior through the model once, and keep the activations.");
        MeasurementArguments.AddTarget(collect);
        collect.Add(MeasurementArguments.Sites);
        MeasurementArguments.AddBank(collect);
        collect.Add(Memory);
        collect.Add(BatchTokens);
        Invocation.SetAction(collect, shell, Collect);
        return new Command("activations", "Activation banks: made once, reused by everything that measures.") { collect };
    }

    private static int Collect(Invocation invocation)
    {
        var parse = invocation.Parse;
        var options = MeasurementArguments.Read(parse, new MeasurementOptions());
        if (options.SamplesFromGenerator)
            throw new BadInputException("Activations are collected of the whole prior or of a bank.", "Give --sampler enumerate or --sampler bank; a mixture uses the bank.");
        var model = invocation.Models.Find(MeasurementArguments.ReadModel(parse));
        var task = invocation.Tasks.Find(MeasurementArguments.ReadTask(parse));
        using var thread = Compute.Start(parse);
        invocation.Home.Make();
        var collection = new CollectionOptions
        {
            BufferBytes = parse.GetValue(Memory) * MiB ?? Defaults.BufferBytes,
            BatchTokens = (int)(parse.GetValue(BatchTokens) ?? Defaults.BatchTokens),
        };
        using var backend = Backends.Open(invocation, thread, model, task, options, invocation.Seed, collection: collection);
        var sites = MeasurementArguments.ReadSites(parse, backend.Target.Layers, backend.Target.Heads, task);
        var began = invocation.Shell.Clock.GetTimestamp();
        using (var progress = invocation.StartProgress())
            backend.Prepare(sites, progress, invocation.Cancel);
        var elapsed = invocation.Shell.Clock.GetElapsedTime(began);
        if (invocation.Json)
        {
            Json.WriteDocument(invocation.Out, new
            {
                Model = backend.Target.Name,
                ModelHash = backend.Target.ContentHash,
                Task = task.Name,
                options.Sampler,
                options.Basis,
                Texts = backend.PriorTexts,
                Sites = sites.Select(s => s.ToString()),
                Folder = invocation.Home.Banks,
                Seconds = elapsed.TotalSeconds,
            });
            return ExitCode.Done;
        }

        invocation.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{sites.Count:N0} sites of {backend.Target.Name} on {backend.PriorTexts:N0} texts of {task.Name} are in {invocation.Home.Banks} ({Duration.Describe(elapsed)})."));
        return ExitCode.Done;
    }
}
