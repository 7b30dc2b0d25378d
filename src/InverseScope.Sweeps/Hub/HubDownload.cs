using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using InverseScope.Core;

namespace InverseScope.Sweeps.Hub;

/// <summary>
/// Brings one file into a folder. Its bytes gather in a file beside it whose name holds the hash, so that what an earlier
/// run left is gone on with where the content is still the same, and in no other case; it gets its own name once size and
/// hash are right.
/// </summary>
/// <param name="folder">With the folders within it that names of files have.</param>
/// <param name="partials">As <paramref name="folder"/>.</param>
internal sealed class HubDownload(HubSource source, string folder, string partials)
{
    /// <summary>How the names of partial files end.</summary>
    public const string PartialEnding = ".part";

    private const string TagEnding = ".etag";
    private const int BufferSize = 1 << 17;

    /// <summary>Names of the files that gather a file's content.</summary>
    public static IReadOnlyList<string> PartialNames(HubFile file) => [Partial(file), Partial(file) + TagEnding];

    /// <summary>Bytes of a file that are here, whole or in part; not yet verified.</summary>
    public long Present(HubFile file) => Math.Min(
        file.Size, Math.Max(Length(Path.Combine(folder, file.Name)), Length(Path.Combine(partials, Partial(file)))));

    /// <param name="gained">Told how many bytes came, or, below 0, are gone again.</param>
    /// <exception cref="OutsideServiceException">The hub cannot be reached, or sent something else than it declared.</exception>
    /// <exception cref="OperationCanceledException">Stopped; what came is kept.</exception>
    public async Task FetchAsync(HubFile file, Action<long> gained, CancellationToken cancel)
    {
        var target = Path.Combine(folder, file.Name);
        var partial = Path.Combine(partials, Partial(file));
        // Complete once: verified again, unless it is of another revision.
        if (new FileInfo(target) is { Exists: true } present)
        {
            if (present.Length == file.Size)
                File.Move(target, partial, overwrite: true);
            else
                File.Delete(target);
        }

        // Writing through a link would write elsewhere.
        if (new FileInfo(partial).LinkTarget is not null)
            File.Delete(partial);
        bool whole;
        await using (var transfer = await Transfer.OpenAsync(source, file, partial, gained, cancel))
            whole = await transfer.RunAsync(cancel);
        if (!whole)
        {
            Discard(partial);
            throw new OutsideServiceException(
                $"{source.What}/{file.Name}: what {source.Who} sends is not what it declares ({file.Hash}). It was removed; nothing of it is used.");
        }

        File.Move(partial, target);
        File.Delete(partial + TagEnding);
    }

    private static string Partial(HubFile file) => $"{file.Name}.{file.Hash.Hex}{PartialEnding}";

    private static long Length(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    private static void Discard(string partial)
    {
        File.Delete(partial);
        File.Delete(partial + TagEnding);
    }

    /// <summary>The bytes of one file on their way, hashed as they come.</summary>
    private sealed class Transfer : IAsyncDisposable
    {
        private readonly HubSource _source;
        private readonly HubFile _file;
        private readonly FileStream _stream;
        private readonly string _tagPath;
        private readonly Action<long> _gained;
        private readonly byte[] _buffer = new byte[BufferSize];
        private IncrementalHash _hash;

        private Transfer(HubSource source, HubFile file, string partial, Action<long> gained)
        {
            (_source, _file, _gained) = (source, file, gained);
            _tagPath = partial + TagEnding;
            _hash = file.Hash.Begin(file.Size);
            _stream = new FileStream(partial, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, useAsync: true);
        }

        public static async Task<Transfer> OpenAsync(HubSource source, HubFile file, string partial, Action<long> gained, CancellationToken cancel)
        {
            var transfer = new Transfer(source, file, partial, gained);
            try
            {
                await transfer.TakeUpAsync(cancel);
                return transfer;
            }
            catch
            {
                await transfer.DisposeAsync();
                throw;
            }
        }

        /// <returns>Whether size and hash are as declared.</returns>
        public async Task<bool> RunAsync(CancellationToken cancel)
        {
            var earlier = _stream.Position;
            await CompleteAsync(cancel);
            if (IsRight())
                return true;
            if (earlier == 0)
                return false;
            // What an earlier run left may be at fault, rather than the hub.
            StartAgain();
            await CompleteAsync(cancel);
            return IsRight();
        }

        public async ValueTask DisposeAsync()
        {
            _hash.Dispose();
            await _stream.DisposeAsync();
        }

        private async Task TakeUpAsync(CancellationToken cancel)
        {
            if (_stream.Length > _file.Size)
                _stream.SetLength(0);
            while (await _stream.ReadAsync(_buffer, cancel) is > 0 and var read)
            {
                _hash.AppendData(_buffer, 0, read);
                _gained(read);
            }
        }

        private async Task CompleteAsync(CancellationToken cancel)
        {
            await _source.Retry.RunAsync(
                async attempt =>
                {
                    if (_stream.Position < _file.Size)
                        await ReceiveAsync(attempt);
                    return true;
                },
                cancel,
                () => _stream.Position);
            _stream.Flush(flushToDisk: true);
        }

        private async Task ReceiveAsync(CancellationToken cancel)
        {
            var from = _stream.Position;
            using var response = await _source.OpenAsync(_file, from, from > 0 ? EarlierTag() : null, cancel);
            if (response.Message.StatusCode == HttpStatusCode.OK)
            {
                if (from > 0)
                    StartAgain();
            }
            else if (response.IsEncoded || !GoesOn(response.Message, from))
            {
                StartAgain();
                throw new HubTransientException($"{HubText.Shown(response.Address)} does not go on at byte {from}");
            }

            KeepTag(response.Message.Headers.ETag);
            while (await response.ReadAsync(_buffer) is > 0 and var read)
            {
                if (_stream.Position + read > _file.Size)
                {
                    StartAgain();
                    throw new OutsideServiceException(
                        $"{_source.What}/{_file.Name}: {HubText.Shown(response.Address)} sends more than the {_file.Size} bytes that {_source.Who} declares, and was left.");
                }

                await _stream.WriteAsync(_buffer.AsMemory(0, read), cancel);
                _hash.AppendData(_buffer, 0, read);
                _gained(read);
            }

            if (_stream.Position < _file.Size)
                throw new HubTransientException($"{HubText.Shown(response.Address)} ended after {_stream.Position} of {_file.Size} bytes");
        }

        private bool GoesOn(HttpResponseMessage message, long from) =>
            message.StatusCode == HttpStatusCode.PartialContent
            && message.Content.Headers.ContentRange is { Unit: "bytes" } range
            && range.From == from && (range.Length ?? _file.Size) == _file.Size;

        private void StartAgain()
        {
            _gained(-_stream.Position);
            _stream.SetLength(0);
            _hash.Dispose();
            _hash = _file.Hash.Begin(_file.Size);
        }

        private bool IsRight() =>
            _stream.Position == _file.Size && Convert.ToHexStringLower(_hash.GetCurrentHash()) == _file.Hash.Hex;

        private EntityTagHeaderValue? EarlierTag() =>
            File.Exists(_tagPath) && EntityTagHeaderValue.TryParse(File.ReadAllText(_tagPath), out var tag) ? tag : null;

        // Whoever serves the bytes is often another than the hub, with tags of its own; weak ones do not name bytes.
        private void KeepTag(EntityTagHeaderValue? tag)
        {
            if (tag is { IsWeak: false })
                File.WriteAllText(_tagPath, tag.ToString());
            else
                File.Delete(_tagPath);
        }
    }
}
