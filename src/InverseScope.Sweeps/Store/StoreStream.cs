namespace InverseScope.Sweeps.Store;

/// <summary>
/// A file of the database. LiteDB has its log brought to the disk after every page; here that is done once for all pages of a commit, by
/// whoever commits, and at the latest before the data changes. Most of the waiting for the disk is saved so, and nothing that was
/// committed is lost.
/// </summary>
/// <param name="log">What must be on the disk before this file changes; null: this is the log.</param>
/// <exception cref="IOException">It cannot be opened.</exception>
internal sealed class StoreStream(string path, StoreStream? log) : Stream
{
    private readonly FileStream _file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
    private readonly Lock _lock = new();
    private readonly Lock _syncing = new();
    private long _written;
    private long _synced;
    private IOException? _fault;

    /// <summary>Whether something could not be written.</summary>
    public bool IsBroken
    {
        get
        {
            lock (_lock)
                return _fault is not null;
        }
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

    public override int Read(byte[] buffer, int offset, int count)
    {
        lock (_lock)
            return _file.Read(buffer, offset, count);
    }

    public override long Seek(long offset, SeekOrigin origin)
    {
        lock (_lock)
            return _file.Seek(offset, origin);
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        log?.Sync();
        lock (_lock)
        {
            try
            {
                _file.Write(buffer, offset, count);
            }
            catch (IOException e)
            {
                _fault = e;
                throw;
            }

            _written++;
        }
    }

    public override void SetLength(long value)
    {
        lock (_lock)
            _file.SetLength(value);
    }

    /// <summary>The data goes to the disk. The log stays with the system, which keeps it when this process ends.</summary>
    public override void Flush()
    {
        if (log is not null)
            Sync();
    }

    /// <summary>Brings to the disk what was written, that of others included: who waits for them need not do it again.</summary>
    /// <exception cref="IOException">Something could not be written; who wrote it may not have been told.</exception>
    public void Sync()
    {
        lock (_syncing)
        {
            long written;
            lock (_lock)
            {
                if (_fault is { } fault)
                    throw new IOException(fault.Message, fault);
                written = _written;
            }

            if (_synced == written)
                return;
            // Beside writes that go on meanwhile.
            RandomAccess.FlushToDisk(_file.SafeFileHandle);
            _synced = written;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _file.Dispose();
        base.Dispose(disposing);
    }
}
