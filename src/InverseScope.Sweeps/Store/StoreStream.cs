namespace InverseScope.Sweeps.Store;

/// <summary>
/// A file of the database. LiteDB has its log brought to the disk after every page; here that is done once for all pages of a commit, by
/// whoever commits, and at the latest before the data changes. Most of the waiting for the disk is saved so, and nothing that was
/// committed is lost.
/// <para>The log never fails under LiteDB's thread, which would then wait for itself, have whoever commits wait for ever, and leave transactions
/// that end the process where they are collected. It takes nothing more from its first fault on, gives nothing back, and tells it in <see cref="Sync"/>.</para>
/// </summary>
internal sealed class StoreStream : Stream
{
    private readonly StoreStream? _log;
    private readonly FileStream _file;
    private readonly Lock _lock = new();
    private readonly Lock _syncing = new();
    private long _written;
    private long _synced;
    private long _syncedLength;
    private IOException? _fault;

    /// <param name="log">What must be on the disk before this file changes; null: this is the log.</param>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public StoreStream(string path, StoreStream? log)
    {
        _log = log;
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        _syncedLength = _file.Length;
    }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => true;

    public override long Length
    {
        get
        {
            lock (_lock)
                return _file.Length;
        }
    }

    public override long Position
    {
        get
        {
            lock (_lock)
                return _file.Position;
        }

        set
        {
            lock (_lock)
                _file.Position = value;
        }
    }

    /// <exception cref="IOException">The disk does not answer, or the log lacks what it was given to write.</exception>
    public override int Read(byte[] buffer, int offset, int count)
    {
        lock (_lock)
        {
            ThrowIfBroken();
            return _file.Read(buffer, offset, count);
        }
    }

    public override long Seek(long offset, SeekOrigin origin)
    {
        lock (_lock)
            return _file.Seek(offset, origin);
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        _log?.Sync();
        lock (_lock)
        {
            // What follows a gap would be taken for whole.
            if (_fault is not null)
                return;
            try
            {
                _file.Write(buffer, offset, count);
            }
            catch (IOException e) when (_log is null)
            {
                _fault = e;
                return;
            }

            _written++;
        }
    }

    public override void SetLength(long value)
    {
        lock (_lock)
        {
            _file.SetLength(value);
            _syncedLength = Math.Min(_syncedLength, value);
        }
    }

    /// <summary>The data goes to the disk. The log stays with the system, which keeps it when this process ends.</summary>
    public override void Flush()
    {
        if (_log is not null)
            Sync();
    }

    /// <summary>Brings to the disk what was written, that of others included: who waits for them need not do it again.</summary>
    /// <exception cref="IOException">Something could not be written; who wrote it may not have been told.</exception>
    public void Sync()
    {
        lock (_syncing)
        {
            long written;
            long length;
            lock (_lock)
            {
                ThrowIfBroken();
                (written, length) = (_written, _file.Length);
            }

            if (_synced == written)
                return;
            // Beside writes that go on meanwhile.
            RandomAccess.FlushToDisk(_file.SafeFileHandle);
            _synced = written;
            lock (_lock)
                _syncedLength = length;
        }
    }

    // Nobody was told that it is written, and what was refused would take the room of what fits.
    private void DropTail()
    {
        try
        {
            _file.SetLength(Math.Min(_syncedLength, _file.Length));
        }
        catch (IOException)
        {
            // It is read as what was never committed, or as what was but could not be told.
        }
    }

    private void ThrowIfBroken()
    {
        if (_fault is { } fault)
            throw new IOException(fault.Message, fault);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (_fault is not null)
                DropTail();
            _file.Dispose();
        }

        base.Dispose(disposing);
    }
}
