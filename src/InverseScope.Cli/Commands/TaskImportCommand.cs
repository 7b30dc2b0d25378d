using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Options;
using InverseScope.Cli.Output;
using InverseScope.Core;
using InverseScope.Core.Machine;
using InverseScope.Core.Tasks;

namespace InverseScope.Cli.Commands;

/// <summary><c>task import</c>: a user's texts or templates, or published data sets, become a task of this home.</summary>
internal static class TaskImportCommand
{
    private const string DefaultInstructionsName = "refusal";
    private const string DefaultPairsName = "translation";
    private const int DefaultMostTokens = 60;

    private static readonly Option<string?> Name = OptionOf.Text(
        "--name", "The task's name. Default: the file's; refusal for instructions, translation for pairs.", "NAME");

    private static readonly Option<bool> Force = new("--force") { Description = "Replace a task of that name." };

    private static readonly Option<string[]> Pairs = OptionOf.Texts(
        "--pairs", "Published pairs of words, JSON files called after their direction: en_fr.json fr_en.json …", "FILE");

    private static readonly (InstructionSource Source, Option<string[]> Option)[] Instructions =
    [
        (InstructionSource.AdvBench, OptionOf.Texts("--advbench", "Harmful instructions as AdvBench publishes them (.csv, or collected as .jsonl).", "FILE")),
        (InstructionSource.HarmBench, OptionOf.Texts("--harmbench", "As HarmBench publishes them (.csv, .jsonl).", "FILE")),
        (InstructionSource.JailbreakBench, OptionOf.Texts("--jailbreakbench", "As JailbreakBench publishes its harmful ones (.csv, .json, .jsonl).", "FILE")),
        (InstructionSource.JailbreakBenchBenign, OptionOf.Texts("--jailbreakbench-benign", "Its benign ones.", "FILE")),
        (InstructionSource.Alpaca, OptionOf.Texts("--alpaca", "Harmless instructions as Alpaca publishes them (.json, .jsonl).", "FILE")),
    ];

    private static readonly Option<string?> Template = OptionOf.Text(
        "--template", $"Chat template in which models read instructions: {string.Join(", ", InstructionFormat.Templates)}. Default none.", "TEMPLATE");

    private static readonly Option<string?> Model = OptionOf.Text(
        "--model", "Count the tokens of instructions as this model does, a name or a folder, and leave longer ones out.", "MODEL");

    private static readonly Option<long?> MostTokens = OptionOf.Integer(
        "--max-tokens", $"Most tokens of an instruction, with --model. Default {DefaultMostTokens}.", 1, int.MaxValue);

    public static Command Create(Shell shell)
    {
        var file = new Argument<string?>("file")
        {
            Description = "A file: .txt with one text in each line, .jsonl with a field \"text\", or templates or pairs of words as .yaml.",
            HelpName = "FILE",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("import", "Check a file of texts or templates, or published data sets, and keep it as a task.")
        {
            file, Name, Force, Pairs, Template, Model, MostTokens,
        };
        foreach (var (_, option) in Instructions)
            command.Add(option);
        Invocation.SetAction(command, shell, invocation => Run(invocation, invocation.Parse.GetValue(file)));
        return command;
    }

    private static int Run(Invocation invocation, string? file)
    {
        var parse = invocation.Parse;
        var pairs = parse.GetValue(Pairs) ?? [];
        (InstructionSource Source, string File)[] sets =
            [.. Instructions.SelectMany(i => (parse.GetValue(i.Option) ?? []).Select(f => (i.Source, f)))];
        if ((file is null ? 0 : 1) + (pairs.Length > 0 ? 1 : 0) + (sets.Length > 0 ? 1 : 0) != 1)
        {
            throw new BadInputException(
                "One task is imported at a time.",
                $"Give a file; or --pairs; or one or more of {string.Join(", ", Instructions.Select(i => i.Option.Name))}.");
        }

        if (sets.Length == 0 && (parse.GetValue(Template) ?? parse.GetValue(Model)) is not null)
            throw new BadInputException("--template and --model are for instructions of published sets.");
        if (parse.GetValue(MostTokens) is not null && parse.GetValue(Model) is null)
            throw new BadInputException("--max-tokens needs to know whose tokens to count.", "Give --model too.");
        foreach (var missing in pairs.Concat(sets.Select(s => s.File)).Append(file).OfType<string>().Where(f => !File.Exists(f)))
            throw new BadInputException($"There is no file '{missing}'.");
        var name = parse.GetValue(Name) ?? (file is not null ? Path.GetFileNameWithoutExtension(file)
            : sets.Length > 0 ? DefaultInstructionsName
            : DefaultPairsName);
        NameRule.Check(name, "task");
        if (sets.Length > 0)
            return ImportInstructions(invocation, name, sets);
        var task = file is null ? TranslationTaskFile.OfPairs(name, pairs) : invocation.Tasks.Find(Path.GetFullPath(file));
        // It may rest on files that stay where they are: what is kept needs none.
        return task is TranslationTask translation
            ? Keep(invocation, name, ".json", target => File.WriteAllText(target, TranslationTaskFile.Print(translation)), translation, [])
            : Keep(invocation, name, Path.GetExtension(file!), target => File.Copy(file!, target, overwrite: true), task, []);
    }

    private static int ImportInstructions(Invocation invocation, string name, IReadOnlyList<(InstructionSource Source, string File)> sets)
    {
        var parse = invocation.Parse;
        var template = parse.GetValue(Template) ?? InstructionFormat.Templates[0];
        var format = InstructionFormat.Of(template) ?? throw new BadInputException(
            $"There is no template '{template}'.{NearestName.Hint(template, InstructionFormat.Templates)}",
            $"Known: {string.Join(", ", InstructionFormat.Templates)}.");
        var read = sets.Select(s => InstructionFile.Read(s.Source, s.File)).ToArray();
        Func<string, int?>? tokens = null;
        if (parse.GetValue(Model) is { } model)
        {
            var tokenizer = SpecFiles.Tokenizer(invocation, model)
                ?? throw new BadInputException($"Model '{model}' has no tokenizer, so that no tokens can be counted.");
            tokens = text => tokenizer(text)?.Count;
        }

        var found = InstructionCollection.Of(
            read.SelectMany(r => r.Instructions), tokens, (int)(parse.GetValue(MostTokens) ?? DefaultMostTokens));
        if (found.Instructions.Count == 0)
        {
            throw new BadInputException("No instruction is left.", tokens is null
                ? "All are longer than a line of a task's file may be."
                : "Give a larger --max-tokens, or a model whose vocabulary holds the texts.");
        }

        var task = new TextFileTask(
            name, $"{name}.jsonl", found.Instructions.Select(i => new WeightedText(i.Text, 1)), format);
        (string, int)[] counts =
        [
            ("harmful", found.Instructions.Count(i => i.IsHarmful)), ("harmless", found.Instructions.Count(i => !i.IsHarmful)),
            ("repeated", found.Repeated), ("too_long", found.TooLong), ("unreadable", found.Unreadable),
            ("without_context", read.Sum(r => r.WithoutContext)),
        ];
        return Keep(invocation, name, ".jsonl", target => File.WriteAllText(target, found.Print(format)), task, counts);
    }

    /// <param name="write">Writes the task's file to a path.</param>
    /// <param name="counts">What became of the instructions that were read.</param>
    private static int Keep(
        Invocation invocation, string name, string extension, Action<string> write, ITask task, (string Name, int Count)[] counts)
    {
        var replaced = invocation.Tasks.Names.Contains(name);
        var earlier = replaced ? ImportedFile(invocation, name) : null;
        if (replaced && (earlier is null || !invocation.Parse.GetValue(Force)))
        {
            throw new BadInputException(
                $"There is a task '{name}' already.",
                earlier is null ? "It is built in: choose another with --name." : "Replace it with --force, or choose another with --name.");
        }

        invocation.Home.Make();
        Directory.CreateDirectory(invocation.Home.Tasks);
        var target = Path.Combine(invocation.Home.Tasks, name + extension);
        WholeFile.Write(target, write);
        if (earlier is not null && earlier != target)
            File.Delete(earlier);
        var kept = invocation.Tasks.Find(name);
        if (invocation.Json)
        {
            Json.WriteDocument(invocation.Out, new
            {
                Name = name,
                File = target,
                Texts = kept.Count,
                kept.Fingerprint,
                Counts = counts.Length == 0 ? null : counts.ToDictionary(c => c.Name, c => c.Count),
            });
            return ExitCode.Done;
        }

        invocation.Out.WriteLine($"Task '{name}': {task.Description} Kept as {target}.");
        if (counts.Length > 0)
            invocation.Out.WriteLine($"{string.Join(", ", counts.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Name.Replace('_', ' ')} {c.Count:N0}")))}.");
        return ExitCode.Done;
    }

    private static string? ImportedFile(Invocation invocation, string name) =>
        Directory.Exists(invocation.Home.Tasks)
            ? Directory.EnumerateFiles(invocation.Home.Tasks).FirstOrDefault(f => Path.GetFileNameWithoutExtension(f) == name)
            : null;
}
