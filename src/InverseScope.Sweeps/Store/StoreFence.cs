namespace InverseScope.Sweeps.Store;

/// <summary>
/// Says who may write of something that one alone does at a time: whoever took it over last. What an earlier one writes with its fence
/// is refused, however late it comes.
/// </summary>
/// <param name="Scope">What is done, e.g. a sweep and a site of it.</param>
/// <param name="Token">From 1, and higher with every take-over.</param>
public readonly record struct StoreFence(string Scope, long Token);

/// <summary>Another has taken over what was being done. Nothing was written.</summary>
public sealed class FencedException(StoreFence fence, long now)
    : Exception($"'{fence.Scope}' was taken over by another (its token is {now}, here {fence.Token}): nothing was written here, and what is done of it here is in vain.")
{
    /// <summary>With which the write was tried.</summary>
    public StoreFence Fence { get; } = fence;
}

/// <summary>The token of one scope.</summary>
internal sealed class StoredToken
{
    /// <summary>Hash of the scope.</summary>
    public string Id { get; set; } = "";

    public string Scope { get; set; } = "";

    public long Token { get; set; }
}
