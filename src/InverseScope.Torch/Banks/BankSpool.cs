using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace InverseScope.Torch.Banks;

/// <summary>
/// Brings rows of many sites to their files: they gather in one buffer while a thread of its own writes the other, so that the
/// disk keeps nobody waiting unless it is slower than the model. Memory does not grow with the number of rows: both buffers, up to
/// 1 MiB in which neighbouring rows are put together, and for each row in a buffer the few numbers by which rows are sorted.
/// </summary>
internal sealed class BankSpool : IDisposable
{
    // Long enough that a call to the system costs nothing beside the bytes, short enough for the caches.
    private const int MostScratch = 1 << 18;

    private readonly IReadOnlyList<BankFile.Writer> _files;
    private readonly IReadOnlyList<int> _positionOf;
    private readonly float[] _scratch;
    private readonly BlockingCollection<Load> _empty = [];
    private readonly BlockingCollection<Load> _full = [];
    private readonly Thread _thread;
    private volatile ExceptionDispatchInfo? _failure;
    private Load? _gathering;
    private int _ended;

    /// <param name="files">One for each site; they belong to the caller, and must outlive this.</param>
    /// <param name="positionOf">By site, which position's flags are its file's.</param>
    /// <param name="rows">Most rows between two calls of <see cref="EndRows"/>.</param>
    /// <param name="bytes">Memory of both buffers; no more is taken than those rows need.</param>
    public BankSpool(IReadOnlyList<BankFile.Writer> files, IReadOnlyList<int> positionOf, int rows, long bytes)
    {
        (_files, _positionOf) = (files, positionOf);
        var widest = files.Max(file => file.Width);
        _scratch = new float[Math.Max(widest, (int)Math.Min(MostScratch, bytes / sizeof(float) / 4))];
        var needed = files.Sum(file => (long)file.Width) * rows;
        var each = (int)Math.Max(widest, Math.Min(Math.Min(needed, bytes / sizeof(float) / 2), Array.MaxLength));
        _empty.Add(new Load(each));
        _empty.Add(new Load(each));
        _thread = new Thread(WriteAll) { IsBackground = true, Name = "bank writer" };
        _thread.Start();
    }

    /// <summary>Takes rows of a site; waits where both buffers are full.</summary>
    /// <param name="texts">Their texts, counted from the last end of rows; kept until they are written.</param>
    /// <param name="values">(rows, K).</param>
    /// <exception cref="IOException">Writing has failed.</exception>
    public void Add(int site, int[] texts, ReadOnlySpan<float> values)
    {
        var width = _files[site].Width;
        for (var begin = 0; begin < texts.Length;)
        {
            var load = Gathering();
            var count = Math.Min(texts.Length - begin, (load.Values.Length - load.Used) / width);
            if (count == 0)
            {
                HandOver();
                continue;
            }

            values.Slice(begin * width, count * width).CopyTo(load.Values.AsSpan(load.Used));
            load.Pieces.Add(new Piece(site, texts, begin, count, load.Used, _ended));
            load.Used += count * width;
            begin += count;
        }
    }

    /// <summary>Says that all rows of the next texts were given; rows of later ones follow.</summary>
    /// <param name="present">By position, 1 for each of these texts that has it, else 0.</param>
    public void EndRows(byte[][] present)
    {
        Gathering().Present = present;
        HandOver();
        _ended += present[0].Length;
    }

    /// <summary>Waits until all is written.</summary>
    /// <exception cref="IOException">Writing has failed.</exception>
    public void Complete()
    {
        _full.CompleteAdding();
        _thread.Join();
        _failure?.Throw();
    }

    /// <summary>Ends writing; what is not complete by then is lost.</summary>
    public void Dispose()
    {
        _full.CompleteAdding();
        _thread.Join();
        _full.Dispose();
        _empty.Dispose();
    }

    private Load Gathering()
    {
        _gathering ??= _empty.Take();
        _failure?.Throw();
        return _gathering;
    }

    private void HandOver()
    {
        _full.Add(_gathering!);
        _gathering = null;
    }

    private void WriteAll()
    {
        foreach (var load in _full.GetConsumingEnumerable())
        {
            try
            {
                // After a failure loads are only taken, so that nobody waits for one.
                if (_failure is null)
                    Write(load);
            }
#pragma warning disable CA1031 // Whatever it is belongs to who gives the rows, on another thread.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _failure = ExceptionDispatchInfo.Capture(e);
            }

            load.Clear();
            _empty.Add(load);
        }
    }

    private void Write(Load load)
    {
        foreach (var ofSite in load.Pieces.GroupBy(piece => piece.Site))
        {
            var rows = ofSite.Sum(piece => piece.Count);
            var (order, from) = (new int[rows], new int[rows]);
            var (width, at) = (_files[ofSite.Key].Width, 0);
            foreach (var piece in ofSite)
            {
                for (var i = 0; i < piece.Count; i++, at++)
                    (order[at], from[at]) = (piece.FirstRow + piece.Texts[piece.Begin + i], piece.Offset + i * width);
            }

            Array.Sort(order, from);
            WriteRows(_files[ofSite.Key], order, from, load.Values);
        }

        if (load.Present is not { } present)
            return;
        for (var site = 0; site < _files.Count; site++)
            _files[site].End(present[_positionOf[site]], _scratch);
    }

    /// <summary>Writes rows in order, those without a gap between them together.</summary>
    private void WriteRows(BankFile.Writer file, int[] rows, int[] from, float[] values)
    {
        var (width, most) = (file.Width, _scratch.Length / file.Width);
        for (int begin = 0, end; begin < rows.Length; begin = end)
        {
            // Texts of one length come in the order of the file, and need no copy.
            for (end = begin + 1; end < rows.Length && rows[end] == rows[end - 1] + 1 && from[end] == from[end - 1] + width; end++)
            {
            }

            if (end - begin >= most || end == rows.Length || rows[end] != rows[end - 1] + 1)
            {
                file.Write(rows[begin], values.AsSpan(from[begin], (end - begin) * width));
                continue;
            }

            for (end = begin; end < rows.Length && end - begin < most && rows[end] - rows[begin] == end - begin; end++)
                values.AsSpan(from[end], width).CopyTo(_scratch.AsSpan((end - begin) * width));
            file.Write(rows[begin], _scratch.AsSpan(0, (end - begin) * width));
        }
    }

    /// <summary>Rows of one site.</summary>
    /// <param name="Texts">Their texts from <paramref name="Begin"/> on, counted from <paramref name="FirstRow"/>.</param>
    /// <param name="Offset">Where the numbers begin in the buffer.</param>
    private readonly record struct Piece(int Site, int[] Texts, int Begin, int Count, int Offset, int FirstRow);

    /// <summary>A buffer and what is in it.</summary>
    private sealed class Load(int numbers)
    {
        public float[] Values { get; } = GC.AllocateUninitializedArray<float>(numbers);

        public List<Piece> Pieces { get; } = [];

        public int Used { get; set; }

        /// <summary>Flags of the texts that end with it; null where none do.</summary>
        public byte[][]? Present { get; set; }

        public void Clear()
        {
            Pieces.Clear();
            (Used, Present) = (0, null);
        }
    }
}
