using System.CommandLine;
using System.Globalization;
using InverseScope.Cli.Output;
using InverseScope.Torch.Models;
using InverseScope.Torch.Runtime;

namespace InverseScope.Cli.Commands;

/// <summary><c>model show M</c>: what is known of a model from its files.</summary>
internal static class ModelShowCommand
{
    public static Command Create(Shell shell)
    {
        var model = new Argument<string>("model") { Description = "A model's name, or a folder.", HelpName = "MODEL" };
        var command = new Command("show", "Show a model: its shape, its sites and where it lies.") { model };
        Invocation.SetAction(command, shell, invocation => Run(invocation, invocation.Parse.GetRequiredValue(model)));
        return command;
    }

    private static int Run(Invocation invocation, string nameOrFolder)
    {
        var entry = invocation.Models.Find(nameOrFolder);
        using var thread = new TorchThread();
        using var target = TargetModel.Open(entry.Folder, thread, entry.Name, describesOnly: true);
        target.CheckFiles();
        var known = target.Description;
        var bytes = TargetContent.Files(entry.Folder).Sum(f => new FileInfo(f).Length);
        if (invocation.Json)
        {
            Json.WriteDocument(invocation.Out, new
            {
                known.Name,
                entry.Folder,
                entry.Shipped,
                known.Family,
                known.ContentHash,
                known.Layers,
                known.Heads,
                known.HeadWidth,
                known.Width,
                known.Vocabulary,
                known.Context,
                Bytes = bytes,
                WeightBytes = target.WeightBytes,
            });
            return ExitCode.Done;
        }

        Tables.WritePairs(invocation.Shell,
        [
            ("model", known.Name),
            ("folder", entry.Folder),
            ("family", known.Family),
            ("shape", Invariant($"{known.Layers} layers of {known.Heads} heads of width {known.HeadWidth}, stream of width {known.Width}")),
            ("reads", Invariant($"up to {known.Context:N0} tokens of a vocabulary of {known.Vocabulary:N0}")),
            ("sites", Invariant($"{(long)known.Layers * known.Heads:N0} heads (L*H*), {known.Layers} each of L*.attn, L*.mlp, L*.resid, and embed")),
            ("size", Invariant($"{bytes / 1e6:N1} MB on disk; in memory {target.WeightBytes[NumberType.Float32] / 1e6:N1} MB in float32, {target.WeightBytes[NumberType.BFloat16] / 1e6:N1} MB in bfloat16 or float16")),
            ("content", known.ContentHash),
        ]);
        return ExitCode.Done;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
