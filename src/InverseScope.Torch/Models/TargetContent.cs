using System.Security.Cryptography;
using System.Text;
using InverseScope.Torch.Safetensors;
using InverseScope.Torch.Tokenizers;

namespace InverseScope.Torch.Models;

/// <summary>The identity of a model folder: what it computes, not where it lies or what it is called.</summary>
public static class TargetContent
{
    /// <summary>Paths of the files that decide what the model computes, in a fixed order.</summary>
    /// <exception cref="Core.BadInputException">The folder has no weights, or a shard is missing.</exception>
    public static IReadOnlyList<string> Files(string folder) =>
        [Path.Combine(folder, ConfigFile.Name), .. Checkpoint.Files(folder), .. TokenizerFolder.Files(folder)];

    /// <summary>SHA-256 over the names and contents of config, weight and tokenizer files, lower-case hex.</summary>
    /// <exception cref="Core.BadInputException">The folder has no weights, or a shard is missing.</exception>
    public static string Hash(string folder)
    {
        using var total = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in Files(folder))
        {
            using var file = OpenExisting(path);
            total.AppendData(Encoding.UTF8.GetBytes($"{Path.GetFileName(path)}\n"));
            total.AppendData(SHA256.HashData(file));
        }

        return Convert.ToHexStringLower(total.GetHashAndReset());
    }

    /// <summary>
    /// Whether config, tokenizer and weight files are there and well formed, shards as the index says, and weights of the
    /// size that the config asks for. No weight is read.
    /// </summary>
    /// <exception cref="Core.BadInputException">They are not; names the file and its fault.</exception>
    public static void Check(string folder)
    {
        var config = ConfigFile.Read(folder);
        _ = TokenizerFolder.Load(folder);
        using var checkpoint = Checkpoint.Open(folder);
        WeightLoader.CheckSize(config, checkpoint);
    }

    private static FileStream OpenExisting(string path)
    {
        try
        {
            return File.OpenRead(path);
        }
        catch (FileNotFoundException e)
        {
            throw new Core.BadInputException($"There is no file {path}.", "Fetch it from where the model came from.", e);
        }
    }
}
