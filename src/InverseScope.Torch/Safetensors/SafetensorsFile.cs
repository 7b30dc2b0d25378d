using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;
using InverseScope.Core;

namespace InverseScope.Torch.Safetensors;

/// <summary>
/// A safetensors file, memory-mapped for reading. Spans that it gives out are valid until it is disposed. Thread-safe.
/// </summary>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly SafetensorsHeader _header;
    private readonly FileStream _file;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _data;

    private SafetensorsFile(string path, SafetensorsHeader header, FileStream file, MemoryMappedFile map)
    {
        (Path, _header, _file, _map) = (path, header, file, map);
        _view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _data = start + _view.PointerOffset + header.DataStart;
    }

    public string Path { get; }

    /// <summary>Tensors by name.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors => _header.Tensors;

    /// <summary>The header's <c>__metadata__</c>; empty if it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <exception cref="BadInputException">The file is missing or malformed; names the fault.</exception>
    public static SafetensorsFile Open(string path)
    {
        FileStream stream;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BadInputException($"There is no file {path}.", inner: e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new BadInputException($"The file {path} cannot be read ({e.Message}).", inner: e);
        }

        try
        {
            GitLfs.Refuse(path);
            var header = SafetensorsHeader.Read(stream, path);
            var map = MemoryMappedFile.CreateFromFile(
                stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            return new SafetensorsFile(path, header, stream, map);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The tensor's elements where they lie in the file, row by row.</summary>
    /// <typeparam name="T">A type of the stored element's size, e.g. <see cref="float"/> for F32.</typeparam>
    /// <exception cref="ArgumentException">The sizes differ, or it has more than 2³¹ − 1 elements.</exception>
    public ReadOnlySpan<T> Read<T>(string name)
        where T : unmanaged
    {
        var tensor = Tensors[name];
        if (sizeof(T) != tensor.DType.Size())
            throw new ArgumentException($"{tensor.DType} cannot be read as {typeof(T).Name}.", nameof(name));
        if (tensor.Count > int.MaxValue)
            throw new ArgumentException($"'{name}' has too many elements for one span.", nameof(name));
        return new ReadOnlySpan<T>(Address(tensor), (int)tensor.Count);
    }

    /// <summary>Where a tensor begins in the file, in bytes.</summary>
    public long PositionOf(string name) => _header.DataStart + Tensors[name].Begin;

    /// <summary>Bytes of a tensor, copied: unlike what is mapped, they do not stay in memory.</summary>
    /// <param name="offset">The first of them, counted from the tensor's begin.</param>
    /// <exception cref="ArgumentOutOfRangeException">The tensor has fewer.</exception>
    public void ReadBytes(string name, long offset, Span<byte> into)
    {
        var tensor = Tensors[name];
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + into.Length, tensor.Bytes);
        for (var at = _header.DataStart + tensor.Begin + offset; into.Length > 0;)
        {
            var read = RandomAccess.Read(_file.SafeFileHandle, into, at);
            if (read == 0)
                throw new EndOfStreamException($"{Path} has become shorter while it was read.");
            at += read;
            into = into[read..];
        }
    }

    /// <summary>Adds the tensor's bytes to a hash; any size.</summary>
    internal void Append(IncrementalHash hash, string name)
    {
        var tensor = Tensors[name];
        const int step = 1 << 24;
        for (var at = 0L; at < tensor.Bytes; at += step)
            hash.AppendData(new ReadOnlySpan<byte>(Address(tensor) + at, (int)Math.Min(step, tensor.Bytes - at)));
    }

    private byte* Address(TensorEntry tensor)
    {
        ObjectDisposedException.ThrowIf(_view.SafeMemoryMappedViewHandle.IsClosed, this);
        return _data + tensor.Begin;
    }

    /// <summary>The tensor converted to float32; F16 and BF16 exactly, F64 rounded.</summary>
    /// <exception cref="BadInputException">Its elements are not floating-point numbers.</exception>
    public float[] ReadSingles(string name)
    {
        var tensor = Tensors[name];
        var singles = new float[tensor.Count];
        switch (tensor.DType)
        {
            case DType.F32:
                Read<float>(name).CopyTo(singles);
                break;
            case DType.F64:
                Convert(Read<double>(name), singles, v => (float)v);
                break;
            case DType.F16:
                Convert(Read<Half>(name), singles, v => (float)v);
                break;
            case DType.BF16:
                Convert(Read<ushort>(name), singles, v => BitConverter.UInt32BitsToSingle((uint)v << 16));
                break;
            default:
                throw new BadInputException($"Tensor '{name}' of {Path} is {tensor.DType}, not a floating-point type.");
        }

        return singles;
    }

    public void Dispose()
    {
        if (_view.SafeMemoryMappedViewHandle.IsClosed)
            return;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }

    private static void Convert<T>(ReadOnlySpan<T> from, float[] to, Func<T, float> convert)
    {
        for (var i = 0; i < to.Length; i++)
            to[i] = convert(from[i]);
    }
}
