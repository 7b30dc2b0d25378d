using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Banks;

namespace InverseScope.Cli.Commands;

/// <summary><c>activations collect</c>: builds the activation bank of a model, task and sites ahead of time.</summary>
internal static class ActivationsCommands
{
    private const int MiB = 1 << 20;
    private const int ShownCharacters = 60;

    // Beyond, to read all takes longer than who waits for a reason would.
    private const int MostTexts = 200_000;
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
        {
            try
            {
                backend.Prepare(sites, progress, invocation.Cancel);
            }
            catch (BadInputException) when (TooLong(task, SpecFiles.Tokenizer(invocation, MeasurementArguments.ReadModel(parse)), backend.Target.Context) is { } reason)
            {
                throw reason;
            }
        }

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

    // A collection breaks off at its first text beyond the context; whose texts they are wants to know of all. Null: there is none.
    private static BadInputException? TooLong(ITask task, Func<string, IReadOnlyList<string>?>? tokenizer, int context)
    {
        if (tokenizer is null || task.Count is not (> 0 and <= MostTexts))
            return null;
        var count = 0;
        string? first = null;
        for (var i = 0L; i < task.Count; i++)
        {
            var text = task.TextAt(i);
            if (tokenizer(text)?.Count is not { } tokens || tokens <= context)
                continue;
            count++;
            first ??= string.Create(CultureInfo.InvariantCulture, $"Text {i + 1:N0} of task '{task.Name}' has {tokens:N0} tokens, but the model reads at most {context:N0}: \"{text[..Math.Min(text.Length, ShownCharacters)]}…\".");
        }

        return first is null ? null : new BadInputException(
            count == 1 ? first : string.Create(CultureInfo.InvariantCulture, $"{first} So it is with {count:N0} texts."),
            "Shorten such texts or leave them out, or take a model that reads more.");
    }
}
