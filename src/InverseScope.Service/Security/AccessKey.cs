using System.Security.Cryptography;
using System.Text;
using System.Threading.RateLimiting;

namespace InverseScope.Service.Security;

/// <summary>The key of the service. Guesses are counted by the address that they come from.</summary>
/// <param name="wrongKeys">Guesses at once; after that one more every few seconds.</param>
internal sealed class AccessKey(string key, int wrongKeys) : IDisposable
{
    private static readonly TimeSpan NextGuess = TimeSpan.FromSeconds(3);

    private readonly byte[] _hash = SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private readonly PartitionedRateLimiter<string> _guesses = PartitionedRateLimiter.Create<string, string>(address =>
        RateLimitPartition.GetTokenBucketLimiter(address, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = wrongKeys,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = NextGuess,
            QueueLimit = 0,
        }));

    /// <summary>Changes with the key and does not tell it: sessions that began under another end.</summary>
    public string Fingerprint { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"session {key}")))[..16];

    /// <summary>Whether a key is the right one; the time that it takes tells nothing of how much of it is.</summary>
    /// <param name="address">Where it comes from.</param>
    public KeyAnswer Try(string given, string address)
    {
        // The right one always opens: an address may stand for many people, and one who guesses must not lock out the others.
        if (CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given)), _hash))
            return KeyAnswer.Right;
        using var guess = _guesses.AttemptAcquire(address);
        return guess.IsAcquired ? KeyAnswer.Wrong : KeyAnswer.TooManyGuesses;
    }

    public void Dispose() => _guesses.Dispose();
}

/// <summary>What came of a key.</summary>
internal enum KeyAnswer
{
    Right,

    Wrong,

    /// <summary>It is wrong, and so were many before it.</summary>
    TooManyGuesses,
}
