using System.Security.Cryptography;
using System.Text;
using InverseScope.Core;
using InverseScope.Torch.Runtime;
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
    public static string Hash(string folder) => Hash(folder, HashOf);

    /// <summary>As <see cref="Hash(string)"/>, for whoever knows what the files hold.</summary>
    /// <param name="hashOf">SHA-256 of a file's content by its path, 32 bytes.</param>
    /// <exception cref="Core.BadInputException">The folder has no weights, or a shard is missing.</exception>
    public static string Hash(string folder, Func<string, byte[]> hashOf)
    {
        using var total = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in Files(folder))
        {
            total.AppendData(Encoding.UTF8.GetBytes($"{Path.GetFileName(path)}\n"));
            total.AppendData(hashOf(path));
        }

        return Convert.ToHexStringLower(total.GetHashAndReset());
    }

    /// <summary>The hash of a model that computes in a number type: in another type it computes other numbers.</summary>
    /// <param name="hash">Of its files, as <see cref="Hash(string)"/> tells it.</param>
    public static string In(NumberType weights, string hash) => weights == NumberType.Float32 ? hash : ContentHash.Of(hash, weights.Text());

    /// <summary>Whether a model of these files, in some number type, has this content hash.</summary>
    /// <param name="hash">Of the files.</param>
    /// <param name="content">As a <see cref="Core.Sampling.TargetDescription"/> has it.</param>
    public static bool CanBe(string hash, string content) => Enum.GetValues<NumberType>().Any(type => In(type, hash) == content);

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

    internal static byte[] HashOf(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return SHA256.HashData(file);
        }
        catch (FileNotFoundException e)
        {
            throw new BadInputException($"There is no file {path}.", "Fetch it from where the model came from.", e);
        }
    }
}
