using System.IO.Compression;
using InverseScope.Core;

namespace InverseScope.Sweeps.Hub;

/// <summary>An answer whose body is still to be read.</summary>
internal sealed class HubResponse : IDisposable
{
    private readonly HttpResponseMessage _message;
    private readonly HubSilence _silence;
    private Stream? _body;

    /// <param name="address">Who answered, after all redirects.</param>
    public HubResponse(HttpResponseMessage message, Uri address, HubSilence silence) =>
        (_message, Address, _silence) = (message, address, silence);

    public Uri Address { get; }

    public HttpResponseMessage Message => _message;

    /// <summary>Whether the body is packed, so that positions in it are none of the file.</summary>
    public bool IsEncoded => _message.Content.Headers.ContentEncoding.Any(e => e != "identity");

    /// <summary>The first value of a header, or null.</summary>
    public string? Header(string name) => _message.Headers.TryGetValues(name, out var values) ? values.First() : null;

    /// <summary>Reads the next bytes of the body, unpacked.</summary>
    /// <returns>Their number; 0 at its end.</returns>
    /// <exception cref="HubTransientException">The connection broke, or the hub fell silent.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> into)
    {
        _body ??= Unpacked(await _silence.GuardAsync(Address, cancel => new ValueTask<Stream>(_message.Content.ReadAsStreamAsync(cancel))));
        return await _silence.GuardAsync(Address, cancel => _body.ReadAsync(into, cancel));
    }

    /// <summary>The whole body.</summary>
    /// <exception cref="OutsideServiceException">It is longer than <paramref name="limit"/> bytes.</exception>
    public async Task<byte[]> ReadAllAsync(int limit)
    {
        using var all = new MemoryStream();
        var buffer = new byte[1 << 16];
        while (await ReadAsync(buffer) is > 0 and var read)
        {
            if (all.Length + read > limit)
                throw new OutsideServiceException($"{HubText.Shown(Address)} sends more than {HubText.Size(limit)}, and was left.");
            all.Write(buffer.AsSpan(0, read));
        }

        return all.ToArray();
    }

    public void Dispose()
    {
        _body?.Dispose();
        _message.Dispose();
        _silence.Dispose();
    }

    // None is asked for, but proxies pack nonetheless.
    private Stream Unpacked(Stream body) => _message.Content.Headers.ContentEncoding.Where(e => e != "identity").ToArray() switch
    {
        [] => body,
        ["gzip"] => new GZipStream(body, CompressionMode.Decompress),
        var others => throw new OutsideServiceException(
            $"{HubText.Shown(Address)} packs what it sends as '{HubText.Shown(string.Join(", ", others))}', though nothing was to be packed."),
    };
}
