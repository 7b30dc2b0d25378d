using InverseScope.Torch.Capture;

namespace InverseScope.Torch.Banks;

/// <summary>How much memory the collection of activations may take, beside the model itself.</summary>
public sealed record CollectionOptions
{
    /// <summary>Most tokens that a batch can be given.</summary>
    public const int LargestBatch = 1 << 20;

    private const long LeastBuffer = 1 << 20;
    private const long LargestBuffer = 8L << 30;

    /// <summary>
    /// Host memory, in bytes, that activations on their way to the disk take. Default 512 MiB, 1 MiB to 8 GiB. Changes no number;
    /// little memory makes for many small writes.
    /// </summary>
    public long BufferBytes { get; init; } = 512L << 20;

    /// <summary>
    /// Most tokens that run through the model at once, padding included; a longer text runs alone. Default 8,192, 1 to 1,048,576.
    /// Memory of the pass grows with it; numbers change by rounding.
    /// </summary>
    public int BatchTokens { get; init; } = ActivationCapture.TokensPerBatch;

    /// <summary>What is wrong, one sentence each; nothing if all is well.</summary>
    public IEnumerable<string> Check()
    {
        if (BufferBytes is < LeastBuffer or > LargestBuffer)
            yield return "The memory of a collection must be 1 to 8,192 MiB.";
        if (BatchTokens is < 1 or > LargestBatch)
            yield return "The tokens of a batch must be 1 to 1,048,576.";
    }
}
