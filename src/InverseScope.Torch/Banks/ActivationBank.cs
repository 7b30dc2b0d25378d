using System.Text;
using InverseScope.Core;
using InverseScope.Core.Machine;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Models;
using InverseScope.Torch.Safetensors;

namespace InverseScope.Torch.Banks;

/// <summary>
/// The activations of a population, in one folder with a file for each site. The folder's name is the hash of all that
/// decides its numbers (target, task, texts, basis) all but rounding, so that what was collected once is found again, and never
/// mistaken for something else. How texts are put into batches decides the last digits: the files tell its size, and the name does
/// not, so that less memory does not make for another bank.
/// </summary>
public sealed class ActivationBank
{
    // Texts whose tokens are in memory at a time. Part of what decides the last digit of the numbers, because batches are
    // formed within it: changing it makes banks that differ from older ones by rounding.
    private const int RowsAtOnce = 4096;

    private const string TextsName = "texts.safetensors";

    private readonly TargetModel _target;
    private readonly ITask _task;
    private readonly Population _population;
    private readonly Basis _basis;
    private readonly CollectionOptions _options;
    private readonly Func<string, long?> _freeSpace;
    private readonly string _key;

    /// <param name="root">The folder with all banks.</param>
    /// <param name="options">Checked by the caller; the defaults if null.</param>
    /// <param name="freeSpace">Bytes that are free on the disk of a folder; what the system says if null.</param>
    public ActivationBank(
        string root, TargetModel target, ITask task, Population population, Basis basis, CollectionOptions? options = null,
        Func<string, long?>? freeSpace = null)
    {
        (_target, _task, _population, _basis, _options) = (target, task, population, basis, options ?? new CollectionOptions());
        _freeSpace = freeSpace ?? DiskSpace.Free;
        _key = ContentHash.Of(target.Description.ContentHash, task.Fingerprint, population.Hash, basis.ToString());
        Folder = Path.Combine(root, _key[..32]);
    }

    /// <summary>Where the files are; it need not exist before something was collected.</summary>
    public string Folder { get; }

    /// <summary>Collects what is missing or damaged; what is there is verified and kept.</summary>
    /// <exception cref="BadInputException">
    /// No text has a site's position, or the target lacks a site or cannot read a text.
    /// </exception>
    /// <exception cref="OutsideServiceException">The files cannot be written, e.g. because the disk is full.</exception>
    public void Collect(IReadOnlyList<Site> sites, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        DeleteAbandoned();
        var missing = new List<Site>();
        foreach (var site in sites.Distinct())
        {
            cancel.ThrowIfCancellationRequested();
            var path = PathOf(site);
            if (!File.Exists(path))
            {
                missing.Add(site);
            }
            else if (BankFile.FaultOf(path, _key, site, _population.Rows) is { } fault)
            {
                progress?.Report(new WorkProgress($"{path} {fault}; collecting it again", 0, _population.Rows, "texts"));
                missing.Add(site);
            }
        }

        if (missing.Count == 0)
            return;
        CheckSpace(missing);
        try
        {
            WriteTexts();
            foreach (var group in missing.Chunk(OpenFiles.AtOnce))
                CollectMissing(group, progress, cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OutsideServiceException(
                $"The activations cannot be written to {Folder}: {e.Message} Free space, or give another home with --home DIR.", e);
        }
    }

    /// <summary>Activations at a site that was collected; the caller disposes them.</summary>
    internal BankRows Read(Site site) => BankFile.Read(PathOf(site));

    // What cannot be written is found out before an hour of computing.
    private void CheckSpace(List<Site> sites)
    {
        using var capture = new ActivationCapture(_target, sites, _basis, _task);
        var numbers = Enumerable.Range(0, sites.Count).Sum(s => (double)capture.Width(s)) * _population.Rows;
        DiskSpace.Check(
            numbers * sizeof(float), _freeSpace(Folder), $"The activations of {_population.Rows:N0} texts at {sites.Count:N0} {(sites.Count == 1 ? "site" : "sites")}", Folder);
    }

    private string[] Texts(int begin) =>
        [.. Enumerable.Range(begin, Math.Min(RowsAtOnce, _population.Rows - begin)).Select(row => _population.Pool[row])];

    private string PathOf(Site site) => Path.Combine(Folder, BankFile.NameOf(site));

    private void CollectMissing(Site[] sites, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        using var capture = new ActivationCapture(_target, sites, _basis, _task);
        var most = Array.MaxLength / Enumerable.Range(0, sites.Length).Max(capture.Width);
        if (_population.Rows > most)
        {
            throw new BadInputException(
                $"{_population.Rows:N0} texts are too many for activations of this width: at most {most:N0} can be measured at one site.",
                "Use the sampler 'bank' with fewer draws (--bank-size, or bank_size in a plan).");
        }

        var writers = new List<BankFile.Writer>();
        try
        {
            for (var s = 0; s < sites.Length; s++)
                writers.Add(new BankFile.Writer(PathOf(sites[s]), _key, sites[s], _population.Rows, capture.Width(s), _options.BatchTokens));
            var stage = sites.Length == 1 ? $"activations at {sites[0]}" : $"activations at {sites.Length} sites";
            Position[] positions = [.. sites.Select(site => site.Position).Distinct()];
            int[] positionOf = [.. sites.Select(site => Array.IndexOf(positions, site.Position))];
            var found = new bool[positions.Length];
            using (var spool = new BankSpool(writers, positionOf, RowsAtOnce, _options.BufferBytes))
            {
                for (var begin = 0; begin < _population.Rows; begin += RowsAtOnce)
                {
                    var texts = Texts(begin);
                    var present = positions.Select(_ => new byte[texts.Length]).ToArray();
                    progress?.Report(new WorkProgress(stage, begin, _population.Rows, "texts"));
                    capture.Read(
                        texts,
                        _options.BatchTokens,
                        (s, rows, values) =>
                        {
                            var having = present[positionOf[s]];
                            foreach (var row in rows)
                                having[row] = 1;
                            spool.Add(s, rows, values);
                        },
                        cancel);
                    spool.EndRows(present);
                    for (var p = 0; p < positions.Length; p++)
                        found[p] |= present[p].AsSpan().Contains((byte)1);
                }

                spool.Complete();
            }

            progress?.Report(new WorkProgress(stage, _population.Rows, _population.Rows, "texts"));
            if (Array.FindIndex(sites, site => !found[Array.IndexOf(positions, site.Position)]) is var lacking and >= 0)
            {
                throw new BadInputException(
                    $"Site '{sites[lacking]}': no text of task '{_task.Name}' has the position {sites[lacking].Position}.",
                    $"Its positions: {(_task.PositionNames.Count == 0 ? "none by name" : string.Join(", ", _task.PositionNames))}; "
                    + $"also @last, @-2, @5, @tok:\"x\". A text reads \"{_population.Pool[0]}\".");
            }

            writers.ForEach(writer => writer.Commit());
        }
        finally
        {
            writers.ForEach(writer => writer.Dispose());
        }
    }

    /// <summary>The texts themselves, for whoever opens the folder without this program: one UTF-8 string, cut at the ends.</summary>
    private void WriteTexts()
    {
        var path = Path.Combine(Folder, TextsName);
        if (File.Exists(path))
            return;
        using var utf8 = new MemoryStream();
        var ends = new long[_population.Rows];
        for (var row = 0; row < ends.Length; row++)
        {
            utf8.Write(Encoding.UTF8.GetBytes(_population.Pool[row]));
            ends[row] = utf8.Length;
        }

        using var writer = new SafetensorsWriter(
            path,
            [("ends", DType.I64, [ends.Length]), ("utf8", DType.U8, [utf8.Length])],
            new Dictionary<string, string> { ["target"] = _target.Description.ContentHash, ["task"] = _task.Name, ["basis"] = _basis.ToString() });
        writer.Write<long>("ends", 0, ends);
        writer.Write<byte>("utf8", 0, utf8.GetBuffer().AsSpan(0, (int)utf8.Length));
        writer.Commit();
    }

    // A process that was killed leaves its temporary files; one that lives holds them locked.
    private void DeleteAbandoned()
    {
        if (!Directory.Exists(Folder))
            return;
        foreach (var path in Directory.GetFiles(Folder, $"*{SafetensorsWriter.TemporaryEnding}"))
        {
            try
            {
                using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                    File.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Someone else is writing it.
            }
        }
    }
}
