using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InverseScope.Torch.Safetensors;

/// <summary>
/// Writes a safetensors file that appears whole or not at all: bytes go to a temporary file beside it, which
/// <see cref="Commit"/> flushes to the disk and renames. Disposing without a commit leaves no trace.
/// </summary>
public sealed class SafetensorsWriter : IDisposable
{
    /// <summary>How the names of unfinished files end.</summary>
    public const string TemporaryEnding = ".tmp";

    private readonly string _path;
    private readonly string _temporary;
    private readonly FileStream _file;
    private readonly List<TensorEntry> _tensors = [];
    private readonly Dictionary<string, TensorEntry> _byName = new(StringComparer.Ordinal);
    private readonly int _headerLength;
    private bool _committed;

    /// <param name="path">Where the file shall be; its folder is made if it is missing.</param>
    /// <param name="tensors">Name, type and shape of every tensor, in the order in which they are laid out.</param>
    public SafetensorsWriter(
        string path,
        IEnumerable<(string Name, DType DType, IReadOnlyList<long> Shape)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        _path = Path.GetFullPath(path);
        var at = 0L;
        foreach (var (name, dtype, shape) in tensors)
        {
            var entry = new TensorEntry(name, dtype, shape, at, at + shape.Aggregate((long)dtype.Size(), (a, b) => checked(a * b)));
            _byName.Add(name, entry);
            _tensors.Add(entry);
            at = entry.End;
        }

        var header = SafetensorsHeader.Write(_tensors, metadata ?? new Dictionary<string, string>());
        _headerLength = header.Length;
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        _temporary = $"{_path}.{Guid.NewGuid():n}{TemporaryEnding}";
        _file = new FileStream(_temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        try
        {
            _file.SetLength(header.Length + at);
            _file.Write(header);
        }
        catch (ArgumentOutOfRangeException e)
        {
            // What .NET makes of a file system's limit on the size of one file.
            Dispose();
            throw new IOException(e.Message, e);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Writes a stretch of a tensor; stretches may come in any order. What is never written is zero.</summary>
    /// <param name="element">Index of the first element written.</param>
    public void Write<T>(string name, long element, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        RandomAccess.Write(_file.SafeFileHandle, MemoryMarshal.AsBytes(values), Offset<T>(name, element, values.Length));
    }

    /// <summary>Reads back a stretch of a tensor, as far as it is written by now.</summary>
    /// <param name="element">Index of the first element read.</param>
    public void Read<T>(string name, long element, Span<T> into)
        where T : unmanaged
    {
        var at = Offset<T>(name, element, into.Length);
        for (var bytes = MemoryMarshal.AsBytes(into); bytes.Length > 0;)
        {
            var read = RandomAccess.Read(_file.SafeFileHandle, bytes, at);
            if (read == 0)
                throw new EndOfStreamException($"{_temporary} has become shorter while it was written.");
            at += read;
            bytes = bytes[read..];
        }
    }

    /// <summary>Makes the file appear at its path, in place of any that was there.</summary>
    /// <param name="metadata">If given, replaces the metadata; its JSON must be as long as that of the first.</param>
    public void Commit(IReadOnlyDictionary<string, string>? metadata = null)
    {
        if (metadata is not null)
        {
            var header = SafetensorsHeader.Write(_tensors, metadata);
            if (header.Length != _headerLength)
                throw new ArgumentException("The new metadata need another length of header.", nameof(metadata));
            RandomAccess.Write(_file.SafeFileHandle, header, 0);
        }

        _file.Flush(flushToDisk: true);
        _file.Dispose();
        File.Move(_temporary, _path, overwrite: true);
        _committed = true;
    }

    /// <summary>Where a stretch of a tensor is in the file.</summary>
    private long Offset<T>(string name, long element, long count)
        where T : unmanaged
    {
        var tensor = _byName[name];
        var (begin, length) = (tensor.Begin + element * tensor.DType.Size(), count * Unsafe.SizeOf<T>());
        if (length % tensor.DType.Size() != 0 || element < 0 || begin + length > tensor.End)
            throw new ArgumentException($"{count} values of {typeof(T).Name} from {element} do not fit '{name}', {tensor}.", nameof(count));
        return _headerLength + begin;
    }

    public void Dispose()
    {
        _file.Dispose();
        if (!_committed)
            File.Delete(_temporary);
    }
}
