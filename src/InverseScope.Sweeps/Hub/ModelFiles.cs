using InverseScope.Core;
using InverseScope.Torch.Models;
using InverseScope.Torch.Safetensors;

namespace InverseScope.Sweeps.Hub;

/// <summary>Which files of a repository a model needs. All others stay where they are, pickles before all.</summary>
internal static class ModelFiles
{
    // More than any has; what is told beyond is a mistake or worse.
    private const long LargestDescribing = 256L << 20;
    private const long LargestWeights = 1L << 44;

    private const string Weights = Checkpoint.SingleName;
    private const string Index = Checkpoint.IndexName;
    private const string WeightsEnding = ".safetensors";

    private static readonly string[] Optional =
    [
        "generation_config.json", "tokenizer_config.json", "tokenizer.json", "tokenizer.model", "special_tokens_map.json",
        "added_tokens.json", "chat_template.jinja", "chat_template.json", "vocab.json", "merges.txt", "encoder.json", "vocab.bpe",
    ];

    private static readonly string[] Pickles = [".bin", ".pt", ".pth", ".ckpt", ".pkl"];

    /// <summary>What is fetched first, because it says whether the model can be run and what its weights are called.</summary>
    /// <exception cref="BadInputException">The repository holds no model that could be read.</exception>
    public static IReadOnlyList<string> Describing(HubRepository repository, IReadOnlySet<string> listed)
    {
        if (!listed.Contains(ConfigFile.Name))
            throw new BadInputException($"{repository} is no model in Hugging Face layout: it has no {ConfigFile.Name}.");
        if (!listed.Contains(Index) && !listed.Contains(Weights))
        {
            var pickle = listed.Order(StringComparer.Ordinal).FirstOrDefault(f => Pickles.Any(p => f.EndsWith(p, StringComparison.Ordinal)));
            throw pickle is not null
                ? new BadInputException(
                    $"{repository} has no safetensors, only pickled weights ({HubText.Shown(pickle)}), which are not fetched: reading a pickle can run any program.",
                    "Give a revision that has safetensors with --revision (the hub offers conversions as refs/pr/N), or convert them and use 'model import'.")
                : new BadInputException($"{repository} holds no weights: neither {Weights} nor {Index} is there.");
        }

        return [.. Optional.Append(Index).Where(listed.Contains).Prepend(ConfigFile.Name)];
    }

    /// <summary>The weight files, the index left out.</summary>
    /// <param name="folder">Holds what <see cref="Describing"/> named.</param>
    /// <exception cref="BadInputException">The index is malformed, or names a file that the repository lacks.</exception>
    public static IReadOnlyList<string> Weighing(HubRepository repository, IReadOnlySet<string> listed, string folder)
    {
        if (!listed.Contains(Index))
            return [Weights];
        var shards = Checkpoint.Files(folder).Skip(1).Select(path => Path.GetFileName(path)).ToArray();
        if (shards.FirstOrDefault(s => !IsWeights(s)) is { } other)
            throw new BadInputException($"{repository}: {Index} names '{HubText.Shown(other)}', which is no safetensors file.");
        var absent = shards.Where(s => !listed.Contains(s)).ToArray();
        return absent.Length == 0
            ? shards
            : throw new BadInputException(
                $"{repository}: {Index} names {shards.Length} shards, but the repository lacks {string.Join(", ", absent.Select(HubText.Shown))}.",
                "Another revision may have all of them: give it with --revision.");
    }

    public static bool IsWeights(string name) => name.EndsWith(WeightsEnding, StringComparison.Ordinal);

    /// <exception cref="OutsideServiceException">The file is told to be larger than any is.</exception>
    public static void CheckSize(HubRepository repository, HubFile file)
    {
        if (file.Size > (IsWeights(file.Name) ? LargestWeights : LargestDescribing))
            throw new OutsideServiceException($"{repository}/{file.Name} is told to have {HubText.Size(file.Size)}, which no such file has. It is not fetched.");
    }
}
