using System.Buffers;
using System.IO.MemoryMappedFiles;

namespace InverseScope.Torch.Banks;

/// <summary>
/// A population's activations at one site, mapped from their file: the system brings in what is looked at, and takes it out again
/// where memory is short. What comes from <see cref="MemoryManager{T}.Memory"/> is (M, K) row by row, without meaning in rows of
/// texts without the position, not to be written, and gone once this is disposed.
/// </summary>
internal sealed unsafe class BankRows : MemoryManager<float>
{
    private readonly MemoryMappedViewAccessor _view;
    private readonly float* _first;
    private readonly int _count;
    private bool _disposed;

    /// <param name="begin">Where the numbers begin in the file.</param>
    /// <param name="width">K.</param>
    /// <param name="present">1 for each row whose text has the position, else 0.</param>
    public BankRows(string path, long begin, int width, byte[] present)
    {
        (Width, Present, _count) = (width, present, checked(present.Length * width));
        using (var file = MemoryMappedFile.CreateFromFile(
            new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete), null, 0,
            MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false))
        {
            _view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        }

        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _first = (float*)(start + _view.PointerOffset + begin);
    }

    /// <summary>K, numbers in one row.</summary>
    public int Width { get; }

    /// <summary>1 for each row whose text has the position, else 0; (M).</summary>
    public byte[] Present { get; }

    public override Span<float> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new Span<float>(_first, _count);
    }

    public override MemoryHandle Pin(int elementIndex = 0) => new(_first + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (_disposed)
            return;
        _disposed = true;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
    }
}
