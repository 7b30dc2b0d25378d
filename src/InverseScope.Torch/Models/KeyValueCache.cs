using static TorchSharp.torch;

namespace InverseScope.Torch.Models;

/// <summary>
/// Keys and values of the tokens that a batch has read so far, allocated once for the longest text. Rows whose text has
/// ended can leave. Lives on the tensor thread, outside of dispose scopes.
/// </summary>
internal sealed class KeyValueCache : IDisposable
{
    private readonly Tensor[] _keys;
    private readonly Tensor[] _values;
    private readonly bool _hasPrefix;

    /// <param name="rows">B.</param>
    /// <param name="tokens">Most tokens that will be read.</param>
    /// <param name="hasPrefix">Whether one place more comes before the first token (<see cref="ForwardPass.Prefix"/>).</param>
    public KeyValueCache(TransformerConfig config, long rows, long tokens, bool hasPrefix, Device device, ScalarType type)
    {
        _hasPrefix = hasPrefix;
        Tensor Empty() => empty(rows, config.KeyValueHeads, tokens + (hasPrefix ? 1 : 0), config.HeadWidth, dtype: type, device: device)
            .DetachFromDisposeScope();
        _keys = [.. Enumerable.Range(0, config.Layers).Select(_ => Empty())];
        _values = [.. Enumerable.Range(0, config.Layers).Select(_ => Empty())];
    }

    /// <summary>Tokens read so far.</summary>
    public int Tokens { get; private set; }

    /// <summary>Places to attend to so far: the tokens, and the prefix.</summary>
    public int Entries => Tokens == 0 ? 0 : Tokens + (_hasPrefix ? 1 : 0);

    /// <summary>Stores the keys and values of new places behind the others.</summary>
    /// <param name="key"><c>(B, key-value heads, T, K)</c>.</param>
    /// <param name="value">Likewise.</param>
    /// <returns>All so far, <c>(B, key-value heads, entries, K)</c>, views that hold until the next change.</returns>
    public (Tensor Key, Tensor Value) Append(int layer, Tensor key, Tensor value)
    {
        var (begin, length) = (Entries, key.shape[2]);
        _keys[layer].narrow(2, begin, length).copy_(key);
        _values[layer].narrow(2, begin, length).copy_(value);
        return (_keys[layer].narrow(2, 0, begin + length), _values[layer].narrow(2, 0, begin + length));
    }

    /// <summary>Counts tokens that every layer has stored.</summary>
    public void Advance(int tokens) => Tokens += tokens;

    /// <summary>Keeps some of the rows, in this order.</summary>
    /// <param name="rows">Indices, int64.</param>
    public void Keep(Tensor rows)
    {
        for (var layer = 0; layer < _keys.Length; layer++)
        {
            Replace(ref _keys[layer], rows);
            Replace(ref _values[layer], rows);
        }
    }

    public void Dispose()
    {
        foreach (var kept in _keys.Concat(_values))
            kept.Dispose();
    }

    private static void Replace(ref Tensor kept, Tensor rows)
    {
        var fewer = kept.index_select(0, rows).DetachFromDisposeScope();
        kept.Dispose();
        kept = fewer;
    }
}
