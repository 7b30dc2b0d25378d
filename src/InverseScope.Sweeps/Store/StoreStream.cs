namespace InverseScope.Sweeps.Store;

/// <summary>
/// A file of the database. LiteDB has its log brought to the disk after every page; here that is done once for all pages of a commit,
/// before the first of them is written to the data. Nothing that was committed is lost by that when the machine fails, and most of the
/// waiting for the disk is saved. A process that is killed leaves to the system what it wrote.
/// </summary>
/// <param name="log">What must be on the disk before this file changes; null: this is the log.</param>
/// <exception cref="IOException">It cannot be opened.</exception>
internal sealed class StoreStream(string path, StoreStream? log) : Stream
{
    private readonly FileStream _file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
    private readonly Lock _lock = new();
    private bool _isBehind;

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
            _file.Write(buffer, offset, count);
            _isBehind = true;
        }
    }

    public override void SetLength(long value)
    {
        lock (_lock)
            _file.SetLength(value);
    }

    /// <summary>The data goes to the disk. The log goes to the system only, which keeps it when this process ends.</summary>
    public override void Flush()
    {
        if (log is not null)
        {
            Sync();
            return;
        }

        lock (_lock)
            _file.Flush();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _file.Dispose();
        base.Dispose(disposing);
    }

    private void Sync()
    {
        lock (_lock)
        {
            if (!_isBehind)
                return;
            _file.Flush(flushToDisk: true);
            _isBehind = false;
        }
    }
}
