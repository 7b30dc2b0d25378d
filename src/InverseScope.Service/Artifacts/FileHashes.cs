using System.Security.Cryptography;
using InverseScope.Core;
using InverseScope.Service.Desk;

namespace InverseScope.Service.Artifacts;

/// <summary>SHA-256 of files, each computed once for as long as its size and its time stay the same. Thread-safe.</summary>
internal sealed class FileHashes
{
    // Some hundred models and tasks.
    private const int Most = 10_000;

    private readonly ParsedFiles<byte[]> _hashes = new(Most, HashOf);

    /// <returns>32 bytes.</returns>
    /// <exception cref="BadInputException">There is no such file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public byte[] Of(string path) => _hashes.Find(path)?.Content ?? throw new BadInputException($"There is no file {path}.");

    private static byte[] HashOf(string path)
    {
        using var file = File.OpenRead(path);
        return SHA256.HashData(file);
    }
}
